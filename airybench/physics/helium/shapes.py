"""Shapes of single helium droplets: spheroids, capped cylinders, triaxial ellipsoids and two-lobed droplets.

The symmetry axis (the short axis of an oblate droplet, the long axis of a prolate one) is the body's x axis. It is
tilted out of the detector plane by `delta` in the laboratory's x-z plane; the azimuth is applied to the field later.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from airybench.physics.optics.bodies import CappedCylinder, ConvexBody, Ellipsoid, tilted

LOBE_SPACING = 0.66
"""[A] Half distance of the two lobes in units of their long semi-axis; the waist is 0.75 times as wide as a lobe."""


class DropletShape(IntEnum):
    """Shape of a droplet, as stored in `/truth/shape`."""

    NONE = 0
    SPHEROID = 1
    CAPPED_CYLINDER = 2
    TRIAXIAL = 3
    TWO_LOBED = 4


@dataclass(frozen=True)
class Droplet:
    """One droplet, centred on the origin.

    Attributes:
        shape: spheroid, capped cylinder, ...
        radius: of the sphere of the same volume, nm.
        axis_ratio: long over short semi-axis, at least 1.
        delta: angle between the symmetry axis and the detector plane, degrees.
        azimuth: angle of the symmetry axis on the detector, degrees.
        bodies: the convex bodies that it consists of, before the rotation by the azimuth.
        middle: middle over short semi-axis of a triaxial droplet, else NaN.
        spin: rotation of a triaxial droplet about its long axis in degrees, else NaN.
    """

    shape: DropletShape
    radius: float
    axis_ratio: float
    delta: float
    azimuth: float
    bodies: tuple[ConvexBody, ...]
    middle: float = np.nan
    spin: float = np.nan

    def extent(self, direction: NDArray[np.float64]) -> float:
        """How far the droplet reaches from its centre along a unit vector of the laboratory frame, nm."""
        c, s = np.cos(np.radians(self.azimuth)), np.sin(np.radians(self.azimuth))
        turned = np.array([c * direction[0] + s * direction[1], c * direction[1] - s * direction[0], direction[2]])
        return max(body.extent(turned) for body in self.bodies)


def spheroid(radius: float, c_over_a: float, delta: float, azimuth: float) -> Droplet:
    """An oblate spheroid or a sphere.

    Args:
        radius: volume-equivalent, nm.
        c_over_a: semi-axis along the symmetry axis over that across it, at most 1.
        delta: angle between the symmetry axis and the detector plane, degrees.
        azimuth: angle of the symmetry axis on the detector, degrees.

    >>> droplet = spheroid(100.0, 0.5, 0.0, 0.0)
    >>> [round(droplet.extent(np.array(axis)), 1) for axis in ([1.0, 0, 0], [0, 1.0, 0])]
    [63.0, 126.0]
    """
    a, c = radius * c_over_a ** (-1 / 3), radius * c_over_a ** (2 / 3)
    body = Ellipsoid((c, a, a), tilted(delta))
    return Droplet(DropletShape.SPHEROID, radius, 1 / c_over_a, delta, azimuth, (body,))


def capped_cylinder(radius: float, ratio: float, delta: float, azimuth: float) -> Droplet:
    """A cylinder with hemispheres at its ends and long/short = `ratio`; radius, delta and azimuth as for `spheroid`."""
    short = radius / (1.5 * ratio - 0.5) ** (1 / 3)
    body = CappedCylinder(short, ratio * short, tilted(delta))
    return Droplet(DropletShape.CAPPED_CYLINDER, radius, ratio, delta, azimuth, (body,))


def pill(short_radius: float, ratio: float, delta: float, azimuth: float) -> Droplet:
    """A capped cylinder of the given short radius in nm; other arguments as for `capped_cylinder`."""
    return capped_cylinder(short_radius * (1.5 * ratio - 0.5) ** (1 / 3), ratio, delta, azimuth)


def triaxial(radius: float, ratio: float, middle: float, spin: float, delta: float, azimuth: float) -> Droplet:
    """An ellipsoid with three different axes.

    Args:
        radius: volume-equivalent, nm.
        ratio: long over short axis.
        middle: middle over short axis, from 1 to `ratio`.
        spin: rotation about the long axis, degrees.
        delta: angle between the long axis and the detector plane, degrees.
        azimuth: angle of the long axis on the detector, degrees.
    """
    short = radius / (ratio * middle) ** (1 / 3)
    body = Ellipsoid((ratio * short, middle * short, short), tilted(delta, spin))
    return Droplet(DropletShape.TRIAXIAL, radius, ratio, delta, azimuth, (body,), middle, spin)


def two_lobed(radius: float, ratio: float, delta: float, azimuth: float) -> Droplet:
    """Two overlapping prolate ellipsoids that form one droplet with a waist; arguments as for `capped_cylinder`."""
    s = LOBE_SPACING
    # Volume of the union: 2 pi r^2 e (1 + s - (1 + s^3) / 3), lobes of semi-axes (e, r, r) at +- s e.
    stretch = ratio / (1 + s)
    short = radius / (1.5 * stretch * (1 + s - (1 + s**3) / 3)) ** (1 / 3)
    lobe = stretch * short
    rotation = tilted(delta)
    lobes = tuple(Ellipsoid((lobe, short, short), rotation, side * s * lobe * rotation[:, 0]) for side in (-1.0, 1.0))
    return Droplet(DropletShape.TWO_LOBED, radius, ratio, delta, azimuth, lobes)


def scaled(droplet: Droplet, factor: float) -> Droplet:
    """The same droplet, `factor` times as large."""
    bodies = tuple(body.scaled(factor) for body in droplet.bodies)
    return replace(droplet, radius=droplet.radius * factor, bodies=bodies)
