"""What a droplet will look like, without computing its field: used to choose candidates worth the computation.

The field of a transparent ellipsoid has a closed form, that of a sphere with stretched axes. Its odd part is tabulated
once per process over axis ratio, tilt and size. It is close enough to that of absorbing ellipsoids and of capsules to
tell hopeless candidates from promising ones; what decides is the field of the droplet itself.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from airybench.physics.optics.geometry import THETA_MAX_WIDE
from airybench.physics.optics.measures import ODD_PART_RADII

Values = NDArray[np.float64]

_OBLATE = np.array([1.0, 1.05, 1.12, 1.2, 1.35, 1.6, 2.0])
_PROLATE = np.array([1.0, 1.15, 1.35, 1.7, 2.2, 3.0, 4.5, 7.0])
_TILTS = np.array([0.0, 4.0, 8.0, 14.0, 22.0, 32.0, 45.0, 60.0, 75.0, 90.0])
_SIZES = np.array([5.0, 10.0, 16.0, 25.0, 40.0, 70.0])
"""Size parameters k R."""

_RADII, _ANGLES = 48, 10


def expected_odd_part(ratio: Values, delta: Values, size: float, *, oblate: bool) -> Values:
    """Odd part A of transparent ellipsoids of revolution; see `measures.odd_part`.

    Args:
        ratio: long over short axis, shape (N,).
        delta: angle between symmetry axis and detector plane, degrees, shape (N,).
        size: size parameter k R of the volume-equivalent sphere.
        oblate: the symmetry axis is the short one.

    Returns:
        Shape (N,); droplets beyond the table get the value at its edge.

    >>> flat, tilted = expected_odd_part(np.array([1.5, 1.5]), np.array([0.0, 30.0]), 40.0, oblate=True)
    >>> bool(flat < 1e-9), bool(tilted > 0.15)
    (True, True)
    """
    ratios = _OBLATE if oblate else _PROLATE
    points = np.stack(
        [
            np.clip(ratio, 1.0, ratios[-1]),
            delta,
            np.full(len(ratio), np.log(np.clip(size, _SIZES[0], _SIZES[-1]))),
        ],
        axis=1,
    )
    return np.asarray(_table(oblate)(points), dtype=np.float64)


def expected_ring_ratio(ratio: Values, delta: Values) -> Values:
    """Axis ratio of the outline of oblate spheroids, close to that of their rings; arguments as above.

    >>> expected_ring_ratio(np.array([1.2, 1.2]), np.array([0.0, 90.0])).round(3)
    array([1.2, 1. ])
    """
    tilt = np.radians(delta)
    return ratio / np.sqrt(np.cos(tilt) ** 2 + (ratio * np.sin(tilt)) ** 2)


def expected_aspect(ratio: Values, delta: Values) -> Values:
    """Long over short side of the outline of capsules, seen along the beam; arguments as above."""
    return 1 + (ratio - 1) * np.cos(np.radians(delta))


@lru_cache(maxsize=2)
def _table(oblate: bool) -> RegularGridInterpolator:
    ratios = _OBLATE if oblate else _PROLATE
    radius = np.linspace(*ODD_PART_RADII, _RADII)[:, None] * np.tan(np.radians(THETA_MAX_WIDE))
    # The pattern is even in y: the angles of one quadrant and their opposites see all pairs (q, -q).
    angle = (np.arange(_ANGLES) + 0.5) / _ANGLES * np.pi / 2
    theta = np.arctan(radius)
    sx, sy = np.sin(theta) * np.cos(angle), np.sin(theta) * np.sin(angle)
    sz = np.broadcast_to(1 - np.cos(theta), sx.shape)
    weight = np.broadcast_to(radius, sx.shape)
    found = np.empty((len(ratios), len(_TILTS), len(_SIZES)))
    for i, ratio in enumerate(ratios):
        along, across = (ratio ** (-2 / 3), ratio ** (1 / 3)) if oblate else (ratio ** (2 / 3), ratio ** (-1 / 3))
        for j, tilt in enumerate(np.radians(_TILTS)):
            for m, size in enumerate(_SIZES):
                one, other = (_pattern(size, sign * sx, sign * sy, sz, tilt, along, across) for sign in (1.0, -1.0))
                found[i, j, m] = (weight * np.abs(one - other)).sum() / (weight * (one + other)).sum()
    return RegularGridInterpolator((ratios, _TILTS, np.log(_SIZES)), found)


def _pattern(size: float, sx: Values, sy: Values, sz: Values, tilt: float, along: float, across: float) -> Values:
    """Intensity of an ellipsoid of revolution about an axis tilted out of the x-y plane."""
    on_axis = sx * np.cos(tilt) + sz * np.sin(tilt)
    off_axis = sz * np.cos(tilt) - sx * np.sin(tilt)
    u = size * np.sqrt((along * on_axis) ** 2 + across**2 * (off_axis**2 + sy**2))
    u = np.maximum(u, 1e-3)
    return np.asarray(((np.sin(u) - u * np.cos(u)) / u**3) ** 2)
