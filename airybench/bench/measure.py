"""What every benchmark shares: timing, peak memory, progress, the machine, and results as CSV."""

import csv
import io
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

from airybench.cores import usable_cores
from airybench.errors import ConfigError
from airybench.reporter import Reporter
from airybench.version import __version__

VERSIONS = ("torch", "numpy", "scipy", "h5py", "hdf5plugin")
"""Packages whose versions are given with every number."""


@dataclass(frozen=True)
class Measurement:
    """One number of a benchmark with its spread.

    Attributes:
        subject: what was measured, such as a data set.
        quantity: which property of it.
        unit: of median, low and high.
        median: over the repeats.
        low: smallest value of the repeats.
        high: largest value of the repeats.
        repeats: their number.
        goal: value to reach; NaN if there is none.
        ratio: median over goal, or goal over median where less is better. From 1 on the goal is reached.
    """

    subject: str
    quantity: str
    unit: str
    median: float
    low: float
    high: float
    repeats: int
    goal: float
    ratio: float


def measurement(
    subject: str,
    quantity: str,
    unit: str,
    values: Sequence[float],
    *,
    goal: float = float("nan"),
    less_is_better: bool = False,
) -> Measurement:
    """Median and range of repeated values.

    Args:
        subject: what was measured.
        quantity: which property of it.
        unit: of the values.
        values: one for each repeat, at least one.
        goal: value to reach; NaN if there is none.
        less_is_better: whether the goal is an upper limit.

    >>> measurement("helium", "throughput", "patterns/s", [10, 40, 20], goal=10).ratio
    2.0
    """
    median = float(np.median(values))
    ratio = goal / median if less_is_better else median / goal
    return Measurement(subject, quantity, unit, median, min(values), max(values), len(values), goal, ratio)


@dataclass(frozen=True)
class Elapsed:
    """How long some work took.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds that the cores worked for this process, summed over cores. Other work on the machine does not
            change it.
    """

    wall: float
    cpu: float


def elapsed(work: Callable[[], object]) -> Elapsed:
    """Time one call. The caller warms up first."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Elapsed(time.perf_counter() - wall, time.process_time() - cpu)


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has finished its work; a CPU has no queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def counted_steps(reporter: Reporter, title: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar that advances by one step at each call of what it yields."""
    done = 0
    with reporter.progress(title) as progress:

        def advance() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        yield advance


def require_at_least(**sizes: tuple[int, int]) -> None:
    """Check the sizes of a benchmark.

    Args:
        sizes: name -> (value, smallest possible value).

    Raises:
        ConfigError: a value is too small.
    """
    for name, (value, least) in sizes.items():
        if value < least:
            raise ConfigError(f"{name.replace('_', ' ')} {value}: at least {least} is needed")


def machine(device: torch.device) -> dict[str, str]:
    """Where the numbers were measured: device, cores, threads, load of the last minute, and versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    found = {
        "device": f"{device}: {name}",
        "cores": str(usable_cores()),
        "threads": str(torch.get_num_threads()),
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "airybench": __version__,
    }
    for package in VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def _processor() -> str:
    """Name of the processor, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def csv_lines(bench: str, measurements: Iterable[Measurement], where: dict[str, str]) -> Iterator[str]:
    """A header, and one line per measurement as soon as it is there, each with the machine it was taken on."""
    for number, found in enumerate(measurements):
        row = {"bench": bench} | asdict(found) | where
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
        if not number:
            writer.writeheader()
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
        yield text.getvalue()


def markdown_lines(measurements: Iterable[Measurement]) -> Iterator[str]:
    """The lines of a table in Markdown, each as soon as its measurement is there; the machine is not in it.

    >>> print(*markdown_lines([measurement("helium", "speed", "1/s", [10, 40, 20], goal=10)]), sep="", end="")
    | what | quantity | median (range) | unit | goal |
    |---|---|---|---|---|
    | helium | speed | 20 (10 - 40) | 1/s | 10 |
    """
    yield "| what | quantity | median (range) | unit | goal |\n|---|---|---|---|---|\n"
    for found in measurements:
        spread = f" ({found.low:.4g} - {found.high:.4g})" if found.repeats > 1 else ""
        goal = "" if found.goal != found.goal else f" {found.goal:g}"
        yield f"| {found.subject} | {found.quantity} | {found.median:.4g}{spread} | {found.unit} |{goal} |\n"
