"""Measures of a noise-free wide-angle pattern: its asymmetry under inversion, and the axis ratio of its rings."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from airybench.physics.optics.geometry import Geometry

ODD_PART_RADII = (0.2, 1.0)
"""[A] Radii in half widths over which the odd part is summed."""

RING_RADII = (0.12, 1.0)
"""[A] Radii in half widths over which ring profiles are compared."""

_SAMPLES = 160
_SCALES = np.exp(np.linspace(-0.7, 0.7, 281))


def odd_part(pattern: NDArray[np.float32], geometry: Geometry) -> float:
    """Odd part of a pattern, A = sum |I(q) - I(-q)| / sum (I(q) + I(-q)) over radii of 0.2 to 1.0 half widths.

    Args:
        pattern: noise-free intensity, shape (size, size), centred on the beam axis.
        geometry: of the detector, with the beam axis at its middle.

    Returns:
        A, from 0 for a pattern with I(q) = I(-q) to 1.

    >>> odd_part(np.ones((129, 129), np.float32), Geometry(size=129))
    0.0
    """
    where = _annulus(geometry)
    one, other = pattern[where].astype(np.float64), pattern[::-1, ::-1][where].astype(np.float64)
    return float(np.abs(one - other).sum() / (one + other).sum())


def mean_field(pattern: NDArray[np.float32], geometry: Geometry) -> float:
    """Root mean square of |E| over the radii of the odd part; arguments as for `odd_part`."""
    return float(np.sqrt(pattern[_annulus(geometry)].mean(dtype=np.float64)))


@lru_cache(maxsize=4)
def _annulus(geometry: Geometry) -> NDArray[np.bool_]:
    radius = geometry.radius()
    return (radius >= ODD_PART_RADII[0]) & (radius <= ODD_PART_RADII[1])


def ring_axis_ratio(pattern: NDArray[np.float32], geometry: Geometry, azimuth: float) -> float:
    """Axis ratio of the rings: width along the symmetry axis over width across it, or the inverse.

    Compares four radial profiles, two along `azimuth` and two across it, after multiplying by q^4. The ratio is the
    stretch at which the profiles along the axis correlate best with those across it.

    Args:
        pattern: noise-free intensity, shape (size, size), centred on the beam axis.
        geometry: of the detector, with the beam axis at its middle.
        azimuth: angle of the droplet's symmetry axis on the detector, degrees.

    Returns:
        The ratio, at least 1.
    """
    radii = np.linspace(*RING_RADII, _SAMPLES)
    profiles = []
    for turn in (0, 180, 90, 270):
        angle = np.radians(azimuth + turn)
        where = geometry.half_width * (1 + radii * np.array([[np.sin(angle)], [np.cos(angle)]]))
        profiles.append(map_coordinates(pattern, where, order=1, mode="nearest") * radii**4)
    across = np.sqrt(np.sqrt(np.maximum(np.mean(profiles[2:], axis=0), 0)))
    found = [_stretch(np.sqrt(np.sqrt(np.maximum(along, 0))), across, radii) for along in profiles[:2]]
    return float(np.exp(abs(np.mean(np.log(found)))))


def _stretch(along: NDArray[np.float64], across: NDArray[np.float64], radii: NDArray[np.float64]) -> float:
    """The factor f at which along(f r) correlates best with across(r)."""
    stretched = radii[None, :] * _SCALES[:, None]
    moved = np.interp(stretched, radii, along)
    inside = ((stretched >= radii[0]) & (stretched <= radii[-1])).astype(np.float64)
    count = inside.sum(axis=1, keepdims=True)
    a = (moved - (moved * inside).sum(axis=1, keepdims=True) / count) * inside
    b = (across - (across * inside).sum(axis=1, keepdims=True) / count) * inside
    match = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1) + 1e-30)
    best = int(np.clip(match.argmax(), 1, len(_SCALES) - 2))
    left, middle, right = match[best - 1 : best + 2]
    curve = left - 2 * middle + right
    shift = 0.5 * (left - right) / curve if curve < 0 else 0.0
    step = np.log(_SCALES[1] / _SCALES[0])
    return float(_SCALES[best] * np.exp(np.clip(shift, -1, 1) * step))
