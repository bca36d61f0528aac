"""How fast patterns are simulated, in how much memory, and whether time is proportional to their number."""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import torch

from airybench.bench.measure import (
    Elapsed,
    Measurement,
    counted_steps,
    elapsed,
    measurement,
    require_at_least,
)
from airybench.bench.memory import peak_memory
from airybench.config import SEED
from airybench.data.datasets.simulated import BATCH
from airybench.data.datasets.simulation import SimulationProcesses, processes_for
from airybench.physics.simulate import SimulatedShots, simulate
from airybench.provenance import SIMULATOR_VERSION
from airybench.reporter import SILENT, Reporter

DATASETS = ("helium", "cxidb")

GOALS = {"helium": {"cpu": 15.0, "cuda": 5000.0}}
"""Patterns per second of 259 x 259 px to reach on two cores, and on an H200."""

MEMORY_GOAL = 2000.0
"""MB that no number of patterns may exceed on the CPU."""

PROCESS_MEMORY_GOAL = 700.0
"""MB that each of several processes may add."""

PROCESSES_GOAL = 0.9
"""Speed of N processes, relative to N times that of one."""

OVER = 3
"""The long series repeats every shot of the short one this often, so that both cost the same per shot."""

WARM_UP = 4  # shots


@dataclass(frozen=True)
class _Series:
    """The shots of one repeat.

    Attributes:
        dataset: `helium` or `cxidb`.
        count: number of shots.
        repeats: number of repeats.
        device: where fields are computed.
        simulator: version of the simulator.
    """

    dataset: str
    count: int
    repeats: int
    device: torch.device
    simulator: int

    def alone(self, times: int = 1) -> Elapsed:
        """Simulate the shots some times over in this process."""
        return elapsed(
            lambda: simulate_batches(self.dataset, list(range(self.count)) * times, self.device, self.simulator)
        )

    def together(self, pool: SimulationProcesses, number: int) -> Elapsed:
        """Simulate the shots once for every process, so that each has the work of this process alone."""
        batches = _batches(list(range(self.count)) * number)
        return elapsed(lambda: [None for _ in pool.simulate(self.simulate, batches)])

    @property
    def simulate(self) -> Callable[[Sequence[int]], SimulatedShots]:
        """Simulates a batch."""
        return partial(simulate, self.dataset, seed=SEED, version=self.simulator, device=self.device)


def bench_simulate(
    *,
    count: int = 64,
    repeats: int = 5,
    device: torch.device,
    processes: int | None = None,
    datasets: Sequence[str] = DATASETS,
    simulator: int = SIMULATOR_VERSION,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Simulate the first shots of each data set repeatedly, in batches as a store is filled, in one process and in N.

    Args:
        count: shots in one repeat, the same in each.
        repeats: number of repeats.
        device: where fields are computed.
        processes: number of processes to compare with one; by default one per core that this process may use.
        datasets: names of the data sets.
        simulator: version of the simulator.
        reporter: shows progress.

    Returns:
        For every data set: patterns per second, also per second of a core's work; time per shot of a series three times
        as long over that of the short one (1 is linear); peak memory of the process; and what the long series added.
        For N processes, in which every one simulates as many shots: patterns per second, the ratio to one process in
        the same repeat; and the memory that the largest adds.

    Raises:
        ConfigError: count, repeats or processes is below 1, or a data set or version is unknown.
    """
    require_at_least(count=(count, 1), repeats=(repeats, 1))
    number = processes_for(sys.maxsize, processes)
    found: list[Measurement] = []
    steps = len(datasets) * (repeats * min(number, 2) + 1)
    with counted_steps(reporter, "simulating", steps) as advance:
        for dataset in datasets:
            found += _one_dataset(_Series(dataset, count, repeats, device, simulator), number, advance)
    return found


def _one_dataset(series: _Series, number: int, advance: Callable[[], None]) -> list[Measurement]:
    dataset, count, device = series.dataset, series.count, series.device
    simulate_batches(dataset, range(WARM_UP), device, series.simulator)
    alone: list[Elapsed] = []
    together: list[Elapsed] = []
    memory = 0
    with SimulationProcesses(number) if number > 1 else nullcontext() as pool:
        if pool:
            list(pool.simulate(series.simulate, [range(WARM_UP)] * number))  # one for each process
        for _ in range(series.repeats):
            alone.append(series.alone())
            advance()
            if pool:
                together.append(series.together(pool, number))
                advance()
        if pool:
            memory = max(pool.memory)
    before = peak_memory()
    long = series.alone(OVER)
    advance()
    after = peak_memory()
    goal = GOALS.get(dataset, {}).get(device.type, float("nan"))
    # Other work on the machine changes the wall time of some repeats, but not the time that the cores worked.
    on_cpu = device.type == "cpu"
    linear = [long.cpu / (OVER * one.cpu) if on_cpu else long.wall / (OVER * one.wall) for one in alone]
    found = [
        measurement(dataset, "throughput", "patterns/s", [count / one.wall for one in alone], goal=goal),
        measurement(dataset, "throughput of one core", "patterns/s", [count / one.cpu for one in alone]),
        measurement(dataset, f"time per shot, {OVER * count} to {count} shots", "ratio", linear),
        measurement(dataset, "peak memory", "MB", [after], goal=MEMORY_GOAL, less_is_better=True),
        measurement(dataset, f"memory added by {OVER * count} shots", "MB", [after - before]),
    ]
    if together:
        name = f"{number} processes"
        ratios = [number * one.wall / many.wall for one, many in zip(alone, together, strict=True)]
        speeds = [number * count / many.wall for many in together]
        found += [
            measurement(dataset, f"throughput, {name}", "patterns/s", speeds),
            measurement(dataset, f"speed of {name} to one", "ratio", ratios, goal=PROCESSES_GOAL * number),
            measurement(
                dataset, "memory added by each", "MB", [memory / 1e6], goal=PROCESS_MEMORY_GOAL, less_is_better=True
            ),
        ]
    if device.type == "cuda":
        used = torch.cuda.max_memory_allocated(device) / 1e6
        found.append(measurement(dataset, "peak device memory", "MB", [used]))
    return found


def simulate_batches(
    dataset: str, shots: Sequence[int], device: torch.device, simulator: int = SIMULATOR_VERSION
) -> None:
    """Simulate shots in batches, as a store is filled, and discard them."""
    for batch in _batches(shots):
        simulate(dataset, batch, SEED, version=simulator, device=device)


def _batches(shots: Sequence[int]) -> list[Sequence[int]]:
    return [shots[start : start + BATCH] for start in range(0, len(shots), BATCH)]
