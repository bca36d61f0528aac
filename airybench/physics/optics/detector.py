"""From a noise-free pattern to the counts of a detector, one function per stage.

Wide angle: micro-channel plate, phosphor screen and camera. Small angle: a pnCCD. Every stage takes and returns arrays
of shape (H, W), float32 unless stated otherwise, and draws its random numbers from the generator it is given.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from airybench.physics.optics.geometry import Geometry

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

LARGEST_COUNT = 65535
"""[S] Counts: the largest value of uint16."""


@dataclass(frozen=True)
class WideAngleDetector:
    """[A] Ranges from which the detector of each shot is drawn; pairs are (low, high).

    Attributes:
        photons: on the sensitive area.
        gamma: exponent of the power law of the micro-channel plate.
        gain: counts per photon.
        blur: standard deviation of the light spread in the phosphor, pixels.
        gradient: factor of efficiency from one side of the detector to the other.
        halo_photons: stray photons per pixel on the beam axis.
        halo_width: radius at which the base of the squared Lorentzian has halved, half widths.
        offset: counts.
        read_noise: standard deviation, counts.
        hole: radius of the hole about the beam axis, half widths.
        centre_shift: distance of the beam axis from the middle of the detector, half widths.
    """

    photons: tuple[float, float] = (1e3, 1e6)
    gamma: tuple[float, float] = (0.6, 1.0)
    gain: float = 150.0
    blur: tuple[float, float] = (0.7, 0.9)
    gradient: tuple[float, float] = (1.0, 2.0)
    halo_photons: tuple[float, float] = (0.02, 0.5)
    halo_width: tuple[float, float] = (0.3, 0.8)
    offset: tuple[float, float] = (80.0, 120.0)
    read_noise: tuple[float, float] = (4.0, 10.0)
    hole: tuple[float, float] = (0.14, 0.30)
    centre_shift: tuple[float, float] = (0.01, 0.03)


@dataclass(frozen=True)
class SmallAngleDetector:
    """[A] Ranges from which the detector of each shot is drawn; pairs are (low, high).

    Attributes:
        photons: on the sensitive area.
        gain: counts per photon.
        stray_photons: per pixel on the beam axis.
        stray_width: radius at which the base of the squared Lorentzian has halved, half widths.
        offset: counts.
        read_noise: standard deviation, counts.
        beam_stop: radius of the beam stop about the beam axis, half widths.
        gap: pixel rows between the two halves of the pnCCD.
        saturation: largest count.
        centre_shift: distance of the beam axis from the middle of the detector, half widths.
    """

    photons: tuple[float, float] = (1e3, 1e7)
    gain: float = 25.0
    stray_photons: tuple[float, float] = (0.002, 0.1)
    stray_width: tuple[float, float] = (0.3, 0.8)
    offset: tuple[float, float] = (80.0, 120.0)
    read_noise: tuple[float, float] = (4.0, 10.0)
    beam_stop: tuple[float, float] = (0.05, 0.08)
    gap: tuple[int, int] = (3, 6)
    saturation: int = 60000
    centre_shift: tuple[float, float] = (0.0, 0.01)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A random number whose logarithm is uniformly distributed between those of `low` and `high`."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_centre_shift(rng: np.random.Generator, low: float, high: float, half_width: float) -> tuple[float, float]:
    """Shift (rows, columns) of the beam axis in pixels: `low` to `high` times the half width, in any direction."""
    length, angle = rng.uniform(low, high) * half_width, rng.uniform(0, 2 * np.pi)
    return float(length * np.sin(angle)), float(length * np.cos(angle))


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


@dataclass(frozen=True)
class WideAngleSettings:
    """The wide-angle detector of one shot, drawn by `draw_wide_angle`; units as in `WideAngleDetector`.

    Attributes:
        gradient_angle: direction of the more efficient side, radians.
        geometry: of the detector, with the beam axis shifted.
    """

    photons: float
    gamma: float
    gain: float
    blur: float
    gradient: float
    gradient_angle: float
    halo_photons: float
    halo_width: float
    offset: float
    read_noise: float
    hole: float
    geometry: Geometry


@dataclass(frozen=True)
class SmallAngleSettings:
    """The small-angle detector of one shot, drawn by `draw_small_angle`; units as in `SmallAngleDetector`.

    Attributes:
        geometry: of the detector, with the beam axis shifted.
    """

    photons: float
    gain: float
    stray_photons: float
    stray_width: float
    offset: float
    read_noise: float
    beam_stop: float
    gap: int
    saturation: int
    geometry: Geometry


def drawn_parameters(settings: WideAngleSettings | SmallAngleSettings) -> dict[str, float | int]:
    """The parameters of a shot's detector that differ from shot to shot, as they are stored in its truth."""
    constant = ("gain", "saturation", "geometry")
    drawn = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in constant}
    return drawn | {"row_shift": settings.geometry.row_shift, "column_shift": settings.geometry.column_shift}


