"""How fast patterns are simulated, in how much memory, and whether many cost in proportion."""

from collections.abc import Callable, Sequence

import torch

from airybench.bench.measure import Elapsed, Measurement, elapsed, measurement, peak_memory
from airybench.data.datasets.simulated import BATCH
from airybench.errors import ConfigError
from airybench.physics.simulate import simulate

DATASETS = ("helium", "cxidb")

GOALS = {"helium": {"cpu": 15.0, "cuda": 5000.0}}
"""Patterns per second at 259 px that should be reached: on two cores, and on an H200."""

MEMORY_GOAL = 2000.0
"""MB that no count of patterns may exceed on the CPU."""

OVER = 3
"""The long series holds every shot of the short one this many times, so that both cost the same per shot."""

WARM_UP = 4
SEED = 1612


def bench_simulate(
    *,
    count: int = 64,
    repeats: int = 5,
    device: str | torch.device = "cpu",
    datasets: Sequence[str] = DATASETS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Measurement]:
    """Simulate the first shots of each data set again and again, in batches as a store is filled.

    Args:
        count: shots in one repeat, the same ones in each.
        repeats: how often.
        device: where fields are computed.
        datasets: which.
        progress: handed (repeats done, repeats in all).

    Returns:
        For every data set: patterns per second, and per second that a core worked; time per shot of a series three
        times as long over that of the short one (1 = linear); peak memory of the process; and what the long series
        added to it.

    Raises:
        ConfigError: count or repeats is below 1, or the data set is unknown.
    """
    if count < 1 or repeats < 1:
        raise ConfigError(f"count {count}, repeats {repeats}: at least 1 of each is needed")
    where = torch.device(device)
    found: list[Measurement] = []
    steps, done = len(datasets) * (repeats + 1), 0

    def advance() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    for dataset in datasets:
        shots = list(range(count))
        simulate_batches(dataset, shots[:WARM_UP], where)
        short: list[Elapsed] = []
        for _ in range(repeats):
            short.append(elapsed(lambda: simulate_batches(dataset, shots, where)))  # noqa: B023  (called at once)
            advance()
        before = peak_memory()
        long = elapsed(lambda: simulate_batches(dataset, shots * OVER, where))  # noqa: B023
        advance()
        after = peak_memory()
        goal = GOALS.get(dataset, {}).get(where.type, float("nan"))
        # Other work on the machine takes wall time from some repeats; the cores' own time it leaves alone.
        on_cpu = where.type == "cpu"
        linear = [long.cpu / (OVER * one.cpu) if on_cpu else long.wall / (OVER * one.wall) for one in short]
        found += [
            measurement(dataset, "throughput", "patterns/s", [count / one.wall for one in short], goal=goal),
            measurement(dataset, "throughput of one core", "patterns/s", [count / one.cpu for one in short]),
            measurement(dataset, f"time per shot, {OVER * count} to {count} shots", "ratio", linear),
            measurement(dataset, "peak memory", "MB", [after], goal=MEMORY_GOAL, less_is_better=True),
            measurement(dataset, f"memory added by {OVER * count} shots", "MB", [after - before]),
        ]
        if where.type == "cuda":
            used = torch.cuda.max_memory_allocated(where) / 1e6
            found.append(measurement(dataset, "peak device memory", "MB", [used]))
    return found


def simulate_batches(dataset: str, shots: Sequence[int], device: torch.device) -> None:
    """Simulate shots as a store is filled, and drop them."""
    for start in range(0, len(shots), BATCH):
        simulate(dataset, shots[start : start + BATCH], SEED, device=device)
