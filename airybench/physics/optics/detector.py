"""The two detectors: what is drawn for each shot, and the stages that a pattern passes through.

Wide angle: micro-channel plate, phosphor screen and camera. Small angle: a pnCCD.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from airybench.physics.optics.detector_stages import (
    Image,
    amplify,
    blank,
    blur_phosphor,
    detect_photons,
    digitise,
    efficiency_gradient,
    expected_photons,
    outside_gap,
    outside_hole,
    read_out,
    stray_light,
)
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.random import log_uniform


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


def draw_centre_shift(rng: np.random.Generator, low: float, high: float, half_width: float) -> tuple[float, float]:
    """Shift (rows, columns) of the beam axis in pixels: `low` to `high` times the half width, in any direction."""
    length, angle = rng.uniform(low, high) * half_width, rng.uniform(0, 2 * np.pi)
    return float(length * np.sin(angle)), float(length * np.cos(angle))


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
