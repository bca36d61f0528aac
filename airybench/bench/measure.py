"""What every benchmark shares: repeated timing, peak memory, the machine, and a table of results."""

import csv
import io
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

from airybench import __version__

VERSIONS = ("torch", "numpy", "scipy", "h5py")
"""Packages whose versions stand beside every number."""


@dataclass(frozen=True)
class Measurement:
    """One number of a benchmark with its spread.

    Attributes:
        subject: what was measured, such as a data set.
        quantity: which number of it.
        unit: of median, low and high.
        median: over the repeats.
        low: smallest of the repeats.
        high: largest of the repeats.
        repeats: how many.
        goal: what it should reach, NaN where nothing was set.
        ratio: median over goal, or goal over median where less is better: 1 or more has reached it.
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
    """Median and range of repeated values, each at least one; arguments as the attributes of `Measurement`."""
    median = float(np.median(values))
    ratio = goal / median if less_is_better else median / goal
    return Measurement(subject, quantity, unit, median, min(values), max(values), len(values), goal, ratio)


@dataclass(frozen=True)
class Elapsed:
    """Seconds on the wall clock, and seconds that all cores together worked for this process."""

    wall: float
    cpu: float


def elapsed(work: Callable[[], object]) -> Elapsed:
    """Time one call; the caller warms up."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Elapsed(time.perf_counter() - wall, time.process_time() - cpu)


def peak_memory() -> float:
    """Largest resident memory of this process so far in MB; NaN where the system does not tell."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def machine(device: torch.device) -> dict[str, str]:
    """Where the numbers were measured: device, cores, threads, how busy it was in the last minute, versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    found = {
        "device": f"{device}: {name}",
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
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
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def as_csv(bench: str, measurements: Sequence[Measurement], where: dict[str, str]) -> str:
    """One line a measurement, each with the machine beside it, below a line of names."""
    text = io.StringIO()
    rows = [{"bench": bench} | asdict(found) | where for found in measurements]
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
    return text.getvalue()
