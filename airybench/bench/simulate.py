"""How fast patterns are simulated, in how much memory, and whether time is proportional to their number."""

from collections.abc import Callable, Sequence

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
from airybench.physics.simulate import simulate
from airybench.reporter import SILENT, Reporter

DATASETS = ("helium", "cxidb")

GOALS = {"helium": {"cpu": 15.0, "cuda": 5000.0}}
"""Patterns per second of 259 x 259 px to reach on two cores, and on an H200."""

MEMORY_GOAL = 2000.0
"""MB that no number of patterns may exceed on the CPU."""

OVER = 3
"""The long series repeats every shot of the short one this often, so that both cost the same per shot."""

WARM_UP = 4  # shots


def bench_simulate(
    *,
    count: int = 64,
    repeats: int = 5,
    device: torch.device,
    datasets: Sequence[str] = DATASETS,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Simulate the first shots of each data set repeatedly, in batches as a store is filled.

    Args:
        count: shots in one repeat, the same in each.
        repeats: number of repeats.
        device: where fields are computed.
        datasets: names of the data sets.
        reporter: shows progress.

    Returns:
        For every data set: patterns per second, also per second of a core's work; time per shot of a series three times
        as long over that of the short one (1 is linear); peak memory of the process; and what the long series added.

    Raises:
        ConfigError: count or repeats is below 1, or a data set is unknown.
    """
    require_at_least(count=(count, 1), repeats=(repeats, 1))
    found: list[Measurement] = []
    with counted_steps(reporter, "simulating", len(datasets) * (repeats + 1)) as advance:
        for dataset in datasets:
            found += _one_dataset(dataset, count, repeats, device, advance)
    return found


def _one_dataset(
    dataset: str, count: int, repeats: int, device: torch.device, advance: Callable[[], None]
) -> list[Measurement]:
    shots = list(range(count))
    simulate_batches(dataset, shots[:WARM_UP], device)
    short: list[Elapsed] = []
    for _ in range(repeats):
        short.append(elapsed(lambda: simulate_batches(dataset, shots, device)))
        advance()
    before = peak_memory()
    long = elapsed(lambda: simulate_batches(dataset, shots * OVER, device))
    advance()
    after = peak_memory()
    goal = GOALS.get(dataset, {}).get(device.type, float("nan"))
    # Other work on the machine changes the wall time of some repeats, but not the time that the cores worked.
    on_cpu = device.type == "cpu"
    linear = [long.cpu / (OVER * one.cpu) if on_cpu else long.wall / (OVER * one.wall) for one in short]
    found = [
        measurement(dataset, "throughput", "patterns/s", [count / one.wall for one in short], goal=goal),
        measurement(dataset, "throughput of one core", "patterns/s", [count / one.cpu for one in short]),
        measurement(dataset, f"time per shot, {OVER * count} to {count} shots", "ratio", linear),
        measurement(dataset, "peak memory", "MB", [after], goal=MEMORY_GOAL, less_is_better=True),
        measurement(dataset, f"memory added by {OVER * count} shots", "MB", [after - before]),
    ]
    if device.type == "cuda":
        used = torch.cuda.max_memory_allocated(device) / 1e6
        found.append(measurement(dataset, "peak device memory", "MB", [used]))
    return found


def simulate_batches(dataset: str, shots: Sequence[int], device: torch.device) -> None:
    """Simulate shots in batches, as a store is filled, and discard them."""
    for start in range(0, len(shots), BATCH):
        simulate(dataset, shots[start : start + BATCH], SEED, device=device)
