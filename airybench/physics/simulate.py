"""Simulated shots of either data set: the entry point to the simulators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.errors import ConfigError, unknown
from airybench.physics.helium.conditions import helium_shot as natural_helium_shot
from airybench.physics.helium.shot import helium_shot
from airybench.physics.label_bits import TRUE_LABELS, unpacked
from airybench.physics.optics.geometry import IMAGE_SIZE
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES, draw_cxidb_class, draw_helium_labels
from airybench.physics.run_conditions import small_angle_conditions, wide_angle_conditions
from airybench.physics.runs import run_of
from airybench.physics.shot import Shot
from airybench.physics.small_angle.natural import natural_cxidb_shot
from airybench.physics.small_angle.shot import cxidb_shot
from airybench.provenance import SIMULATOR_VERSION, SIMULATOR_VERSIONS

__all__ = [
    "IMAGE_SIZE",
    "SimulatedShots",
    "check_series",
    "class_names",
    "label_kind",
    "simulate",
]

_Labels = frozenset[str]


@dataclass(frozen=True)
class SimulatedShots:
    """Several simulated shots, in the order in which they were asked for.

    Attributes:
        images: detector counts, shape (N, 259, 259).
        labels: 0/1, shape (N, C).
        photon_energy: eV, shape (N,).
        truth: the parameters of the simulation, each of shape (N,); NaN where a parameter has no meaning for a shot.
            The keys are the same in every call for a data set and version.
        groups: numbers of the runs, shape (N,); 0 in version 1, which has none.
        true_labels: what is true where `labels` are what a person writes, 0/1, shape (N, C); the same as `labels` in
            version 1.
    """

    images: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    photon_energy: NDArray[np.float32]
    truth: dict[str, NDArray[np.float32 | np.int32]]
    groups: NDArray[np.int32]
    true_labels: NDArray[np.uint8]


@dataclass(frozen=True)
class _Simulator:
    """Classes, kind of labels, and the functions that draw labels and simulate a shot with them, by version."""

    classes: tuple[str, ...]
    label_kind: str
    draw: Callable[[np.random.Generator, float, float | None], _Labels]
    shots: dict[int, Callable[[_Labels, int, int, torch.device], Shot]]


def _cxidb_labels(rng: np.random.Generator, balance: float, hit_rate: float | None) -> _Labels:
    return frozenset({draw_cxidb_class(rng, balance, hit_rate)})


def _cxidb_1(labels: _Labels, seed: int, index: int, device: torch.device) -> Shot:
    (name,) = labels
    return cxidb_shot(name, seed, index, device)


def _cxidb_2(labels: _Labels, seed: int, index: int, device: torch.device) -> Shot:
    (name,) = labels
    return natural_cxidb_shot(name, small_angle_conditions(seed, index), seed, index, device)


def _helium_2(labels: _Labels, seed: int, index: int, device: torch.device) -> Shot:
    return natural_helium_shot(labels, wide_angle_conditions(seed, index), seed, index, device)


_SIMULATORS = {
    "helium": _Simulator(HELIUM_CLASSES, "multilabel", draw_helium_labels, {1: helium_shot, 2: _helium_2}),
    "cxidb": _Simulator(CXIDB_CLASSES, "multiclass", _cxidb_labels, {1: _cxidb_1, 2: _cxidb_2}),
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


def check_series(dataset: str, version: int, balance: float, hit_rate: float | None) -> None:
    """Refuse what cannot be simulated before anything is; arguments and errors as those of `simulate`."""
    draw = _simulator(dataset).draw
    if version not in SIMULATOR_VERSIONS:
        known = ", ".join(map(str, SIMULATOR_VERSIONS))
        raise ConfigError(f"simulator version {version} found; one of {known} is needed.")
    draw(np.random.default_rng(0), balance, hit_rate)


def simulate(
    dataset: str,
    indices: Sequence[int],
    seed: int,
    *,
    version: int = SIMULATOR_VERSION,
    balance: float = 0.0,
    hit_rate: float | None = None,
    device: str | torch.device = "cpu",
) -> SimulatedShots:
    """Simulate shots of a data set.

    Shot i depends on (seed, i, version, balance, hit_rate) only: it has the same bytes in any batch, order or process,
    on one kind of device with one set of library versions.

    Args:
        dataset: `helium` or `cxidb`.
        indices: numbers of the shots in their series, from 0, in any order.
        seed: of the series of shots.
        version: of the simulator, 1 or 2.
        balance: smallest probability of every class; 0 keeps the natural frequencies.
        hit_rate: share of shots that are neither Empty nor Background; None keeps the natural one.
        device: where fields are computed.

    Raises:
        ConfigError: the data set or the version is unknown, no mixture of label sets reaches `balance`, or the hit
            rate is no probability or is given beside `balance`.
        InputError: the seed or an index is negative.

    >>> shots = simulate("cxidb", [0, 1], seed=1612)
    >>> shots.images.shape, shots.images.dtype, shots.labels.sum(axis=1).tolist()
    ((2, 259, 259), dtype('uint16'), [1, 1])
    """
    check_series(dataset, version, balance, hit_rate)
    simulator = _simulator(dataset)
    if len(indices) == 0:
        return _none(simulate(dataset, [0], seed, version=version, device=device))
    where = torch.device(device)

    def shot(index: int) -> Shot:
        labels = simulator.draw(shot_generator(seed, index, Stream.LABELS), balance, hit_rate)
        return simulator.shots[version](labels, seed, index, where)

    # One thread: small matrices gain nothing from more, and sums keep their order. `data.datasets.simulation` uses
    # several processes.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        shots = [shot(int(index)) for index in indices]
    finally:
        torch.set_num_threads(threads)
    labels = np.array([[name in shot.labels for name in simulator.classes] for shot in shots], np.uint8)
    truth: dict[str, NDArray[np.float32 | np.int32]] = {
        name: np.array([shot.truth[name] for shot in shots], np.int32 if isinstance(first, int) else np.float32)
        for name, first in shots[0].truth.items()
    }
    bits = truth.get(TRUE_LABELS)
    return SimulatedShots(
        images=np.stack([shot.image for shot in shots]),
        labels=labels,
        photon_energy=np.array([shot.photon_energy for shot in shots], np.float32),
        truth=truth,
        groups=np.array([run_of(seed, int(index)) if version > 1 else 0 for index in indices], np.int32),
        true_labels=labels if bits is None else unpacked(bits, len(simulator.classes)),
    )


def _none(one: SimulatedShots) -> SimulatedShots:
    """No shots, in the form of one."""
    truth = {name: values[:0] for name, values in one.truth.items()}
    return SimulatedShots(
        one.images[:0], one.labels[:0], one.photon_energy[:0], truth, one.groups[:0], one.true_labels[:0]
    )


def _simulator(dataset: str) -> _Simulator:
    if dataset not in _SIMULATORS:
        raise unknown("data set", dataset, _SIMULATORS)
    return _SIMULATORS[dataset]
