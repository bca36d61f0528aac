"""Stray light of version 2: structured, and of the same form in all shots of a run."""

import numpy as np
from scipy.ndimage import gaussian_filter

from airybench.physics.optics.detector_stages import Image, stray_light
from airybench.physics.optics.geometry import Geometry

STRAY_TEXTURE = (0.1, 0.4)
"""[A] Relative standard deviation of the smooth structure of the halo."""

STRAY_GRAIN = (6.0, 20.0)
"""[A] Standard deviation of the Gaussian that smooths that structure, px."""

FLARES = (0, 4)
"""[A] Number of flares from slits and apertures, straight lines that begin at the beam axis."""

FLARE_STRENGTH = (0.2, 1.0)
"""[A] Peak of a flare relative to that of the halo."""

FLARE_WIDTH = (1.0, 4.0)
"""[A] Standard deviation across a flare, px."""


def draw_stray(rng: np.random.Generator, geometry: Geometry, peak: float, width: float) -> Image:
    """The template of a run: stray photons expected at each pixel, shape (size, size).

    Args:
        rng: of the run.
        geometry: of the detector, with the beam axis of the run.
        peak: photons per pixel of the halo on the beam axis.
        width: radius at which the base of the squared Lorentzian has halved, half widths.

    >>> template = draw_stray(np.random.default_rng(0), Geometry(), 0.1, 0.5)
    >>> bool((template >= 0).all()), bool(template.mean() < 0.1)
    (True, True)
    """
    size = geometry.size
    smooth = gaussian_filter(rng.standard_normal((size, size)), rng.uniform(*STRAY_GRAIN), mode="reflect")
    texture = 1 + rng.uniform(*STRAY_TEXTURE) * smooth / smooth.std()
    template = stray_light(geometry, peak, width) * np.clip(texture, 0.1, None)
    x, y = geometry.offsets()
    for _ in range(int(rng.integers(FLARES[0], FLARES[1] + 1))):
        turn = rng.uniform(0, 2 * np.pi)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        strength = rng.uniform(*FLARE_STRENGTH) * np.exp(-((across / rng.uniform(*FLARE_WIDTH)) ** 2) / 2)
        template = template + stray_light(geometry, peak, width) * strength * (along > 0)
    return np.asarray(template, np.float32)