def draw_wide_angle(
    rng: np.random.Generator, geometry: Geometry, ranges: WideAngleDetector | None = None
) -> WideAngleSettings:
    """The detector of one shot: photons and halo are drawn log-uniformly, everything else uniformly in its range."""
    r = ranges or WideAngleDetector()
    rows, columns = draw_centre_shift(rng, *r.centre_shift, geometry.half_width)
    return WideAngleSettings(
        photons=log_uniform(rng, *r.photons),
        gamma=rng.uniform(*r.gamma),
        gain=r.gain,
        blur=rng.uniform(*r.blur),
        gradient=rng.uniform(*r.gradient),
        gradient_angle=rng.uniform(0, 2 * np.pi),
        halo_photons=log_uniform(rng, *r.halo_photons),
        halo_width=rng.uniform(*r.halo_width),
        offset=rng.uniform(*r.offset),
        read_noise=rng.uniform(*r.read_noise),
        hole=rng.uniform(*r.hole),
        geometry=Geometry(geometry.size, geometry.theta_max, rows, columns),
    )


def draw_small_angle(
    rng: np.random.Generator, geometry: Geometry, ranges: SmallAngleDetector | None = None
) -> SmallAngleSettings:
    """The detector of one shot: photons and stray light are drawn log-uniformly, everything else uniformly."""
    r = ranges or SmallAngleDetector()
    rows, columns = draw_centre_shift(rng, *r.centre_shift, geometry.half_width)
    return SmallAngleSettings(
        photons=log_uniform(rng, *r.photons),
        gain=r.gain,
        stray_photons=log_uniform(rng, *r.stray_photons),
        stray_width=rng.uniform(*r.stray_width),
        offset=rng.uniform(*r.offset),
        read_noise=rng.uniform(*r.read_noise),
        beam_stop=rng.uniform(*r.beam_stop),
        gap=int(rng.integers(r.gap[0], r.gap[1] + 1)),
        saturation=r.saturation,
        geometry=Geometry(geometry.size, geometry.theta_max, rows, columns),
    )


def detect_wide_angle(pattern: Image, settings: WideAngleSettings, rng: np.random.Generator) -> NDArray[np.uint16]:
    """All stages of the wide-angle detector.

    Args:
        pattern: noise-free intensity at the pixels of `settings.geometry`, on any scale; zero for an empty shot.
        settings: the detector of this shot.
        rng: the noise of this shot.

    Returns:
        Counts, uint16, (H, W).
    """
    s = settings
    sensitive = outside_hole(s.geometry, s.hole)
    photons = detect_photons(expected_photons(pattern, s.photons, sensitive), rng)
    counts = blur_phosphor(amplify(photons, rng, gamma=s.gamma, gain=s.gain), s.blur)
    counts = counts * efficiency_gradient(s.geometry, s.gradient, s.gradient_angle)
    counts = counts + s.gain * detect_photons(stray_light(s.geometry, s.halo_photons, s.halo_width), rng)
    return digitise(blank(read_out(counts, rng, offset=s.offset, noise=s.read_noise), sensitive))


def detect_small_angle(pattern: Image, settings: SmallAngleSettings, rng: np.random.Generator) -> NDArray[np.uint16]:
    """All stages of the small-angle detector; arguments and result as for `detect_wide_angle`."""
    s = settings
    sensitive = outside_hole(s.geometry, s.beam_stop) & outside_gap(s.geometry, s.gap)
    expected = expected_photons(pattern, s.photons, sensitive)
    photons = detect_photons(expected + stray_light(s.geometry, s.stray_photons, s.stray_width), rng)
    counts = read_out(s.gain * photons, rng, offset=s.offset, noise=s.read_noise)
    return digitise(blank(counts, sensitive), s.saturation)
