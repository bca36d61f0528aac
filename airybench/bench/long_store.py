"""A store as long as a benchmark needs, from few simulated shots."""

from pathlib import Path

import numpy as np

from airybench.config import DataConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter

MOST_SIMULATED = 1024
"""Shots that are simulated for a longer store, which repeats them: its cost per shot is the same."""


def long_store(count: int, config: DataConfig, folder: Path) -> Store:
    """Helium shots, simulated on first use.

    Args:
        count: number of shots.
        config: seed and simulator.
        folder: where a store of more than MOST_SIMULATED shots is written, under a name of its own.
    """
    simulated = open_dataset(
        "helium", count=min(count, MOST_SIMULATED), seed=config.data_seed, simulator=config.simulator
    )
    if simulated.count == count:
        return simulated
    header = StoreHeader("helium", simulated.class_names, simulated.label_kind, "simulated", simulated.counts_rule)
    images, labels, energy = simulated.read_images(), simulated.labels(), simulated.photon_energy()
    with StoreWriter(folder / f"helium-{count}.h5", header, mask=simulated.mask(), expected=count) as writer:
        for first in range(0, count, simulated.count):
            part = slice(min(simulated.count, count - first))
            writer.append(
                images[part], ids=np.arange(first, first + len(images[part])), photon_energy=energy[part],
                labels=labels[part],
            )  # fmt: skip
    return Store.open(writer.path)
