"""How long it takes to start, to resume and to compare a study of very many trials."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from airybench.bench.measure import Measurement, measurement
from airybench.bench.sandbox import sandbox
from airybench.config import SweepConfig, TrialConfig, validated
from airybench.jobs.compare import compare_studies
from airybench.jobs.sweep import run_sweep
from airybench.paths import data_folder
from airybench.reporter import SILENT, Progress, Reporter
from airybench.sweep.engines import Engine, engine
from airybench.sweep.observer import SilentObserver
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import read
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

GOAL = 5.0
"""Largest time of a start, of a resume and of a comparison of 1 000 trials in seconds, with libraries loaded."""

NAME = "bench-many"


class _UntilTrial(SilentObserver):
    """Notes when the first trial begins, and interrupts the sweep there if `stop`."""

    def __init__(self, *, stop: bool) -> None:
        self.began = float("nan")
        self._stop = stop

    def trial_started(self, number: int, config: TrialConfig, title: str) -> None:
        """Note the time."""
        self.began = time.perf_counter()
        if self._stop:
            raise KeyboardInterrupt

    def trial_ended(self, number: int, end: str, reason: str) -> None:
        """Refuse to measure a trial without a result."""
        raise AssertionError(reason)


@dataclass(frozen=True)
class StudyTimes:
    """How long a study of many trials took.

    Attributes:
        trials: their number.
        start: seconds from the command to the first trial.
        resume: seconds from the same command to the last trial, with all others finished.
        conclude: seconds of the last trial and of what follows: leaderboard, plots, the winner on the test split.
        compare: seconds of a comparison.
        per_trial: seconds that the study itself took for each trial but the last, in order.
    """

    trials: int
    start: float
    resume: float
    conclude: float
    compare: float
    per_trial: tuple[float, ...]


def bench_studies(*, trials: int = 1000, device: torch.device, reporter: Reporter = SILENT) -> list[Measurement]:
    """Start a study, fill it with trials, resume it for the last one, and compare it: see `time_study`."""
    found = time_study(trials=trials, device=device, reporter=reporter)
    subject, third = f"a study of {found.trials} trials", len(found.per_trial) // 3
    growth = float(np.median(found.per_trial[-third:]) / np.median(found.per_trial[:third]))
    return [
        measurement(subject, "start, to the first trial", "s", [found.start], goal=GOAL, less_is_better=True),
        measurement(subject, "resume, to the last trial", "s", [found.resume], goal=GOAL, less_is_better=True),
        measurement(subject, "its last trial, leaderboard, plots and winner on test", "s", [found.conclude]),
        measurement(subject, "compare", "s", [found.compare], goal=GOAL, less_is_better=True),
        measurement(subject, "what the study itself costs a trial", "ms", [1000 * value for value in found.per_trial]),
        measurement(subject, "the same, last third over first", "ratio", [growth]),
    ]


def time_study(*, trials: int = 1000, device: torch.device, reporter: Reporter = SILENT) -> StudyTimes:
    """Start a study, fill it up to its last trial, resume it for that one, and compare it.

    All but two trials are recorded without training: each is asked for, noted and completed as in a sweep, with scores
    from a random generator and the predictions of a trained one.

    Args:
        trials: number of cells of the study.
        device: where the two trainings run.
        reporter: shows progress.
    """
    # The smallest network there is: a sweep checks for the disk that the weights of all trials would take.
    rates = [round(float(rate), 6) for rate in np.linspace(0.001, 0.1, (trials + 1) // 2)]
    base = TrialConfig().replace(
        {"arch": "timm:test_resnet", "count": 64, "image_size": 32, "epochs": 1, "batch_size": 32, "bn_momentum": 0.1}
    )
    sweep = _grid(base, rates)
    where = engine("local", str(device), 1, 1)
    with sandbox(), reporter.progress("filling a large study") as progress:
        few = _grid(base, rates[:1])
        seed = run_sweep(few, ["helium"], study="bench-few", observer=_UntilTrial(stop=False), engine=where)[0]
        started = _until_trial(sweep, where, stop=True)[0]
        per_trial = _fill(sweep, [record for row in seed.leaderboard.rows for record in row.trials], progress)
        resumed, whole = _until_trial(sweep, where, stop=False)
        began = time.perf_counter()
        compare_studies([NAME])
        compared = time.perf_counter() - began
    return StudyTimes(2 * len(rates), started, resumed, whole - resumed, compared, tuple(per_trial))


def _grid(base: TrialConfig, rates: list[float]) -> SweepConfig:
    space = {"base_lr": rates, "log_activation": [True, False]}
    return validated(SweepConfig, {"base": base.model_dump(), "space": [space], "study": {"keep": "all"}})


def _until_trial(sweep: SweepConfig, where: Engine, *, stop: bool) -> tuple[float, float]:
    """Seconds to the first trial, and to the end."""
    watch, began = _UntilTrial(stop=stop), time.perf_counter()
    try:
        run_sweep(sweep, ["helium"], study=NAME, observer=watch, engine=where)
    except KeyboardInterrupt:
        if not stop:
            raise
    return watch.began - began, time.perf_counter() - began


def _fill(sweep: SweepConfig, trained: list[FinishedTrial], progress: Progress) -> list[float]:
    """Complete all trials but the last; returns the seconds that the study took for each."""
    draw = np.random.default_rng(sweep.base.training.seed)
    home = data_folder() / "studies"
    by_switch = {record.config.network.log_activation: record for record in trained}
    begun = read(home, f"{NAME}@helium")
    known = RunningStudy(home, begun.name, begun.sweep, begun.provenance)
    total, seconds = known.total(), []
    known.plan()
    for number in range(total - 1):
        began = time.perf_counter()
        trial = known.ask()
        assert trial is not None
        like = by_switch[trial.config.network.log_activation]
        value = float(draw.uniform(0.2, 0.8))
        trial.set_attributes(run_id=like.run_id)
        known.complete(trial, Outcome(value, {**like.scores, "macro_ap": value}, like.facts))
        seconds.append(time.perf_counter() - began)
        if (number + 1) % 20 == 0:
            progress(number + 1, total)
    return seconds
