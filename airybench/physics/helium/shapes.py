"""The shapes of single helium droplets: spheroids, capped cylinders, triaxial ellipsoids and two-lobed bodies.

All lie with their symmetry axis (short axis of an oblate, long axis of a prolate) along the body's x axis, raised
out of the detector plane by `delta` in the laboratory's x-z plane; the azimuth on the detector is applied to the field.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from airybench.physics.optics.particles import CappedCylinder, Ellipsoid, Part, tilted

LOBE_SPACING = 0.66
"""[A] Half distance of the lobes of a two-lobed droplet in units of their long semi-axis; the waist is 0.75 wide."""


class Shape(IntEnum):
    """What a droplet is, as stored in /truth."""

    NONE = 0
    SPHEROID = 1
    CAPPED_CYLINDER = 2
    TRIAXIAL = 3
    TWO_LOBED = 4


@dataclass(frozen=True)
class Droplet:
    """One droplet about its own centre.

    Attributes:
        shape: its kind.
        radius: of the sphere of the same volume, nm.
        axis_ratio: long over short semi-axis, at least 1.
        delta: symmetry axis out of the detector plane, degrees.
        azimuth: symmetry axis on the detector, degrees.
        parts: the convex pieces, in the frame before the azimuth.
    """

    shape: Shape
    radius: float
    axis_ratio: float
    delta: float
    azimuth: float
    parts: tuple[Part, ...]

    def extent(self, direction: NDArray[np.float64]) -> float:
        """How far the droplet reaches from its centre along a unit vector of the laboratory, nm."""
        c, s = np.cos(np.radians(self.azimuth)), np.sin(np.radians(self.azimuth))
        turned = np.array([c * direction[0] + s * direction[1], c * direction[1] - s * direction[0], direction[2]])
        return max(part.extent(turned) for part in self.parts)


def spheroid(radius: float, c_over_a: float, delta: float, azimuth: float) -> Droplet:
    """An oblate spheroid (or sphere) of the given volume-equivalent radius; c is the symmetry axis, c <= a."""
    a, c = radius * c_over_a ** (-1 / 3), radius * c_over_a ** (2 / 3)
    part = Ellipsoid((c, a, a), tilted(delta))
    return Droplet(Shape.SPHEROID, radius, 1 / c_over_a, delta, azimuth, (part,))


def capped_cylinder(radius: float, ratio: float, delta: float, azimuth: float) -> Droplet:
    """A cylinder with half spheres at its ends, long/short = `ratio`."""
    short = radius / (1.5 * ratio - 0.5) ** (1 / 3)
    part = CappedCylinder(short, ratio * short, tilted(delta))
    return Droplet(Shape.CAPPED_CYLINDER, radius, ratio, delta, azimuth, (part,))


def pill(short_radius: float, ratio: float, delta: float, azimuth: float) -> Droplet:
    """A capped cylinder given by its short radius."""
    return capped_cylinder(short_radius * (1.5 * ratio - 0.5) ** (1 / 3), ratio, delta, azimuth)


def triaxial(radius: float, ratio: float, middle: float, spin: float, delta: float, azimuth: float) -> Droplet:
    """An ellipsoid of three axes.

    Args:
        radius: volume-equivalent, nm.
        ratio: long over short.
        middle: middle over short, 1 to `ratio`.
        spin: turn about the long axis, degrees.
        delta: long axis out of the detector plane, degrees.
        azimuth: long axis on the detector, degrees.
    """
    short = radius / (ratio * middle) ** (1 / 3)
    part = Ellipsoid((ratio * short, middle * short, short), tilted(delta, spin))
    return Droplet(Shape.TRIAXIAL, radius, ratio, delta, azimuth, (part,))


def two_lobed(radius: float, ratio: float, delta: float, azimuth: float) -> Droplet:
    """Two prolate ellipsoids melted into one body with a waist, long/short = `ratio`."""
    s = LOBE_SPACING
    # Volume of the union: 2 pi r^2 e (1 + s - (1 + s^3) / 3), lobes of semi-axes (e, r, r) at +- s e.
    stretch = ratio / (1 + s)
    short = radius / (1.5 * stretch * (1 + s - (1 + s**3) / 3)) ** (1 / 3)
    lobe = stretch * short
    rotation = tilted(delta)
    parts = tuple(Ellipsoid((lobe, short, short), rotation, side * s * lobe * rotation[:, 0]) for side in (-1.0, 1.0))
    return Droplet(Shape.TWO_LOBED, radius, ratio, delta, azimuth, parts)


def scaled(droplet: Droplet, factor: float) -> Droplet:
    """The same droplet, `factor` times larger."""
    parts = tuple(part.scaled(factor) for part in droplet.parts)
    return Droplet(droplet.shape, droplet.radius * factor, droplet.axis_ratio, droplet.delta, droplet.azimuth, parts)
