"""What a study costs beside its trainings, and that a trial costs the same however many there are."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from airybench.bench.measure import Measurement, measurement
from airybench.config import SweepConfig, TrialConfig, validated
from airybench.data.datasets.catalog import open_dataset
from airybench.errors import ConfigError
from airybench.jobs.sweep import run_sweep
from airybench.sweep.observer import SilentObserver
from airybench.sweep.records import FinishedTrial
from airybench.training.epoch import Epoch

OVER = 3

START_GOAL = 4.0
"""Seconds from the start of a sweep to its first batch, data made before, beyond importing the libraries."""

START_SHOTS = 512


class _Stopwatch(SilentObserver):
    """Notes when epochs and trials end."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.epochs: list[float] = []

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """Note the time."""
        self.epochs.append(time.perf_counter())

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        """Note the time."""
        self.ends.append(time.perf_counter())


def bench_sweep(
    *, trials: int = 6, device: torch.device, progress: Callable[[int, int], None] | None = None
) -> list[Measurement]:
    """Run a study of tiny trainings, and one of three times as many trials.

    Args:
        trials: of the short study.
        device: where to train.
        progress: handed (studies done, studies in all).

    Returns:
        Seconds from the start to the first trial's end, seconds a trial, how that grows from the first third of the
        long study to its last, and seconds from the start to a first batch.

    Raises:
        ConfigError: fewer than 3 trials.
    """
    if trials < 3:
        raise ConfigError(f"trials {trials}: at least 3 are needed to see whether the later ones cost more")
    base = TrialConfig().replace(
        {"count": 64, "image_size": 32, "epochs": 1, "batch_size": 32, "bn_momentum": 0.1, "base_lr": 0.01}
    )
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder, elsewhere(Path(folder)):
        for done, (name, number) in enumerate((("short", trials), ("long", OVER * trials)), 1):
            alphas = [round(0.1 + 0.01 * i, 2) for i in range(number)]
            sweep = validated(SweepConfig, {"base": base.model_dump(), "space": [{"alpha": alphas}]})
            watch, began = _Stopwatch(), time.perf_counter()
            concluded = run_sweep(sweep, ["helium"], study=f"bench-{name}", observer=watch)
            trained = [trial.facts["seconds"] for row in concluded[0].leaderboard.rows for trial in row.trials]
            gaps = [after - before for before, after in zip([began, *watch.ends], watch.ends, strict=False)]
            found[name] = gaps
            found[f"{name} trained"] = trained
            found[f"{name} whole"] = [time.perf_counter() - began]
            if progress:
                progress(done, 2)
        start = _start(base)
    later = found["long"][1:]
    third = max(1, len(later) // 3)
    growth = (sum(later[-third:]) / third) / (sum(later[:third]) / third)
    subject = f"{trials} and {OVER * trials} trials of one epoch, 64 shots, 32 px"
    return [
        measurement(subject, "a trial, from the end of one to the next", "s", later),
        measurement(subject, "first trial, with everything that comes before", "s", [found["short"][0]]),
        measurement(subject, "last third of the trials over the first", "ratio", [growth]),
        measurement(
            subject, "conclusion, behind the last trial", "s",
            [found["long whole"][0] - sum(found["long"])],
        ),
        measurement(
            f"{START_SHOTS} shots, 64 px, made before", "start, to the end of a first epoch of one batch", "s", [start],
            goal=START_GOAL, less_is_better=True,
        ),
    ]  # fmt: skip


def _start(base: TrialConfig) -> float:
    """Seconds from the start of a sweep over known data to the end of a first epoch that is one batch."""
    some = base.replace({"count": START_SHOTS, "image_size": 64, "fraction": 0.05, "batch_size": 16})
    sweep = validated(SweepConfig, {"base": some.model_dump(), "space": [{"alpha": [some.network.alpha]}]})
    open_dataset("helium", count=START_SHOTS, seed=some.data.data_seed)
    watch, began = _Stopwatch(), time.perf_counter()
    run_sweep(sweep, ["helium"], study="bench-start", observer=watch)
    return watch.epochs[0] - began


@contextlib.contextmanager
def elsewhere(folder: Path):  # type: ignore[no-untyped-def]
    """Keep studies and runs of the benchmark out of the user's."""
    before = {name: os.environ.get(name) for name in ("AIRYBENCH_DATA", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID")}
    os.environ["AIRYBENCH_DATA"] = str(folder)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    os.environ.pop("MLFLOW_RUN_ID", None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
