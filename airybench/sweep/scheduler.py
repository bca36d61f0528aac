"""Driving a study: whoever holds it asks for trials, hands them to an executor, hears of them and tells the study."""

import contextlib
import math
import time
from dataclasses import dataclass
from typing import Literal, Protocol

from airybench.config import TrialConfig
from airybench.errors import TrialError
from airybench.sweep.executor import Ended, EpochDecision, Event, Executor, Failed, Finished, Lost, Task
from airybench.sweep.records import INTERRUPTED, FinishedTrial, RunningTrial, TakenError
from airybench.sweep.study import Study
from airybench.tracking.run import Run
from airybench.training.checkpoint import EVERY
from airybench.training.epoch import Epoch

STEP_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""How often a process without work looks whether another one died and left some."""

TrialEnd = Literal["failed", "pruned", "lost", "given up"]


class StudyObserver(Protocol):
    """Who looks on while a study runs."""

    def study(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        """The study begins, or goes on behind what is finished."""

    def trial(self, number: int, config: TrialConfig) -> None:
        """A trial begins."""

    def epoch(self, number: int, epoch: Epoch) -> None:
        """A trial has ended an epoch."""

    def ended(self, number: int, record: FinishedTrial | None, reason: str = "", how: TrialEnd = "failed") -> None:
        """A trial is finished, or ended without a result."""


@dataclass
class _Open:
    ticket: RunningTrial
    began: float
    run: Run | None = None


class Scheduler:
    """The trials of one study.

    Args:
        study: what to run.
        parent: its run.
        tags: of every child.
        executor: where trials run.
        watch: who looks on.
        checkpoint_every: seconds between two checkpoints of a trial at least.
    """

    def __init__(
        self,
        study: Study,
        parent: Run,
        tags: dict[str, str],
        executor: Executor,
        watch: StudyObserver,
        checkpoint_every: float = EVERY,
    ) -> None:
        self._study = study
        self._parent = parent
        self._tags = {"airybench.study": study.name, **tags}
        self._executor = executor
        self._watch = watch
        self._checkpoint_every = checkpoint_every
        self._rule = study.sweep.study
        limit = self._rule.time_limit
        self._deadline = time.monotonic() + limit if limit else math.inf
        self._open: dict[int, _Open] = {}
        self._looked = time.monotonic()

    def run(self) -> bool:
        """Run what is missing; returns whether that is all of it, False where the time limit came first.

        An interruption ends what runs, says so in the study and passes on.
        """
        self._study.plan()
        self._watch.study(self._study.name, self._study.total(), self._study.finished())
        try:
            while True:
                left = self._begin_trials()
                if self._open:
                    self._executor.step(self._hear, STEP_SECONDS)
                elif self._over() or not left:
                    return not left
                else:
                    time.sleep(min(STEP_SECONDS, LOOK_SECONDS))
        except BaseException:
            self._executor.close()
            self._break_off()
            raise

    def _over(self) -> bool:
        return time.monotonic() >= self._deadline

    def _begin_trials(self) -> bool:
        """Give every free worker a trial; returns whether anything is left, for this process or for others."""
        while self._executor.free():
            if self._over():
                return self._study.plan() > 0 or bool(self._open)
            ticket = self._study.ask()
            if ticket is None:
                return self._look_after_others() or bool(self._open)
            self._begin(ticket)
        return True

    def _begin(self, ticket: RunningTrial) -> None:
        opened = self._open[ticket.number] = _Open(ticket, time.monotonic())
        tags = {**self._tags, "airybench.trial": str(ticket.number)}
        tracking = self._parent.tracking
        opened.run = Run.create(tracking, ticket.config.title, "trial", tags, parent=self._parent.run_id)
        ticket.note(run_id=opened.run.run_id)
        self._watch.trial(ticket.number, ticket.config)
        rule = self._rule
        self._executor.submit(
            Task(
                ticket.number, ticket.config, tracking, opened.run.run_id, rule.metric, rule.direction,
                self._study.name, self._checkpoint_every,
            )
        )  # fmt: skip

    def _look_after_others(self) -> bool:
        """Take over from processes that died; returns whether any other was at work, so that some may be left."""
        if not self._study.storage.shared:
            return False
        busy = self._study.others() > 0
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            for run_id in self._study.reclaim():
                Run(self._parent.tracking, run_id).end(INTERRUPTED)
        return busy

    def _hear(self, number: int, event: Event) -> EpochDecision:
        opened = self._open[number]
        if isinstance(event, Epoch):
            self._watch.epoch(number, event)
            return self._verdict(opened, event)
        run = opened.run
        assert run is not None
        try:
            self._tell(opened.ticket, run, event)
        except TakenError as error:
            run.end(INTERRUPTED)
            self._watch.ended(number, None, str(error), "lost")
        del self._open[number]
        return "enough"

    def _verdict(self, opened: _Open, epoch: Epoch) -> EpochDecision:
        if self._over():
            return "give up"
        value = epoch.val.values.get(self._rule.metric, math.nan)
        if self._rule.pruner != "none" and math.isfinite(value) and opened.ticket.falls_behind(epoch.number, value):
            return "prune"
        limit = self._rule.trial_time_limit
        last = epoch.number == opened.ticket.config.training.epochs
        if limit and time.monotonic() - opened.began >= limit and not last:
            assert opened.run is not None
            opened.run.tag({"airybench.time_limited": f"after epoch {epoch.number}"})
            return "enough"
        return "go on"

    def _tell(self, ticket: RunningTrial, run: Run, event: Event) -> None:
        """Write how a trial ended into the study first, then on its run: a kill in between is mended from the study."""
        study, number = self._study, ticket.number
        if isinstance(event, Finished):
            try:
                record = study.complete(ticket, event.value, event.scores, event.facts)
            except TakenError:
                raise
            except TrialError as error:
                event = Failed(error.kind, str(error))
            else:
                run.end("finished")
                self._watch.ended(number, record)
                return
        if isinstance(event, Failed):
            study.fail(ticket, event.kind, event.reason)
            run.end("failed", {"airybench.failure": event.kind, "airybench.reason": event.reason[:500]})
            self._watch.ended(number, None, event.reason)
        elif isinstance(event, Lost):
            kind = study.lose(ticket, event.reason)
            if kind == INTERRUPTED:
                run.end(INTERRUPTED, {"airybench.reason": event.reason[:500]})
                self._watch.ended(number, None, f"{event.reason}; it is run again", "lost")
            else:
                run.end("failed", {"airybench.failure": kind, "airybench.reason": event.reason[:500]})
                self._watch.ended(number, None, event.reason)
        elif isinstance(event, Ended) and event.why == "pruned":
            study.prune(ticket)
            run.end("pruned")
            self._watch.ended(number, None, "fell behind", "pruned")
        else:
            study.fail(ticket, INTERRUPTED, "the study's time limit was reached")
            run.end(INTERRUPTED)
            self._watch.ended(number, None, "time limit of the study", "given up")

    def _break_off(self) -> None:
        for opened in self._open.values():
            with contextlib.suppress(TakenError):
                self._study.fail(opened.ticket, INTERRUPTED, "interrupted by the user")
            if opened.run is not None:
                opened.run.end(INTERRUPTED)
        self._open = {}
