"""A simulated shot of version 2 as another run would have recorded it: the same particles, another beam."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from airybench.physics.helium.rebuild import pattern_from_truth
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.run_conditions import (
    SmallAngleConditions,
    WideAngleConditions,
    small_angle_conditions,
)
from airybench.physics.runs import Kind, RunSettings, run_settings, shot_beam
from airybench.physics.small_angle.natural import draw_scene


def helium_in_run(
    truth: Mapping[str, float], photon_energy: float, seed: int, index: int, run: int
) -> NDArray[np.uint16]:
    """The counts of a helium shot under the conditions of a run.

    Droplets, photon energy and photon number stay; the beam, the gain, the response of the plate, the blur, the
    gradient, the offset, the noise and the stray light are those of the run. The pointing of the shot and its noise
    take the same random numbers as before, so that its own run gives the shot itself.

    Args:
        truth: of the shot, as in `/truth`.
        photon_energy: of the shot, eV.
        seed: of its series.
        index: its number in the series.
        run: number of the run.

    Returns:
        uint16, shape (259, 259).
    """
    conditions = WideAngleConditions(*_setting("helium", seed, index, run))
    shifts = {"row_shift": conditions.geometry.row_shift, "column_shift": conditions.geometry.column_shift}
    pattern = pattern_from_truth({**truth, **shifts}, photon_energy)
    return conditions.detect(pattern, float(truth["photons"]), shot_generator(seed, index, Stream.NOISE))


def small_angle_in_run(name: str, truth: Mapping[str, float], seed: int, index: int, run: int) -> NDArray[np.uint16]:
    """The counts of a small-angle shot under the conditions of a run; `name` is its label, the rest as for helium."""
    conditions = SmallAngleConditions(*_setting("cxidb", seed, index, run))
    moved = replace(small_angle_conditions(seed, index), geometry=conditions.geometry)  # keeps the photon energy
    pattern = draw_scene(name, moved, seed, index).pattern
    return conditions.detect(pattern, float(truth["photons"]), shot_generator(seed, index, Stream.NOISE))


def _setting(kind: Kind, seed: int, index: int, run: int) -> tuple[RunSettings, Geometry, float]:
    """The run, and the beam and the factor on the stray light of the shot in it."""
    settings = run_settings(kind, seed, run)
    return settings, *shot_beam(settings, shot_generator(seed, index, Stream.DETECTOR))
