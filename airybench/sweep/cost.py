"""The cost of a sweep before it starts: parameters, work and time of every cell."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch

from airybench.config import DataConfig, TrialConfig
from airybench.data.split.split import SHARES
from airybench.data.store.store import Store
from airybench.inference.stress import CHANGES, stress_plan
from airybench.networks.build import build
from airybench.networks.cost import Cost, cost
from airybench.sweep.space import Cell
from airybench.training.loss import cross_entropy

STEP_WORK = 3.0  # forward and backward of a step over the forward alone
PROBE_SHOTS = 4
PROBE_WORK = 2e10  # multiply-adds of a forward pass worth timing: tenths of a second on two cores


@dataclass(frozen=True)
class CellCost:
    """Cost of one cell.

    Attributes:
        cell: the cell.
        cost: size of its network.
        seconds: estimated time of one training.
    """

    cell: Cell
    cost: Cost
    seconds: float


def cell_costs(cells: Sequence[Cell], shots: int, classes: int, device: torch.device) -> list[CellCost]:
    """Estimate the time of every cell from one timed step of the smallest network of each architecture.

    Args:
        cells: the cells of a sweep.
        shots: shots in the data set.
        classes: classes in it.
        device: where it would run.

    Returns:
        The cost of each cell; times are good to a factor of about two, as larger networks use a device better.
    """
    costs = network_costs(cells, classes)
    rates: dict[str, float] = {}
    for cell in sorted(cells, key=lambda c: costs[c.digest].multiply_adds):
        arch = cell.config.network.arch
        if arch not in rates:
            rates[arch] = _rate(cell.config, costs[cell.digest], classes, device)
    return [
        CellCost(
            cell,
            costs[cell.digest],
            training_work(cell, costs[cell.digest], shots) / rates[cell.config.network.arch],
        )
        for cell in cells
    ]


def network_costs(cells: Sequence[Cell], classes: int) -> dict[str, Cost]:
    """Size of the network of every cell, by the cell's digest; cells that differ in no size are counted once."""
    counted: dict[tuple[object, ...], Cost] = {}
    costs = {}
    for cell in cells:
        network, data = cell.config.network, cell.config.data
        shape = (data.image_size, data.channels)
        key = (network.arch, network.depth, network.log_activation, network.head_width, network.batch_norm, *shape)
        if key not in counted:
            counted[key] = cost(network, data.image_size, classes, data.channels)
        costs[cell.digest] = counted[key]
    return costs


def training_work(cell: Cell, size: Cost, shots: int) -> float:
    """Multiply-adds of one training of a cell that no patience ends; val is evaluated forward only."""
    trained, evaluated, _ = shares(cell.config.data)
    how = cell.config.training
    evaluations = ceil(how.epochs / how.evaluate_every)
    passes = how.epochs * trained * cell.config.data.fraction * STEP_WORK + evaluations * evaluated
    return size.multiply_adds * shots * passes


def stress_work(cell: Cell, size: Cost, shots: int) -> float:
    """Multiply-adds of predicting the test shots under every change of the detector in every strength."""
    cases = sum(sum(strength > 0 for strength in strengths) for strengths in stress_plan().values())
    return size.multiply_adds * shots * shares(cell.config.data)[2] * cases


def change_seconds(store: Store) -> float:
    """Seconds of processor time that all changes of the detector take for one shot, from a few shots of a store."""
    some = np.arange(min(PROBE_SHOTS, store.count))
    counts, ids = store.read_images(some), store.ids()[some]
    began = time.process_time()
    for name, strengths in stress_plan().items():
        for strength in strengths:
            CHANGES[name](counts, ids, strength)
    return (time.process_time() - began) / len(some)


def shares(data: DataConfig) -> tuple[float, float, float]:
    """Shares of the shots in train, val and test, as nearly as the data allow.

    >>> shares(DataConfig(folds=5))
    (0.6, 0.2, 0.2)
    """
    if not data.fold_count:
        return SHARES
    return 1 - 2 / data.fold_count, 1 / data.fold_count, 1 / data.fold_count


def _rate(config: TrialConfig, size: Cost, classes: int, device: torch.device) -> float:
    """Multiply-adds per second, counting the forward pass, in training steps of this network."""
    side, channels = config.data.image_size, config.data.channels
    network = build(config.network, classes, side, channels).to(device).train()
    batch = max(2, min(config.training.batch_size, int(PROBE_WORK / size.multiply_adds)))
    images = torch.rand(batch, channels, side, side, device=device)
    labels = torch.zeros(batch, classes, device=device)
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        loss = cross_entropy(network(images), labels)
        torch.autograd.backward(loss)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - began)
        network.zero_grad(set_to_none=True)
    return size.multiply_adds * batch * STEP_WORK / best
