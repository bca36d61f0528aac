"""Scheduling a study: ask it for trials, hand them to an executor, and record how each of them ends."""

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from airybench.errors import StorageError, TrialError
from airybench.interrupts import check
from airybench.sweep.executor import EpochDecision, Event, Executor, Failed, Lost, Stopped, Task
from airybench.sweep.job_end import seconds_left
from airybench.sweep.observer import StudyObserver
from airybench.sweep.records import INTERRUPTED, RunningTrial, TakenError
from airybench.sweep.run_names import trial_name, trial_title
from airybench.sweep.study import RunningStudy
from airybench.tracking.run import Run
from airybench.tracking.store import tried_once
from airybench.tracking.tags import Tag
from airybench.training.checkpoint import EVERY
from airybench.training.epoch import Epoch
from airybench.trial.outcome import Outcome

STEP_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""How often a process without work checks whether another one died and left its trials."""


@dataclass
class _Active:
    """A trial that an executor runs; its run is missing for a moment, in which an interruption may come."""

    trial: RunningTrial
    began: float
    run: Run | None = None


class Scheduler:
    """Runs the trials of one study.

    Args:
        study: what to run.
        parent: its run.
        executor: where trials run.
        observer: follows the trials.
        checkpoint_every: least time between two checkpoints of a trial, seconds.
        tidy: called at the start, and whenever the end of a trial has been recorded.
    """

    def __init__(
        self,
        study: RunningStudy,
        parent: Run,
        executor: Executor,
        observer: StudyObserver,
        checkpoint_every: float = EVERY,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        self._study = study
        self._parent = parent
        self._executor = executor
        self._observer = observer
        self._checkpoint_every = checkpoint_every
        self._tidy = tidy
        self._config = study.sweep.study
        self._deadline = time.monotonic() + (self._config.time_limit or seconds_left())
        self._active: dict[int, _Active] = {}
        self._confirming = False
        self._looked = time.monotonic()

    def run(self) -> bool:
        """Run what is missing.

        An interruption ends the active trials, records that in the study and is passed on.

        Returns:
            Whether nothing is left to run; False where the time limit came first.
        """
        self._study.plan()
        self._tidy()
        self._observer.study_started(self._study.name, self._study.total(), self._study.finished())
        try:
            while True:
                check()
                left = self._start_trials()
                if self._active:
                    self._executor.wait(self._on_event, STEP_SECONDS)
                elif self._out_of_time() or not left:
                    return not left
                else:
                    time.sleep(min(STEP_SECONDS, LOOK_SECONDS))
        except BaseException:
            self._executor.close()
            with tried_once():
                self._interrupt()
            raise

    def _out_of_time(self) -> bool:
        return time.monotonic() >= self._deadline

    def _start_trials(self) -> bool:
        """Give every free worker a trial; returns whether anything is left, for this process or for others."""
        while self._executor.free_slots():
            if self._out_of_time():
                return self._study.plan() > 0 or bool(self._active)
            trial = self._study.ask()
            if trial is None:
                return self._take_over() or bool(self._active)
            self._start(trial)
        return True

    def _start(self, trial: RunningTrial) -> None:
        study, tracking = self._study, self._parent.tracking
        if trial.confirmation and not self._confirming:
            self._confirming = True
            cells, left = study.confirming(), study.plan() + 1
            self._observer.confirmation_started(cells, self._config.confirm, left)
        tags = {Tag.STUDY: study.name, Tag.TRIAL: str(trial.number), **study.provenance.tags()}
        if trial.config.data.every_fold:
            tags[Tag.FOLD] = str(trial.config.data.fold)
        if trial.confirmation:
            tags[Tag.CONFIRMATION] = "yes"
        active = self._active[trial.number] = _Active(trial, time.monotonic())
        name = trial_name(trial.config, study.axes, study.name)
        active.run = run = Run.create(tracking, name, "trial", tags, parent=self._parent.run_id)
        trial.set_attributes(run_id=run.run_id)
        self._observer.trial_started(trial.number, trial.config, trial_title(trial.config, study.axes))
        task = Task(
            trial.number, trial.config, tracking, run.run_id, self._config.objectives[0], study.name,
            self._checkpoint_every, self._config.stress,
        )  # fmt: skip
        self._executor.submit(task)

    def _take_over(self) -> bool:
        """Take over from processes that died; returns whether any other is at work, so that some may be left."""
        if not self._study.storage.shared:
            return False
        busy = self._study.running_elsewhere() > 0
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            for run_id in self._study.reclaim():
                Run(self._parent.tracking, run_id).interrupt()
        return busy

    def _on_event(self, number: int, event: Event) -> EpochDecision:
        active = self._active[number]
        run = active.run
        assert run is not None
        if isinstance(event, Epoch):
            self._observer.epoch_finished(number, event)
            return self._decide(active, run, event)
        try:
            self._record(active.trial, run, event)
        except TakenError as error:
            run.interrupt()
            self._observer.trial_ended(number, "lost", str(error))
        del self._active[number]
        self._tidy()
        return "finish"

    def _decide(self, active: _Active, run: Run, epoch: Epoch) -> EpochDecision:
        if self._out_of_time():
            return "abandon"
        value = epoch.val.values.get(self._config.metric, math.nan)
        # A confirmation without its unlucky seeds would choose once more.
        prunes = self._config.pruner != "none" and math.isfinite(value) and not active.trial.confirmation
        if prunes and active.trial.should_prune(epoch.number, value):
            return "prune"
        limit = self._config.trial_time_limit
        last = epoch.number == active.trial.config.training.epochs
        if limit and time.monotonic() - active.began >= limit and not last:
            run.tag({Tag.TIME_LIMITED: f"after epoch {epoch.number}"})
            return "finish"
        return "continue"

    def _record(self, trial: RunningTrial, run: Run, event: Outcome | Stopped | Failed | Lost) -> None:
        """Record how a trial ended: in the study first, then on its run, as a resume mends the run from the study."""
        match event:
            case Outcome():
                self._complete(trial, run, event)
            case Failed():
                self._study.fail(trial, event.kind, event.reason)
                self._end_failed(trial, run, event)
            case Lost():
                kind = self._study.lose(trial, event.reason)
                if kind != INTERRUPTED:
                    self._end_failed(trial, run, Failed(kind, event.reason))
                else:
                    run.interrupt(event.reason)
                    self._observer.trial_ended(trial.number, "lost", f"{event.reason}; it is run again")
            case Stopped("prune"):
                self._study.prune(trial)
                run.end("pruned")
                self._observer.trial_ended(trial.number, "pruned", "fell behind")
            case Stopped():
                self._study.fail(trial, INTERRUPTED, "the study's time limit was reached")
                run.interrupt()
                self._observer.trial_ended(trial.number, "abandoned", "time limit of the study")

    def _complete(self, trial: RunningTrial, run: Run, outcome: Outcome) -> None:
        """Record a result, or a failure where a further objective is undefined."""
        try:
            finished = self._study.complete(trial, outcome)
        except TakenError:
            raise
        except TrialError as error:
            self._record(trial, run, Failed(error.kind, str(error)))
        else:
            run.end("finished")
            self._observer.trial_finished(trial.number, finished)

    def _end_failed(self, trial: RunningTrial, run: Run, failure: Failed) -> None:
        run.fail(failure.kind, failure.reason)
        self._observer.trial_ended(trial.number, "failed", failure.reason)

    def _interrupt(self) -> None:
        for active in self._active.values():
            with contextlib.suppress(TakenError, StorageError):  # what cannot be recorded now is mended by a resume
                self._study.fail(active.trial, INTERRUPTED, "interrupted by the user")
            if active.run is not None:
                with contextlib.suppress(Exception):  # the store may be what failed
                    active.run.interrupt()
        self._active = {}
