"""Runs of version 2: which run a shot is in, and what its shots have in common.

A data set (a seed) has one frame, a run one beam and one setting of the detector. The run of a shot follows from the
seed and the number of the shot alone: run k begins near shot 250 k, shifted by a number drawn for that boundary.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from airybench.errors import unknown
from airybench.physics.fixed_frame import FixedFrame, draw_frame
from airybench.physics.optics.detector import SmallAngleDetector, WideAngleDetector
from airybench.physics.optics.detector_stages import Image
from airybench.physics.optics.geometry import THETA_MAX_SMALL, THETA_MAX_WIDE, Geometry
from airybench.physics.optics.random import Stream, log_uniform, shot_generator
from airybench.physics.stored import stored
from airybench.physics.stray import draw_stray

Kind = Literal["helium", "cxidb"]

RUN_LENGTH = (100, 400)
"""[A] Shots of a run; the first run of a series has 175 to 325."""

SIZE_FACTOR = (0.8, 1.2)
"""[A] Factor of a run on the sizes of droplets."""

BEAM_SPREAD = (1.0, 3.0)
"""[A] Standard deviation of the beam position between runs, px in each direction; drawn for a data set."""

BEAM_REACH = 4.5
"""[A] Largest distance of the beam of a run from the middle of the frame, px."""

POINTING = 0.5
"""[A] Largest distance of the beam of a shot from that of its run, px."""

STRAY_FACTOR = (1.0, 10.0)
"""[A] Factor of a data set on its stray light, log-uniform."""

STRAY_JITTER = (0.7, 1.3)
"""[A] Factor of a shot on the stray light of its run."""

OFFSET_DRIFT = 20.0
"""[A] Largest difference of the offset of a run from that of its data set, counts."""

WIDE_GAIN = (50.0, 150.0)
"""[A] Counts per photon of the micro-channel plate and camera in a run, log-uniform."""

WIDE_ENERGY = (19.0, 35.0)
"""[A] Photon energy of a run at the wide-angle detector, eV."""

WIDE_STRAY = (0.02, 0.1)
"""[A] Stray photons per pixel of a run on the beam axis of the wide-angle detector, before STRAY_FACTOR."""

SMALL_GAIN = (20.0, 50.0)
"""[A] Counts per photon of the pnCCD in a run, log-uniform: its gain is set for the samples of the day."""

SMALL_ENERGY = (1180.0, 1220.0)
"""[A] Photon energy of a run at the small-angle detector, eV."""

SMALL_STRAY = (0.01, 0.1)
"""[A] Stray photons per pixel of a run on the beam axis of the small-angle detector, before STRAY_FACTOR."""


def run_of(seed: int, index: int) -> int:
    """The number of the run of a shot, from 0; it depends on nothing else.

    Args:
        seed: of the series of shots.
        index: of the shot, not negative.

    Raises:
        InputError: the seed is negative.

    >>> run_of(1612, 0), run_of(1612, 10_000) in (39, 40)
    (0, True)
    """
    block = index // (sum(RUN_LENGTH) // 2)
    if index < _first_shot(seed, block):
        return block - 1
    return block + 1 if index >= _first_shot(seed, block + 1) else block


def _first_shot(seed: int, run: int) -> int:
    if run <= 0:
        return 0
    room = (RUN_LENGTH[1] - RUN_LENGTH[0]) // 4
    return run * (sum(RUN_LENGTH) // 2) + int(shot_generator(seed, run, Stream.RUN_BOUNDARY).integers(-room, room + 1))


@dataclass(frozen=True)
class DataSetSettings:
    """What is drawn once for a data set.

    Attributes:
        frame: hole, gap, pixels and level of the detector.
        beam_spread: standard deviation of the beam position between runs, px.
        stray_factor: on the stray light.
    """

    frame: FixedFrame
    beam_spread: float
    stray_factor: float


@dataclass(frozen=True)
class RunSettings:
    """What is drawn once for a run.

    Attributes:
        number: from 0.
        settings: of the data set.
        photon_energy: eV.
        size: factor on the sizes of droplets.
        gain: counts per photon.
        gamma: exponent of the micro-channel plate.
        blur: standard deviation of the light spread in the phosphor, px.
        gradient: ratio of the efficiencies at the two sides.
        gradient_angle: direction of the more efficient side, radians.
        offset: counts.
        read_noise: counts, standard deviation.
        stray_photons: per pixel of the halo on the beam axis.
        stray_width: of the halo, half widths.
        stray: photons per pixel, shape (size, size).
        geometry: of the detector, with the beam of the run.
    """

    number: int
    settings: DataSetSettings
    photon_energy: float
    size: float
    gain: float
    gamma: float
    blur: float
    gradient: float
    gradient_angle: float
    offset: float
    read_noise: float
    stray_photons: float
    stray_width: float
    stray: Image
    geometry: Geometry


@lru_cache(maxsize=4)
def data_set_settings(kind: Kind, seed: int) -> DataSetSettings:
    """What a data set has in common.

    Args:
        kind: `helium` or `cxidb`.
        seed: of the series of shots.

    Raises:
        ConfigError: another kind.
    """
    rng = shot_generator(seed, 0, Stream.DATA_SET)
    wide, small = WideAngleDetector(), SmallAngleDetector()
    openings = {"helium": (wide.hole, (0, 0)), "cxidb": (small.beam_stop, small.gap)}
    if kind not in openings:
        raise unknown("data set", kind, openings)
    frame = draw_frame(rng, _geometry(kind), *openings[kind])
    return DataSetSettings(frame, rng.uniform(*BEAM_SPREAD), log_uniform(rng, *STRAY_FACTOR))


@lru_cache(maxsize=8)
def run_settings(kind: Kind, seed: int, number: int) -> RunSettings:
    """What the shots of a run have in common.

    Args:
        kind: `helium` or `cxidb`.
        seed: of the series of shots.
        number: of the run.

    Raises:
        ConfigError: another kind.
    """
    settings = data_set_settings(kind, seed)
    rng = shot_generator(seed, number, Stream.RUN)
    ranges = WideAngleDetector() if kind == "helium" else SmallAngleDetector()
    wide = WideAngleDetector()
    energy, gain, stray = (
        (WIDE_ENERGY, WIDE_GAIN, WIDE_STRAY) if kind == "helium" else (SMALL_ENERGY, SMALL_GAIN, SMALL_STRAY)
    )
    row, column = np.clip(settings.beam_spread * rng.standard_normal(2), -BEAM_REACH / 2**0.5, BEAM_REACH / 2**0.5)
    plain = _geometry(kind)
    geometry = Geometry(plain.size, plain.theta_max, stored(row), stored(column))
    photons, width = stored(settings.stray_factor * log_uniform(rng, *stray)), stored(rng.uniform(*wide.halo_width))
    return RunSettings(
        number=number,
        settings=settings,
        photon_energy=stored(rng.uniform(*energy)),
        size=stored(rng.uniform(*SIZE_FACTOR)),
        gain=log_uniform(rng, *gain),
        gamma=rng.uniform(*wide.gamma),
        blur=rng.uniform(*wide.blur),
        gradient=rng.uniform(*wide.gradient),
        gradient_angle=rng.uniform(0, 2 * np.pi),
        offset=max(settings.frame.offset + rng.uniform(-OFFSET_DRIFT, OFFSET_DRIFT), 0.0),
        read_noise=rng.uniform(*ranges.read_noise),
        stray_photons=photons,
        stray_width=width,
        stray=draw_stray(rng, geometry, photons, width),
        geometry=geometry,
    )


def shot_beam(run: RunSettings, rng: np.random.Generator) -> tuple[Geometry, float]:
    """The detector with the beam of a shot, and the factor of the shot on the stray light of its run.

    Args:
        run: of the shot.
        rng: of the detector of the shot.
    """
    away, turn = POINTING * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    whole = run.geometry
    rows = stored(whole.row_shift + away * np.sin(turn))
    columns = stored(whole.column_shift + away * np.cos(turn))
    return Geometry(whole.size, whole.theta_max, rows, columns), stored(rng.uniform(*STRAY_JITTER))


def _geometry(kind: Kind) -> Geometry:
    return Geometry(theta_max=THETA_MAX_WIDE if kind == "helium" else THETA_MAX_SMALL)
