"""Every benchmark in one run of some minutes, sized for the device."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from airybench.bench.correlate import bench_correlate
from airybench.bench.importing import bench_import
from airybench.bench.measure import Measurement, counted_steps
from airybench.bench.overhead import bench_overhead
from airybench.bench.predict import bench_predict
from airybench.bench.simulate import bench_simulate
from airybench.bench.stacks import bench_stacks
from airybench.bench.studies import bench_studies
from airybench.bench.sweep import bench_sweep
from airybench.bench.train import bench_train
from airybench.config import TrialConfig
from airybench.reporter import SILENT, Reporter


def bench_all(*, device: torch.device, reporter: Reporter = SILENT) -> Iterator[Measurement]:
    """Run all benchmarks one after the other.

    Args:
        device: where to compute.
        reporter: shows progress.

    Yields:
        All measurements, those of a benchmark as soon as it has ended; each subject begins with its name.
    """
    cuda = device.type == "cuda"
    base = TrialConfig().replace({"bn_momentum": 0.1, "antialias": True})
    small, large = base.replace({"image_size": 64}), base.replace({"image_size": 224})
    fast = {"compile": True, "batch_size": 256} if cuda else {}
    shots = (1024, 1024) if cuda else (384, 72)
    parts: list[tuple[str, Callable[[], list[Measurement]]]] = [
        ("simulate", lambda: bench_simulate(count=64, repeats=3, device=device)),
        ("correlate", lambda: bench_correlate(repeats=3, device=device)),
        ("import", lambda: bench_import(count=32, repeats=2)),
        ("import", lambda: bench_stacks(repeats=2)),
        (
            "train",
            lambda: bench_train(config=small.replace(fast), count=shots[0], repeats=3, device=device),
        ),
        (
            "train",
            lambda: bench_train(config=large.replace(fast), count=shots[1], repeats=2, device=device),
        ),
        ("predict", lambda: bench_predict(config=small, count=16384 if cuda else 576, repeats=3, device=device)),
        ("predict", lambda: bench_predict(config=large, count=16384 if cuda else 192, repeats=2, device=device)),
        ("sweep", lambda: bench_overhead(device=device)),
        ("sweep", lambda: bench_sweep(trials=4, device=device)),
        ("sweep", lambda: bench_studies(device=device)),
    ]
    with counted_steps(reporter, "measuring", len(parts)) as advance:
        for name, run in parts:
            yield from [replace(row, subject=f"{name}: {row.subject}") for row in run()]
            advance()
