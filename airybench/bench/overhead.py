"""What tracking, checkpoints and the study add to the time of a bare training."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from airybench.bench.measure import Measurement, counted_steps, measurement
from airybench.bench.sandbox import sandbox
from airybench.config import SweepConfig, TrialConfig, validated
from airybench.networks.build import build
from airybench.reporter import SILENT, Reporter
from airybench.sweep.observer import SilentObserver
from airybench.sweep.records import FinishedTrial
from airybench.sweep.runner import run_study
from airybench.tracking.store import connect, tracking_uri
from airybench.training.checkpoint import EVERY, Checkpoints
from airybench.training.epoch import Epoch, EpochCallbacks
from airybench.training.loop import train
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

GOALS = {1.0: 1.02, 0.2: 1.10}
"""Length of an epoch in seconds -> largest time of a trial in a study over that of a bare training."""

SHOTS = 64  # of the store on which the length of an epoch is measured
MOST_SHOTS = 4096  # more would take long to simulate; a fast device then has shorter epochs than asked for
EPOCHS = TrialConfig().training.epochs


@dataclass
class Course:
    """Times at which a training began, ended each epoch, and ended, in seconds."""

    began: float = 0.0
    epochs: list[float] = field(default_factory=list)
    ended: float = 0.0

    @property
    def epoch(self) -> float:
        """Seconds per epoch, without the first one, which warms up."""
        return (self.epochs[-1] - self.epochs[0]) / (len(self.epochs) - 1)

    @property
    def outside_epochs(self) -> float:
        """Seconds before and after the epochs, and by what the first epoch is longer."""
        return self.ended - self.began - len(self.epochs) * self.epoch


class _Stopwatch(SilentObserver):
    """Notes the course of a study of one trial, including the creation of its run."""

    def __init__(self) -> None:
        self.course = Course()

    def study_started(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        self.course.began = time.perf_counter()

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        self.course.epochs.append(time.perf_counter())

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        self.course.ended = time.perf_counter()

    def trial_ended(self, number: int, end: str, reason: str) -> None:
        raise AssertionError(reason)


def bench_overhead(
    *,
    lengths: tuple[float, ...] = tuple(GOALS),
    seconds: float = 4.0,
    epochs: int = 12,
    repeats: int = 5,
    device: torch.device,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Train a ResNet-18 at 64 px bare and as the only trial of a study, alternately.

    Args:
        lengths: lengths of an epoch, seconds.
        seconds: shortest time of the epochs of a training.
        epochs: smallest number of epochs of a training. On two cores speed varies by more than the overhead.
        repeats: pairs of trainings.
        device: where to train.
        reporter: shows progress.

    Returns:
        For each length: seconds of a bare epoch; an epoch in a study over a bare one; seconds outside the epochs, of a
        trial minus a bare training; seconds of one checkpoint; and, from all of these, a trial of the default number of
        epochs with a checkpoint per minute over a bare training. No training here lasts a minute.
    """
    found: list[Measurement] = []
    with (
        sandbox() as folder,
        counted_steps(reporter, "training with and without a study", len(lengths) * repeats) as advance,
    ):
        save = [_checkpoint(folder / "checkpoints-alone", device) for _ in range(repeats)]
        first = _prepared(TrialConfig().replace({**_BASE, "count": SHOTS, "epochs": 3}), device)
        measured = _bare(*first).epoch
        for length in lengths:
            config, source = _prepared(_sized(length, measured, max(epochs, math.ceil(seconds / length))), device)
            bare: list[Course] = []
            tracked: list[Course] = []
            for pair in range(repeats):
                # The order alternates, so that a drift of the machine's speed affects both alike.
                for kind in ("bare", "tracked") if pair % 2 == 0 else ("tracked", "bare"):
                    if kind == "bare":
                        bare.append(_bare(config, source))
                    else:
                        tracked.append(_tracked(config, source, f"{length:g}-{pair}", folder))
                advance()
            found += _rows(length, bare, tracked, save)
    return found


_BASE = {"image_size": 64, "antialias": True, "batch_size": 32, "bn_momentum": 0.1, "base_lr": 0.01}


def _sized(length: float, measured: float, epochs: int) -> TrialConfig:
    """A training whose epochs last `length` seconds, if one of SHOTS shots lasts `measured` seconds."""
    config = TrialConfig().replace({**_BASE, "epochs": epochs})
    share = length / measured
    if share < 1:
        return config.replace({"count": SHOTS, "fraction": max(0.05, round(share, 3))})
    return config.replace({"count": min(MOST_SHOTS, round(SHOTS * share))})


def _prepared(config: TrialConfig, device: torch.device) -> tuple[TrialConfig, PreparedDataset]:
    source = prepare("cxidb", config, device)
    config = config.replace(source.logged)
    source.loaded_for(config)
    return config, source


def _bare(config: TrialConfig, source: PreparedDataset) -> Course:
    course = Course(time.perf_counter())
    data = source.loaded_for(config)
    train(config, data, source.device, callbacks=EpochCallbacks(lambda _: course.epochs.append(time.perf_counter())))
    course.ended = time.perf_counter()
    return course


def _tracked(config: TrialConfig, source: PreparedDataset, name: str, folder: Path) -> Course:
    sweep = validated(SweepConfig, {"base": config.model_dump(), "space": [{"alpha": [config.network.alpha]}]})
    watch = _Stopwatch()
    with run_study(sweep, f"bench-{name}@cxidb", source, connect(tracking_uri()), folder / "studies", observer=watch):
        return watch.course


def _checkpoint(folder: Path, device: torch.device) -> float:
    """Seconds to save what a training saves: weights, the best weights so far, and momentum."""
    network = build(TrialConfig().network, 8, 64).to(device)
    parts = ("now", "best", "momentum")
    tensors = {f"{part}/{key}": value.clone() for part in parts for key, value in network.state_dict().items()}
    checkpoints = Checkpoints(folder, "bench")
    began = time.perf_counter()
    checkpoints.save(tensors, {})
    return time.perf_counter() - began


def _rows(length: float, bare: list[Course], tracked: list[Course], save: list[float]) -> list[Measurement]:
    pairs = list(zip(bare, tracked, strict=True))
    epochs = [with_study.epoch / alone.epoch for alone, with_study in pairs]
    outside = [with_study.outside_epochs - alone.outside_epochs for alone, with_study in pairs]
    share = float(np.median(save)) / EVERY
    whole = [
        (EPOCHS * with_study.epoch + more) / (EPOCHS * alone.epoch) + share
        for (alone, with_study), more in zip(pairs, outside, strict=True)
    ]
    subject = f"ResNet-18, 64 px, epochs of {length:g} s"
    return [
        measurement(subject, "a bare epoch", "s", [one.epoch for one in bare]),
        measurement(subject, "an epoch in a study over a bare one", "ratio", epochs),
        measurement(subject, "time outside the epochs, trial minus bare training", "s", outside),
        measurement(subject, "one checkpoint", "s", save),
        measurement(
            subject, f"a trial of {EPOCHS} epochs, a checkpoint per minute, over a bare training", "ratio", whole,
            goal=GOALS.get(length, float("nan")), less_is_better=True,
        ),
    ]  # fmt: skip
