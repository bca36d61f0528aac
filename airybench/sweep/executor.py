"""Running trials: what a worker receives, wherever it runs, and what it reports."""

import contextlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from airybench.config import Objective, TrialConfig
from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.errors import TrialError, explained
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking
from airybench.training.checkpoint import EVERY
from airybench.training.epoch import Epoch
from airybench.trial.execute import execute
from airybench.trial.outcome import Outcome
from airybench.trial.prepared import PreparedDataset

EpochDecision = Literal["continue", "finish", "prune", "abandon"]
"""What happens to a training after an epoch: it continues; it ends and counts; it ends as pruned; or it ends without
counting and runs again later."""


@dataclass(frozen=True)
class Task:
    """A trial to be run.

    Attributes:
        number: the number of the trial in its study.
        config: what to train.
        tracking: the store of its run.
        run_id: its run, already created.
        objective: the first objective of the study.
        study: its study, which names the folder of its checkpoints.
        checkpoint_every: least time between two checkpoints, seconds.
        stress: whether the network is scored under changes of the detector as well.
    """

    number: int
    config: TrialConfig
    tracking: Tracking
    run_id: str
    objective: Objective
    study: str
    checkpoint_every: float = EVERY
    stress: bool = False


@dataclass(frozen=True)
class Stopped:
    """A trial that the study ended without a result."""

    decision: Literal["prune", "abandon"]


@dataclass(frozen=True)
class Failed:
    """A trial that failed, with the kind of failure and the reason in one line."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Lost:
    """A trial whose worker died."""

    reason: str


Event = Epoch | Outcome | Stopped | Failed | Lost
OnEvent = Callable[[int, Event], EpochDecision]
"""Called with the number of a trial and what it reports; the decision counts after an epoch."""


class Executor(Protocol):
    """Runs trials in this process, in worker processes, or on a cluster."""

    def free_slots(self) -> int:
        """How many more trials can begin now."""

    def submit(self, task: Task) -> None:
        """Begin a trial."""

    def wait(self, on_event: OnEvent, seconds: float) -> None:
        """Wait until a trial reports something and pass it on.

        Args:
            on_event: called with every report.
            seconds: longest wait, where trials run in other processes.
        """

    def close(self) -> None:
        """End whatever still runs, at once."""


class _StopTraining(Exception):
    def __init__(self, decision: Literal["prune", "abandon"]) -> None:
        self.decision = decision


def run_task(task: Task, dataset: PreparedDataset, on_epoch: Callable[[Epoch], EpochDecision]) -> Event:
    """Run a trial to its end, whatever that is; its results are logged, but its run is left open.

    Args:
        task: the trial.
        dataset: the data.
        on_epoch: called after each evaluation on val; decides whether the training continues.
    """
    run, dataset = Run(task.tracking, task.run_id), dataset.at(task.config.data)
    checkpoints = dataset.checkpoints(task.config, task.study, every=task.checkpoint_every)

    def stop_or_go_on(epoch: Epoch) -> bool:
        decision = on_epoch(epoch)
        if decision in ("prune", "abandon"):
            raise _StopTraining(decision)
        return decision == "finish"

    try:
        outcome = execute(
            task.config, dataset, run, objective=task.objective, on_epoch=stop_or_go_on, checkpoints=checkpoints,
            stress=task.stress,
        )  # fmt: skip
    except _StopTraining as stop:
        if stop.decision == "prune":
            checkpoints.clear()  # an abandoned training may resume from them
        return Stopped(stop.decision)
    except Exception as error:
        # Whatever happens to one network must not affect the others: it is recorded and the sweep continues.
        kind, reason = explained(error)
        if isinstance(error, TrialError):
            checkpoints.clear()  # it would fail again; a failure from outside, such as a full disk, may pass
        with contextlib.suppress(Exception), run.artifacts() as folder:  # the store may be what failed
            (folder / "traceback.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return Failed(kind, reason)
    checkpoints.clear()
    return outcome


@dataclass(frozen=True)
class DatasetSpec:
    """What a worker needs to prepare the data: it opens the store once and keeps it for every trial."""

    store: Store
    splits: tuple[Split, ...]
    name: str
    split_digest: str

    @classmethod
    def of(cls, dataset: PreparedDataset) -> "DatasetSpec":
        """The specification of data that are prepared already."""
        return cls(dataset.store, dataset.splits, dataset.name, dataset.split_digest)

    def prepare(self, device: torch.device) -> PreparedDataset:
        """Prepare the data on a device."""
        return PreparedDataset(self.store, self.splits, device, self.name)
