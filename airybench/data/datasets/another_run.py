"""The shots of a simulated store as runs that are not in it would have recorded them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.store import Store

FIRST_WITH_RUNS = 2
"""Version of the simulator from which on there are runs."""


@dataclass(frozen=True)
class OtherRuns:
    """Detects simulated shots again.

    Attributes:
        store: shots of version 2 of a simulator.
        truth: its columns.
        energy: photon energy, eV, shape (N,).
        ids: numbers in the series, shape (N,).
        runs: of the shots, shape (N,).
        names: label of each small-angle shot; empty for helium.
        seed: of the series.
    """

    store: Store
    truth: Mapping[str, NDArray[Any]]
    energy: NDArray[np.float32]
    ids: NDArray[np.int64]
    runs: NDArray[np.int32]
    names: tuple[str, ...]
    seed: int

    @classmethod
    def of(cls, store: Store) -> "OtherRuns | str":
        """What detects the shots of a store again, or why that cannot be done."""
        if not store.simulated:
            return "the shots are measured, and what they would be in another run is not known"
        if store.simulator < FIRST_WITH_RUNS:
            return f"version {store.simulator} of the simulator has no runs"
        truth, ids = store.columns("truth"), store.ids()
        small = "particle_class" in truth
        if store.seed is None or ids.dtype.kind not in "iu" or not ("newton_shape" in truth or small):
            return "the store does not say how its shots were drawn"
        names = tuple(store.class_names[one] for one in store.labels().argmax(axis=1)) if small else ()
        return cls(store, truth, store.photon_energy(), ids.astype(np.int64), store.groups(), names, store.seed)

    def counts(self, rows: NDArray[np.int64], steps: int) -> NDArray[np.uint16]:
        """Shots as other runs of the same data set would have recorded them: one other run for each run.

        Args:
            rows: of the store, shape (n,).
            steps: how many times as many runs as the store has the other run comes later in the series; 0 gives the
                shots themselves.

        Returns:
            Shape (n, H, W).
        """
        from airybench.physics.another_run import helium_in_run, small_angle_in_run  # imports torch

        later, counts = steps * (int(self.runs.max()) + 1), []
        for row in rows.tolist():
            truth = {name: float(values[row]) for name, values in self.truth.items()}
            place = (self.seed, int(self.ids[row]), int(self.runs[row]) + later)
            if self.names:
                counts.append(small_angle_in_run(self.names[row], truth, *place))
            else:
                counts.append(helium_in_run(truth, float(self.energy[row]), *place))
        return np.stack(counts) if counts else np.empty((0, *self.store.image_shape), np.uint16)
