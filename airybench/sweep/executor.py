"""One trial as a worker gets it, wherever it runs, and what it says of itself."""

import contextlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from airybench.config import TrialConfig
from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.errors import TrialError, explained
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking
from airybench.training.checkpoint import EVERY
from airybench.training.epoch import Epoch
from airybench.trial.execute import execute
from airybench.trial.prepared import PreparedDataset

EpochDecision = Literal["go on", "enough", "prune", "give up"]
"""What becomes of a training after an epoch: it goes on; ends and counts; fell behind; or is broken off uncounted."""


@dataclass(frozen=True)
class Task:
    """A trial to be run.

    Attributes:
        number: the trial's number in its study.
        config: what to train.
        tracking: where its run is.
        run_id: its run, already made.
        metric: the first objective.
        direction: which way of it is better.
        study: its study, under whose name its checkpoints lie.
        checkpoint_every: seconds between two of them at least.
    """

    number: int
    config: TrialConfig
    tracking: Tracking
    run_id: str
    metric: str
    direction: str
    study: str
    checkpoint_every: float = EVERY


@dataclass(frozen=True)
class Finished:
    """A trial came to its end, with the objective, scores on val at the best epoch, and facts."""

    value: float
    scores: dict[str, float]
    facts: dict[str, float]


@dataclass(frozen=True)
class Ended:
    """A trial ended without a result: `pruned`, or `given up` on a verdict."""

    why: Literal["pruned", "given up"]


@dataclass(frozen=True)
class Failed:
    """A trial failed, with the kind of failure and the reason in one line."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Lost:
    """A trial whose worker died."""

    reason: str


Event = Epoch | Finished | Ended | Failed | Lost
Hear = Callable[[int, Event], EpochDecision]
"""Who runs the study hears what a trial, by number, says; the verdict counts after an epoch."""


class Executor(Protocol):
    """Where trials run: in this process, in worker processes, on a cluster."""

    def free(self) -> int:
        """How many more trials can begin now."""

    def submit(self, task: Task) -> None:
        """Begin a trial."""

    def step(self, hear: Hear, seconds: float) -> None:
        """Wait until some trial says something, at most that long where it runs elsewhere, and pass it on."""

    def close(self) -> None:
        """End whatever still runs, at once."""


class _StopTraining(Exception):
    def __init__(self, why: Literal["pruned", "given up"]) -> None:
        self.why = why


def perform(task: Task, source: PreparedDataset, say: Callable[[Epoch], EpochDecision]) -> Event:
    """Run a trial to its end, whatever that is; what its run should keep of it is written, but the run left open."""
    run = Run(task.tracking, task.run_id)
    checkpoints = source.checkpoints(task.config, task.study, every=task.checkpoint_every)

    def on_epoch(epoch: Epoch) -> bool:
        verdict = say(epoch)
        if verdict == "prune":
            raise _StopTraining("pruned")
        if verdict == "give up":
            raise _StopTraining("given up")
        return verdict == "enough"

    try:
        found = execute(
            task.config, source, run, metric=task.metric, direction=task.direction, on_epoch=on_epoch,
            checkpoints=checkpoints,
        )  # fmt: skip
    except _StopTraining as verdict:
        if verdict.why == "pruned":
            checkpoints.clear()  # what was given up may go on from there
        return Ended(verdict.why)
    except Exception as error:
        # Whatever one network does must not cost the others: it is written down and the sweep goes on.
        kind, reason = explained(error)
        if isinstance(error, TrialError):
            checkpoints.clear()  # it would fail again; what failed from outside may go on
        with contextlib.suppress(Exception), run.artifacts() as folder:  # the store may be what failed
            (folder / "traceback.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return Failed(kind, reason)
    checkpoints.clear()
    return Finished(found.value, found.scores, found.facts)


@dataclass(frozen=True)
class DatasetSpec:
    """How a worker comes to the data: it opens the store itself, once, and keeps it for every trial."""

    store: Store
    split: Split
    name: str

    @classmethod
    def of(cls, source: PreparedDataset) -> "DatasetSpec":
        """The recipe behind a source."""
        return cls(source.store, source.split, source.name)

    def prepare(self, device: torch.device) -> PreparedDataset:
        """The source on a device."""
        return PreparedDataset(self.store, self.split, device, self.name)
