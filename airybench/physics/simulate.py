"""Simulated shots of either data set: the one entry point for whoever stores them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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

__all__ = ["IMAGE_SIZE", "SIMULATOR_VERSION", "Shots", "class_names", "label_kind", "simulate"]

SIMULATOR_VERSION = 1
"""Part of every simulated store's name; goes up when the same seed gives other shots."""


@dataclass(frozen=True)
class Shots:
    """Simulated shots, in the order asked for.

    Attributes:
        images: detector counts, shape (N, 259, 259).
        labels: 1 where a class holds, shape (N, C).
        photon_energy: eV, shape (N,).
        truth: the parameters behind each shot, each of shape (N,); NaN where a parameter has no meaning for a shot. The
            keys are the same for every call on a data set.
    """

    images: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    photon_energy: NDArray[np.float32]
    truth: dict[str, NDArray[np.float32 | np.int32]]


@dataclass(frozen=True)
class _DataSet:
    classes: tuple[str, ...]
    label_kind: str
    shot: Callable[[int, int, float, torch.device], Shot]


_DATA_SETS = {
    "helium": _DataSet(HELIUM_CLASSES, "multilabel", simulate_helium_shot),
    "cxidb": _DataSet(CXIDB_CLASSES, "multiclass", simulate_cxidb_shot),
}


def class_names(dataset: str) -> tuple[str, ...]:
    """The classes of a data set, in the order of its label columns."""
    return _data_set(dataset).classes


def label_kind(dataset: str) -> str:
    """`multilabel` where classes may hold together, `multiclass` where exactly one does."""
    return _data_set(dataset).label_kind


def simulate(
    dataset: str,
    indices: Sequence[int],
    seed: int,
    *,
    balance: float = 0.0,
    device: str | torch.device = "cpu",
) -> Shots:
    """Simulate the shots of the given numbers.

    Shot i depends on (seed, i, balance) only: the same bytes in any batch, order or process, on one kind of device and
    one set of library versions.

    Args:
        dataset: `helium` or `cxidb`.
        indices: which shots; any whole numbers from 0, in any order.
        seed: which series of shots.
        balance: every class is drawn with at least this probability; 0 keeps the natural frequencies.
        device: where fields are computed.

    Raises:
        ConfigError: the data set is unknown, or `balance` cannot be reached.
        InputError: seed or an index is negative.
    """
    kind = _data_set(dataset)
    if len(indices) == 0:
        one = simulate(dataset, [0], seed, balance=balance, device=device)
        none = {name: values[:0] for name, values in one.truth.items()}
        return Shots(one.images[:0], one.labels[:0], one.photon_energy[:0], none)
    where = torch.device(device)
    # One thread a shot and none inside: small matrices gain nothing from threads, and sums keep their order.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            shots = list(pool.map(lambda index: kind.shot(seed, int(index), balance, where), indices))
    finally:
        torch.set_num_threads(threads)
    return Shots(
        images=np.stack([shot.image for shot in shots]),
        labels=np.array([[name in shot.labels for name in kind.classes] for shot in shots], np.uint8),
        photon_energy=np.array([shot.photon_energy for shot in shots], np.float32),
        truth={
            name: np.array([shot.truth[name] for shot in shots], np.int32 if isinstance(first, int) else np.float32)
            for name, first in shots[0].truth.items()
        },
    )


def _data_set(dataset: str) -> _DataSet:
    if dataset not in _DATA_SETS:
        raise unknown("data set", dataset, _DATA_SETS)
    return _DATA_SETS[dataset]
