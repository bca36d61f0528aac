"""The noise-free patterns of simulated shots, made again from the truth that a store holds."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.store import Store
from airybench.errors import DataError

NEEDED = ("absorption", "refraction", "newton_shape", "row_shift", "column_shift")
"""Columns of the truth that tell whether it says everything: those that the first version of the simulator lacks."""


def noise_free_patterns(store: Store, rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """The intensity that each of some shots was drawn from, on the pixels of its image.

    It has the scale of the field; the photons of the shot are `/truth/photons`. On the kind of device that the store
    was simulated on, arrays are equal to those of the simulation.

    Args:
        store: helium shots of version 2 of the simulator.
        rows: of the store, shape (n,).

    Yields:
        float32, shape (H, W), zero for an empty shot.

    Raises:
        DataError: the store does not say everything that a pattern depends on.
    """
    from airybench.physics.helium.rebuild import pattern_from_truth  # imports torch

    truth = store.columns("truth")
    missing = [name for name in NEEDED if name not in truth]
    if missing:
        raise DataError(
            f"{store.path}: its truth lacks {', '.join(missing)}, so that patterns cannot be made again",
            "give helium shots of version 2 of the simulator",
        )
    energy = store.photon_energy()
    for row in rows.tolist():
        yield pattern_from_truth({name: values[row] for name, values in truth.items()}, float(energy[row]))
