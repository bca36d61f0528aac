"""The noise-free pattern of a small-angle shot, made again from its series and compared with its truth."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.errors import DataError
from airybench.physics.optics.detector import draw_small_angle
from airybench.physics.optics.geometry import THETA_MAX_SMALL, Geometry
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import CXIDB_CLASSES
from airybench.physics.run_conditions import small_angle_conditions
from airybench.physics.shot import Truth
from airybench.physics.small_angle.natural import draw_scene
from airybench.physics.small_angle.shot import particle_pattern


def pattern_again(
    name: str, truth: Mapping[str, float], series: tuple[int, int, int], device: str | torch.device = "cpu"
) -> NDArray[np.float32]:
    """The noise-free pattern of a shot, on the pixels of its image.

    Edges and gaps of a chain of cubes are not in the truth: all random numbers are drawn again, and what the truth does
    hold must come out of them.

    Args:
        name: its class, as it is labelled.
        truth: one value for each parameter, as in `/truth`.
        series: version of the simulator, seed, and number of the shot.
        device: where fields are computed; another kind than that of the simulation may differ in the last bits.

    Returns:
        Intensity on the scale of the field, float32, shape (259, 259); zero for a shot without a particle.

    Raises:
        DataError: the truth is that of another shot.
    """
    version, seed, index = series
    found: Truth
    if version > 1:
        scene = draw_scene(name, small_angle_conditions(seed, index), seed, index, device)
        pattern, found = scene.pattern, scene.truth | {"particle_class": CXIDB_CLASSES.index(scene.true)}
    else:
        settings = draw_small_angle(shot_generator(seed, index, Stream.DETECTOR), Geometry(theta_max=THETA_MAX_SMALL))
        pattern, found = particle_pattern(
            name, shot_generator(seed, index, Stream.PARAMETERS), settings.geometry, device
        )
        found = found | {"particle_class": CXIDB_CLASSES.index(name)}
    for key, value in found.items():
        if not np.array_equal(np.float32(truth.get(key, np.inf)), np.float32(value), equal_nan=True):
            raise DataError(
                f"shot {index} of seed {seed}, version {version}: its truth has {key} {truth.get(key)}, its random "
                f"numbers give {value:g}",
                "give a store that `data simulate` made with this version of airybench",
            )
    return pattern
