"""A sweep as an Optuna study: which trials it has, which are done, and which are missing."""

import time
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from airybench.config import SweepConfig, TrialConfig, validated
from airybench.provenance import Provenance
from airybench.sweep.definition import definition, refuse_other
from airybench.sweep.journal import deferred_sync
from airybench.sweep.records import (
    CRASHED,
    INTERRUPTED,
    MAX_LOST,
    FailedTrial,
    FinishedTrial,
    RunningTrial,
    TakenError,
)
from airybench.sweep.run_names import cell_label, trial_title, varying
from airybench.sweep.samplers import pruner, sampler
from airybench.sweep.space import Cell
from airybench.sweep.start_cells import STARTED_FROM, StudyStart, recorded_start
from airybench.sweep.storage import StudyStorage, as_storage
from airybench.sweep.trial_queue import Key, TrialQueue, config_key, trial_key
from airybench.trial.outcome import Outcome, measured

DIRECTIONS = {"max": optuna.study.StudyDirection.MAXIMIZE, "min": optuna.study.StudyDirection.MINIMIZE}


class RunningStudy:
    """All trials of one sweep on one data set, in one storage.

    Args:
        storage: a folder of journals, or another storage.
        name: `NAME@D`.
        sweep: base, space and sampler; the base's data set is resolved.
        provenance: the data and their split; a study never mixes two.
        start: the cells that a new study begins with; one with trials keeps what it began with.

    Raises:
        StudyError: a study of that name exists with another content.
    """

    def __init__(
        self,
        storage: Path | StudyStorage,
        name: str,
        sweep: SweepConfig,
        provenance: Provenance,
        start: StudyStart | None = None,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.storage = as_storage(storage)
        self.name = name
        self.sweep = sweep
        self.provenance = provenance
        self._own: set[int] = set()  # numbers of the trials that this process is running
        self._read: dict[int, FinishedTrial] = {}
        with self.storage.lock(name):
            self._study = optuna.create_study(
                storage=self.storage.optuna_storage(name),
                study_name=name,
                pruner=pruner(sweep),
                directions=[DIRECTIONS[objective.direction] for objective in sweep.study.objectives],
                load_if_exists=True,
            )
            wanted = {**definition(sweep), **provenance.identity()}
            stored = self._study.user_attrs.get("definition")
            if stored is None:
                self._study.set_user_attr("definition", wanted)
            else:
                refuse_other(name, stored, wanted)
            if start and not self._study.get_trials(deepcopy=False):
                self._study.set_user_attr(STARTED_FROM, start.content())
        self._queue = TrialQueue(self._study, sweep)
        # The base's seed fixes the random numbers of a sampler. A resume, or another host on the same study, must not
        # draw the same numbers again: every cell that they propose would be known.
        started = len(self._study.get_trials(deepcopy=False))
        host = zlib.crc32(self.storage.owner.encode()) if self.storage.shared else 0
        self._study.sampler = sampler(sweep, self.total(), sweep.base.training.seed + started + host)

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """What tells its cells apart."""
        return varying(self.sweep)

    def attribute(self, key: str) -> Any:
        """An attribute of the study, None where it is not set."""
        return self._study.user_attrs.get(key)

    def set_attribute(self, key: str, value: Any) -> None:
        """Store an attribute of the study."""
        self._study.set_user_attr(key, value)

    @property
    def start(self) -> StudyStart | None:
        """The cells of other studies that it began with, None where it began with none."""
        return recorded_start(self._study.user_attrs)

    def total(self) -> int:
        """Number of trials: what was asked for, at most every cell of a finite space with every seed and fold."""
        return self._queue.trials.total()

    def plan(self) -> int:
        """Enqueue what is missing; returns how many trials are still to run."""
        with self.storage.lock(self.name), deferred_sync(self._study._storage):
            return self._queue.fill()

    def ask(self) -> RunningTrial | None:
        """The next trial to run, or None where nothing is left."""
        with self.storage.lock(self.name):
            proposal = self._queue.pop()
            if proposal is None:
                return None
            trial = RunningTrial(proposal.trial, proposal.config)
            trial.set_attributes(
                cell=proposal.key[0],
                **proposal.key[1]._asdict(),
                config=proposal.config.model_dump(mode="json"),
                owner=self.storage.owner,
                started=time.time(),
            )
            if proposal.is_new:
                for repeat in self._queue.trials.repeats[1:]:  # the rest of a new cell follows it at once
                    self._queue.enqueue(Cell(proposal.config, dict(proposal.trial.params)), repeat)
        self._own.add(trial.number)
        return trial

    def complete(self, trial: RunningTrial, outcome: Outcome) -> FinishedTrial:
        """Record a finished trial.

        Raises:
            TrialError: a further objective is undefined, or the trial was taken away from this process.
        """
        further = self.sweep.study.objectives[1:]
        values = (outcome.value, *(measured(one.metric, outcome.scores, outcome.facts) for one in further))
        self._require_own(trial)
        trial.set_attributes(scores=outcome.scores, facts=outcome.facts)
        self._end(trial.trial, values=values)
        run_id = str(trial.trial.user_attrs["run_id"])
        return FinishedTrial(
            trial.number, trial.config, outcome.scores, run_id, outcome.facts, values, trial.confirmation, self.axes
        )

    def prune(self, trial: RunningTrial) -> None:
        """Record a trial that fell behind.

        Raises:
            TrialError: the trial was taken away from this process.
        """
        self._require_own(trial)
        self._end(trial.trial, state=TrialState.PRUNED)

    def fail(self, trial: RunningTrial, kind: str, reason: str) -> None:
        """Record a failed or interrupted trial.

        Raises:
            TrialError: the trial was taken away from this process.
        """
        self._require_own(trial)
        self._fail(trial.trial, kind, reason)

    def lose(self, trial: RunningTrial, reason: str) -> str:
        """Record a trial whose worker died and enqueue its cell again, MAX_LOST times at most.

        Returns:
            The kind of failure that it counts as.
        """
        key = config_key(trial.config)
        lost_before = sum(
            bool(other.user_attrs.get("lost")) and trial_key(other) == key for other in self._get(TrialState.FAIL)
        )
        self._require_own(trial)
        trial.set_attributes(lost=True)
        if lost_before + 1 >= MAX_LOST:
            self._fail(trial.trial, CRASHED, f"{reason}, {MAX_LOST} times in all")
            return CRASHED
        self._fail(trial.trial, INTERRUPTED, reason)
        self._queue.enqueue(Cell(trial.config, dict(trial.trial.params)), key[1])
        return INTERRUPTED

    def reclaim(self) -> list[str]:
        """Fail the trials whose process is gone and enqueue their cells again; returns their run ids."""
        run_ids = []
        with self.storage.lock(self.name):
            for trial in self._get(TrialState.RUNNING):
                owner = str(trial.user_attrs.get("owner", ""))
                own = owner == self.storage.owner and trial.number in self._own
                if own or (owner != self.storage.owner and self.storage.alive(self.name, owner)):
                    continue
                running = optuna.trial.Trial(self._study, trial._trial_id)
                self._fail(running, INTERRUPTED, "its process ended without a word")
                self._queue.enqueue_again(trial)
                run_ids.append(str(trial.user_attrs.get("run_id", "")))
        return [run_id for run_id in run_ids if run_id]

    def running(self) -> set[str]:
        """Numbers of the trials that run, in whatever process."""
        return {str(trial.number) for trial in self._get(TrialState.RUNNING)}

    def running_elsewhere(self) -> int:
        """How many trials other processes run."""
        return len(self.running() - {str(number) for number in self._own})

    def counts(self) -> dict[str, int]:
        """How many trials are in which state of Optuna's, without duplicates."""
        return Counter(trial.state.name.lower() for trial in self._get() if not trial.user_attrs.get("duplicate"))

    def finished(self) -> list[FinishedTrial]:
        """Every finished trial of the search, by number."""
        return [trial for trial in self._complete() if not trial.confirmation]

    def confirmations(self) -> list[FinishedTrial]:
        """The finished trials that confirm the chosen cells, by number."""
        return [trial for trial in self._complete() if trial.confirmation]

    def confirming(self) -> list[str]:
        """The labels of the chosen cells, each trained again with fresh seeds; empty until the search has ended."""
        return list(dict.fromkeys(cell_label(cell.config, self.axes) for cell, _ in self._queue.confirming()))

    def unsettled(self) -> set[str]:
        """Digests of the cells of which a trial of the search is still to come."""
        return self._queue.unsettled()

    def _complete(self) -> list[FinishedTrial]:
        simulated = self.provenance.simulated
        for trial in self._get(TrialState.COMPLETE):
            if trial.number not in self._read:  # it stays as it is, and a study asks for all after each trial
                self._read[trial.number] = FinishedTrial.of(trial, simulated=simulated, axes=self.axes)
        return [self._read[number] for number in sorted(self._read)]

    def failures(self) -> list[FailedTrial]:
        """Every cell, seed and fold that failed and has no finished trial."""
        states = self._queue.states()
        last: dict[Key, FailedTrial] = {}
        for trial in self._get(TrialState.FAIL):
            attrs = trial.user_attrs
            if attrs.get("failure", INTERRUPTED) == INTERRUPTED or "config" not in attrs:
                continue
            if states.get(trial_key(trial)) != TrialState.COMPLETE:
                title = trial_title(validated(TrialConfig, attrs["config"]), self.axes)
                last[trial_key(trial)] = FailedTrial(trial.number, title, str(attrs["reason"]))
        return list(last.values())

    def _get(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states or None)

    def _require_own(self, trial: RunningTrial) -> None:
        # A host that was cut off for a while comes back to find that another has run its trial instead.
        if self.storage.shared and self._study._storage.get_trial(trial.trial._trial_id).state.is_finished():
            self._own.discard(trial.number)
            raise TakenError(f"trial {trial.number} was given to another process while this one was cut off")

    def _fail(self, trial: optuna.Trial, kind: str, reason: str) -> None:
        trial.set_user_attr("failure", kind)
        trial.set_user_attr("reason", reason)
        self._end(trial, state=TrialState.FAIL)

    def _end(
        self, trial: optuna.Trial, *, values: Sequence[float] | None = None, state: TrialState | None = None
    ) -> None:
        self._study.tell(trial, values, state=state)
        self._own.discard(trial.number)
