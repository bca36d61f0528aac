"""Simulated shots of either data set: the entry point to the simulators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.errors import unknown
from airybench.physics.helium.shot import simulate_helium_shot
from airybench.physics.optics.geometry import IMAGE_SIZE
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES
from airybench.physics.shot import Shot
from airybench.physics.small_angle.shot import simulate_cxidb_shot

__all__ = ["IMAGE_SIZE", "SIMULATOR_VERSION", "SimulatedShots", "class_names", "label_kind", "simulate"]

SIMULATOR_VERSION = 1
"""Part of the file name of every simulated store; it increases whenever the same seed gives other shots."""


@dataclass(frozen=True)
class SimulatedShots:
    """Several simulated shots, in the order in which they were asked for.

    Attributes:
        images: detector counts, shape (N, 259, 259).
        labels: 0/1, shape (N, C).
        photon_energy: eV, shape (N,).
        truth: the parameters of the simulation, each of shape (N,); NaN where a parameter has no meaning for a shot.
            The keys are the same in every call for a data set.
    """

    images: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    photon_energy: NDArray[np.float32]
    truth: dict[str, NDArray[np.float32 | np.int32]]


@dataclass(frozen=True)
class _Simulator:
    """Classes, kind of labels, and the function that simulates one shot."""

    classes: tuple[str, ...]
    label_kind: str
    shot: Callable[[int, int, float, torch.device], Shot]


_SIMULATORS = {
    "helium": _Simulator(HELIUM_CLASSES, "multilabel", simulate_helium_shot),
    "cxidb": _Simulator(CXIDB_CLASSES, "multiclass", simulate_cxidb_shot),
}


def class_names(dataset: str) -> tuple[str, ...]:
    """The classes of a data set, in the order of its label columns.

    >>> class_names("cxidb")
    ('PBCV-1', 'T4', 'Magnetosome', 'Nanorice', 'Background')
    """
    return _simulator(dataset).classes


def label_kind(dataset: str) -> str:
    """`multilabel` if a shot may belong to several classes, `multiclass` if to exactly one.

    >>> label_kind("helium"), label_kind("cxidb")
    ('multilabel', 'multiclass')
    """
    return _simulator(dataset).label_kind


def simulate(
    dataset: str,
    indices: Sequence[int],
    seed: int,
    *,
    balance: float = 0.0,
    device: str | torch.device = "cpu",
) -> SimulatedShots:
    """Simulate shots of a data set.

    Shot i depends on (seed, i, balance) only: it has the same bytes in any batch, order or process, on one kind of
    device with one set of library versions.

    Args:
        dataset: `helium` or `cxidb`.
        indices: numbers of the shots in their series, from 0, in any order.
        seed: of the series of shots.
        balance: smallest probability of every class; 0 keeps the natural frequencies.
        device: where fields are computed.

    Raises:
        ConfigError: the data set is unknown, or no mixture of label sets reaches `balance`.
        InputError: the seed or an index is negative.

    >>> shots = simulate("cxidb", [0, 1], seed=1612)
    >>> shots.images.shape, shots.images.dtype, shots.labels.sum(axis=1).tolist()
    ((2, 259, 259), dtype('uint16'), [1, 1])
    """
    simulator = _simulator(dataset)
    if len(indices) == 0:
        one = simulate(dataset, [0], seed, balance=balance, device=device)
        none = {name: values[:0] for name, values in one.truth.items()}
        return SimulatedShots(one.images[:0], one.labels[:0], one.photon_energy[:0], none)
    where = torch.device(device)
    # One thread: small matrices gain nothing from more, and sums keep their order. `data.datasets.simulation` uses
    # several processes.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        shots = [simulator.shot(seed, int(index), balance, where) for index in indices]
    finally:
        torch.set_num_threads(threads)
    return SimulatedShots(
        images=np.stack([shot.image for shot in shots]),
        labels=np.array([[name in shot.labels for name in simulator.classes] for shot in shots], np.uint8),
        photon_energy=np.array([shot.photon_energy for shot in shots], np.float32),
        truth={
            name: np.array([shot.truth[name] for shot in shots], np.int32 if isinstance(first, int) else np.float32)
            for name, first in shots[0].truth.items()
        },
    )


def _simulator(dataset: str) -> _Simulator:
    if dataset not in _SIMULATORS:
        raise unknown("data set", dataset, _SIMULATORS)
    return _SIMULATORS[dataset]
