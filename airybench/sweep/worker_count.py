"""How many workers train at once on a CPU: by its cores, the memory that is free, and a trial of a second or two."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from airybench.config import SweepConfig, TrialConfig
from airybench.cores import usable_cores
from airybench.data.store.store import Store
from airybench.sweep.cost import network_costs, training_work
from airybench.sweep.forecast import LITTLE_WORK
from airybench.sweep.space import cells, ends
from airybench.sweep.trial_list import TrialList
from airybench.training.step_trial import cut_batch, timed, training_step

WORKER_BYTES = 600e6
"""Memory of a worker besides its network: its libraries, what they allocate, and plots."""

SPARED = 0.8
"""Share of the free memory that workers may take together."""

GAIN = 1.1
"""How much faster more workers have to be than fewer."""

SECONDS_EACH = 0.5
"""Length of the trial of one number of threads."""

MOST = 16
"""More workers than this would mostly wait for the process that records their trials."""


@dataclass(frozen=True)
class WorkerCount:
    """A number of workers and the reason for it.

    Attributes:
        workers: how many.
        reason: in words.
    """

    workers: int
    reason: str


def workers_on_cpu(sweep: SweepConfig, store: Store) -> WorkerCount:
    """How many workers finish the trials of a sweep soonest on this machine.

    Args:
        sweep: base, space, and how much of it is wanted.
        store: the shots.
    """
    cores, trials = usable_cores(), TrialList(sweep).total()
    most = min(cores, trials, MOST)
    if most < 2:
        return WorkerCount(1, "one core" if cores < 2 else "one trial")
    found = cells(ends(sweep))
    costs = network_costs(found, len(store.class_names))
    works = [training_work(cell, costs[cell.digest], store.count) for cell in found]
    if sum(works) / len(works) * trials < LITTLE_WORK:
        return WorkerCount(1, "less than a minute of work")
    largest = found[max(range(len(found)), key=works.__getitem__)].config
    rates, network = _tried(largest, len(store.class_names), _numbers(most), cores)
    fitting = max(1, int(SPARED * free_memory() / (WORKER_BYTES + network)))
    return fastest({number: rate for number, rate in rates.items() if number <= fitting}, fitting)


def fastest(rates: dict[int, float], fitting: int) -> WorkerCount:
    """The number of workers that is worth it.

    Args:
        rates: steps per second of all workers together, by their number; that of one is among them.
        fitting: how many the memory takes.

    >>> fastest({1: 10.0, 2: 14.0, 4: 15.0}, 40)
    WorkerCount(workers=2, reason='1.4 times as fast as one; memory for 40')
    """
    best = 1
    for number in sorted(rates):
        if rates[number] >= GAIN * rates[best]:
            best = number
    if best == 1:
        more = max((rate for number, rate in rates.items() if number > 1), default=0.0) / rates[1]
        why = f"{more:.2g} times as fast with more" if more else "no memory for more"
        return WorkerCount(1, why)
    return WorkerCount(best, f"{rates[best] / rates[1]:.2g} times as fast as one; memory for {fitting}")


def free_memory() -> float:
    """Bytes that this process may still take: of the machine, or of its container where that has less."""
    free = float(psutil.virtual_memory().available)
    folder = Path("/sys/fs/cgroup")
    try:
        limit, used = ((folder / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
        return min(free, float(limit) - float(used)) if limit != "max" else free
    except (OSError, ValueError):
        return free  # no container, or none that says so


def _numbers(most: int) -> list[int]:
    """1, 2, 4 ... and the most, which need not be a power of two."""
    return sorted({1 << bit for bit in range(most.bit_length()) if 1 << bit <= most} | {most})


def _tried(config: TrialConfig, classes: int, numbers: list[int], cores: int) -> tuple[dict[int, float], float]:
    """Steps per second of so many workers with the cores shared out among them, and the bytes that a step takes.

    One worker is timed, and the others are taken to be as fast.
    """
    process, threads = psutil.Process(), torch.get_num_threads()
    before = process.memory_info().rss
    config = cut_batch(config.replace({"compile": False}), classes)
    with torch.random.fork_rng(devices=[]):
        step = training_step(config, classes, torch.device("cpu"))
        rates = {}
        try:
            for number in numbers:
                torch.set_num_threads(max(1, cores // number))
                rates[number] = number * _rate(step)
        finally:
            torch.set_num_threads(threads)
    return rates, max(0.0, float(process.memory_info().rss - before))


def _rate(step: Callable[[], None]) -> float:
    step()  # warms up
    taken = timed(step, SECONDS_EACH)
    return len(taken) / sum(taken)
