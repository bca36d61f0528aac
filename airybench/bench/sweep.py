"""What a study costs besides its trainings, and whether later trials cost more than earlier ones."""

import time

import torch

from airybench.bench.measure import Measurement, counted_steps, measurement, require_at_least
from airybench.bench.sandbox import sandbox
from airybench.config import SweepConfig, TrialConfig, validated
from airybench.data.datasets.catalog import open_dataset
from airybench.jobs.sweep import run_sweep
from airybench.reporter import SILENT, Reporter
from airybench.sweep.engines import Engine, engine
from airybench.sweep.observer import SilentObserver
from airybench.sweep.records import FinishedTrial
from airybench.training.epoch import Epoch

OVER = 3
"""The long study has this many times the trials of the short one."""

START_GOAL = 4.0
"""Seconds from the start of a sweep to its first batch, on existing data and with libraries loaded."""

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


def bench_sweep(*, trials: int = 6, device: torch.device, reporter: Reporter = SILENT) -> list[Measurement]:
    """Run a study of tiny trainings, and one of three times as many trials.

    Args:
        trials: number of trials of the short study.
        device: where to train.
        reporter: shows progress.

    Returns:
        Seconds of a trial, seconds from the start to the end of the first trial, how the time of a trial grows from the
        first third of the long study to its last, and seconds from the start to a first batch.

    Raises:
        ConfigError: fewer than 3 trials.
    """
    require_at_least(trials=(trials, 3))
    base = TrialConfig().replace(
        {"count": 64, "image_size": 32, "epochs": 1, "batch_size": 32, "bn_momentum": 0.1, "base_lr": 0.01}
    )
    where = engine("local", str(device), 1, 1)
    found: dict[str, list[float]] = {}
    with sandbox(), counted_steps(reporter, "sweeping", 2) as advance:
        for name, number in (("short", trials), ("long", OVER * trials)):
            alphas = [round(0.1 + 0.01 * i, 2) for i in range(number)]
            sweep = validated(SweepConfig, {"base": base.model_dump(), "space": [{"alpha": alphas}]})
            watch, began = _Stopwatch(), time.perf_counter()
            run_sweep(sweep, ["helium"], study=f"bench-{name}", engine=where, observer=watch)
            gaps = [after - before for before, after in zip([began, *watch.ends], watch.ends, strict=False)]
            found[name] = gaps
            found[f"{name} whole"] = [time.perf_counter() - began]
            advance()
        start = _start(base, where)
    later = found["long"][1:]
    third = max(1, len(later) // 3)
    growth = (sum(later[-third:]) / third) / (sum(later[:third]) / third)
    subject = f"{trials} and {OVER * trials} trials of one epoch, 64 shots, 32 px"
    return [
        measurement(subject, "a trial, from the end of one to the next", "s", later),
        measurement(subject, "first trial, with all that comes before it", "s", [found["short"][0]]),
        measurement(subject, "last third of the trials over the first", "ratio", [growth]),
        measurement(
            subject, "conclusion, after the last trial", "s",
            [found["long whole"][0] - sum(found["long"])],
        ),
        measurement(
            f"{START_SHOTS} existing shots, 64 px", "start, to the end of a first epoch of one batch", "s", [start],
            goal=START_GOAL, less_is_better=True,
        ),
    ]  # fmt: skip


def _start(base: TrialConfig, where: Engine) -> float:
    """Seconds from the start of a sweep over existing data to the end of a first epoch of one batch."""
    some = base.replace({"count": START_SHOTS, "image_size": 64, "fraction": 0.05, "batch_size": 16})
    sweep = validated(SweepConfig, {"base": some.model_dump(), "space": [{"alpha": [some.network.alpha]}]})
    open_dataset("helium", count=START_SHOTS, seed=some.data.data_seed, simulator=some.data.simulator)
    watch, began = _Stopwatch(), time.perf_counter()
    run_sweep(sweep, ["helium"], study="bench-start", engine=where, observer=watch)
    return watch.epochs[0] - began
