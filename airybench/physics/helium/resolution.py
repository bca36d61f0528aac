"""Which helium classes an image size can show: how much contrast its pixels leave to the finest fringes.

A pixel averages over its area: fringes whose phase advances by g per pixel keep the contrast sinc(g_x / 2 pi)
sinc(g_y / 2 pi). A feature is resolved where that is more than a half, and a class where that holds on a quarter of the
detector for the typical droplet.
"""

from functools import lru_cache
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats.qmc import Sobol

from airybench.physics.helium.label_rules import NEWTON_ANGLE, NEWTON_DISTANCE, RADIUS_LAWS
from airybench.physics.helium.shot import PHOTON_ENERGY
from airybench.physics.optics.geometry import IMAGE_SIZE, Geometry, wavenumber
from airybench.physics.optics.measures import ODD_PART_RADII

RESOLVED_CONTRAST = 0.5
"""[A] Share of its contrast that a resolved fringe keeps."""

RESOLVED_AREA = 0.25
"""[A] Share of the area outside the hole on which a resolved class keeps that contrast, median over droplets."""

STREAK_LENGTH = 1.6
"""[A] Half length of the elongated droplet of a streak in units of its volume-equivalent radius."""

FINEST = {
    "Round": "rings",
    "Elliptical": "rings",
    "DoubleRings": "rings",
    "Streak": "fringes",
    "Bent": "fringes",
    "NewtonRings": "newton",
}
"""The finest feature by which a class is recognised."""

_DROPLETS, _SAMPLED = 256, Geometry(size=65)

Values = NDArray[np.float64]


@lru_cache(maxsize=16)
def resolved_area(feature: str, image_size: int) -> float:
    """Share of the area outside the hole on which a feature keeps half its contrast, median over droplets.

    Args:
        feature: `rings` of spheroids, `fringes` across a streak, or `newton` for Newton's fringes.
        image_size: side of what a network sees, pixels.

    >>> resolved_area("newton", 40) < 0.05 < 0.6 < resolved_area("newton", 224)
    True
    """
    radius = _SAMPLED.radius()
    seen = (radius >= ODD_PART_RADII[0]) & (radius <= 2**0.5)
    step = IMAGE_SIZE / image_size
    draw = _newton_gradient if feature == "newton" else _ring_gradient
    shares = []
    # Sobol points fill the ranges evenly: the median does not depend on a seed.
    for point in Sobol(d=4, scramble=False).random(_DROPLETS):
        gradient_x, gradient_y = draw(point, feature)
        contrast = np.sinc(step * gradient_x / (2 * pi)) * np.sinc(step * gradient_y / (2 * pi))
        shares.append(float((np.abs(contrast[seen]) > RESOLVED_CONTRAST).mean()))
    return float(np.median(shares))


def unresolved_classes(class_names: tuple[str, ...], image_size: int) -> tuple[str, ...]:
    """Classes whose finest feature an image of this size does not show.

    >>> unresolved_classes(("Round", "NewtonRings", "Empty"), 40)
    ('NewtonRings',)
    >>> unresolved_classes(("Round", "NewtonRings", "Empty"), 224)
    ()
    """
    return tuple(
        name for name in class_names if name in FINEST and resolved_area(FINEST[name], image_size) < RESOLVED_AREA
    )


def _newton_gradient(point: Values, feature: str) -> tuple[Values, Values]:
    """Phase gradient of the fringes of two distant droplets in radians per pixel of the detector, along x and y.

    A point is four numbers from 0 to 1 that stand for energy, distance, angle and direction.
    """
    k, z = wavenumber(np.interp(point[0], (0, 1), PHOTON_ENERGY)), np.interp(point[1], (0, 1), NEWTON_DISTANCE)
    aside, turn = -z * np.tan(np.radians(np.interp(point[2], (0, 1), NEWTON_ANGLE))), 2 * pi * point[3]
    offset = k * aside * np.cos(turn), k * aside * np.sin(turn), k * z
    return _gradient(*offset)


def _ring_gradient(point: Values, feature: str) -> tuple[Values, Values]:
    """Phase gradient of the rings of a droplet: those of its two ends, one diameter apart across the beam.

    Of a point, only the first two numbers are used, for energy and radius.
    """
    k = wavenumber(np.interp(point[0], (0, 1), PHOTON_ENERGY))
    median, sigma = RADIUS_LAWS["Prolate" if feature == "fringes" else "Round"]
    length = (
        median
        * np.exp(sigma * ndtri(min(max(point[1], 1e-3), 1 - 1e-3)))
        * (STREAK_LENGTH if feature == "fringes" else 1.0)
    )
    x, y = _SAMPLED.offsets()
    along = np.hypot(x, y)
    radial, _ = _gradient_at(along, np.zeros_like(along), 2 * k * length, 0.0, 0.0)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(radial * x / along), np.nan_to_num(radial * y / along)


def _gradient(x0: float, y0: float, z0: float) -> tuple[Values, Values]:
    return _gradient_at(*_SAMPLED.offsets(), x0, y0, z0)


def _gradient_at(x: Values, y: Values, x0: float, y0: float, z0: float) -> tuple[Values, Values]:
    """Gradient of the phase q.r, r = (x0, y0, z0) / k, per full pixel, at positions on the coarse detector."""
    distance = _SAMPLED.distance
    reach = np.sqrt(x**2 + y**2 + distance**2)
    common = (distance * z0 / reach - x0 * x / reach - y0 * y / reach) / reach
    scale = (_SAMPLED.size - 1) / (IMAGE_SIZE - 1)
    return scale * (x0 / reach + common * x / reach), scale * (y0 / reach + common * y / reach)
