"""From a noise-free pattern to the counts of a detector, one function per stage.

Every stage takes and returns arrays of shape (H, W), float32 unless stated otherwise, and draws its random numbers from
the generator it is given.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from airybench.physics.optics.geometry import Geometry

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

LARGEST_COUNT = 65535
"""[S] Counts: the largest value of uint16."""


def outside_hole(geometry: Geometry, radius: float) -> Mask:
    """True where the detector sees light: farther than `radius` (half widths) from the beam axis."""
    return geometry.radius() >= radius


def outside_gap(geometry: Geometry, rows: int) -> Mask:
    """False on the `rows` pixel rows in the middle of the detector, the gap between the two halves of a pnCCD."""
    open_rows = np.ones((geometry.size, geometry.size), dtype=np.bool_)
    first = (geometry.size - rows) // 2
    open_rows[first : first + rows] = False
    return open_rows


def expected_photons(pattern: Image, photons: float, sensitive: Mask) -> Image:
    """The pattern scaled to an expected number of photons on the sensitive area; zero for a pattern without light.

    >>> expected_photons(np.ones((2, 2), np.float32), 100.0, np.array([[True, True], [True, False]])).round(1)
    array([[33.3, 33.3],
           [33.3, 33.3]], dtype=float32)
    """
    total = float(pattern[sensitive].sum(dtype=np.float64))
    scale = photons / total if total > 0 else 0.0
    return (pattern * np.float32(scale)).astype(np.float32)


def detect_photons(expected: Image, rng: np.random.Generator) -> Image:
    """Photon numbers, Poisson distributed with the mean `expected`."""
    return rng.poisson(expected).astype(np.float32)


def amplify(photons: Image, rng: np.random.Generator, *, gamma: float, gain: float) -> Image:
    """Micro-channel plate: an exponentially distributed pulse height per photon, then a power law.

    counts = gain * (sum of the pulse heights)^gamma; the sum of n exponential pulses of mean 1 is gamma distributed.

    Args:
        photons: detected photon numbers.
        rng: of the pulse heights.
        gamma: exponent of the power law.
        gain: counts per photon.
    """
    pulses = rng.standard_gamma(photons).astype(np.float32)
    return (gain * pulses**gamma).astype(np.float32)


def blur_phosphor(counts: Image, sigma: float) -> Image:
    """Light spread in the phosphor screen: a Gaussian of standard deviation `sigma` in pixels."""
    blurred: Image = gaussian_filter(counts, sigma, mode="nearest", truncate=4.0)
    return blurred


def efficiency_gradient(geometry: Geometry, factor: float, angle: float) -> Image:
    """Relative efficiency, 1 on one side of the detector and 1/factor on the other, smooth in between.

    Args:
        geometry: the detector.
        factor: at least 1.
        angle: direction of the more efficient side, radians from the direction of the columns.
    """
    x, y = geometry.offsets()
    slope = (x * np.cos(angle) + y * np.sin(angle)) / (geometry.half_width * 2**0.5)
    share = 0.5 * (1 + np.sin(np.pi / 2 * np.clip(slope, -1, 1)))
    efficiency: Image = (1 / factor + (1 - 1 / factor) * share).astype(np.float32)
    return efficiency


def stray_light(geometry: Geometry, peak: float, width: float) -> Image:
    """Photons expected from stray light: a halo about the beam axis that falls off as a squared Lorentzian.

    Args:
        geometry: the detector.
        peak: photons per pixel on the beam axis.
        width: radius at which the base of the square has halved, half widths.
    """
    return (peak / (1 + (geometry.radius() / width) ** 2) ** 2).astype(np.float32)


def read_out(counts: Image, rng: np.random.Generator, *, offset: float, noise: float) -> Image:
    """Camera: a constant `offset` and Gaussian noise of standard deviation `noise`, both in counts."""
    return (counts + offset + noise * rng.standard_normal(counts.shape, dtype=np.float32)).astype(np.float32)


def blank(counts: Image, sensitive: Mask) -> Image:
    """Counts, set to zero where the detector is not sensitive."""
    return np.where(sensitive, counts, np.float32(0))


def digitise(counts: Image, largest: int = LARGEST_COUNT) -> NDArray[np.uint16]:
    """Counts rounded to whole numbers and clipped to the range from 0 to `largest`.

    >>> digitise(np.array([-3.0, 2.6, 1e6], np.float32))
    array([    0,     3, 65535], dtype=uint16)
    """
    return np.clip(np.rint(counts), 0, largest).astype(np.uint16)
