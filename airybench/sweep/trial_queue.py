"""Which trial of a study runs next: cells in a fixed order for a grid, or whatever a sampler proposes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from airybench.config import SweepConfig, TrialConfig, Value, recorded_trial
from airybench.sweep.confirmation import chosen_cells
from airybench.sweep.records import CONFIRMATION, RETRIED
from airybench.sweep.repeat import Repeat, repeat_of
from airybench.sweep.space import Cell, suggest
from airybench.sweep.start_cells import recorded_start
from airybench.sweep.trial_list import TrialList

MAX_DUPLICATES = 50  # a sampler that keeps proposing known cells has nothing new to ask

WAITING = TrialState.WAITING

Key = tuple[str, Repeat]
"""Digest of a cell, and its seed and fold: two trials of equal keys have equal results."""


@dataclass(frozen=True)
class Proposal:
    """A trial that Optuna proposes.

    Attributes:
        trial: Optuna's.
        config: the cell with the seed, and the fold.
        is_new: whether the sampler chose it now, rather than the queue.
    """

    trial: optuna.Trial
    config: TrialConfig
    is_new: bool

    @cached_property
    def key(self) -> Key:
        """Cell, seed and fold."""
        return config_key(self.config)


class TrialQueue:
    """The trials of a study that wait, and those that a sampler adds.

    Args:
        study: Optuna's.
        sweep: base, space and sampler.
    """

    def __init__(self, study: optuna.Study, sweep: SweepConfig) -> None:
        self._study = study
        self._sweep = sweep
        self._grid = sweep.study.sampler == "grid"
        start = recorded_start(study.user_attrs)
        self._first = start.cells_in(sweep) if start else []
        self.trials = TrialList(sweep, tuple(cell.digest for cell in self._first))

    def fill(self) -> int:
        """Enqueue what is missing; returns how many trials are still to run."""
        states = self.states()
        if self._grid:
            left = self._enqueue_missing(self.trials.wanted(), states)
        else:
            self._enqueue_missing_repeats(states)
            self._enqueue_missing(self._first_trials(), states)
            left = max(0, self.trials.total() - self._started(states))
        return left or self._enqueue_missing(self.confirming(), states)

    def left(self) -> int:
        """How many trials are still to run or run now, as `fill` would find; nothing is enqueued."""
        states = self.states()
        running = sum(state == TrialState.RUNNING for state in states.values())
        if self._grid:
            left = _open(self.trials.wanted(), states)
        else:
            left = max(0, self.trials.total() - self._started(states))
        return running or left or _open(self.confirming(), states)

    def pop(self) -> Proposal | None:
        """The next trial to run, or None where nothing is left."""
        found = None if self._grid else self._pop_sampler()
        if found is not None:
            return found
        confirming = self.confirming()
        self._enqueue_missing(confirming, self.states(retried=False))
        wanted = [*self.trials.wanted(), *confirming] if self._grid else confirming
        return self._pop_wanted({(cell.digest, repeat) for cell, repeat in wanted}) if wanted else None

    def _first_trials(self) -> list[tuple[Cell, Repeat]]:
        """The trials of the cells that a sampler begins with, as many as the study is to have, cell by cell."""
        trials = [(cell, repeat) for cell in self._first for repeat in self.trials.repeats]
        return trials[: self.trials.total()]

    def confirming(self) -> list[tuple[Cell, Repeat]]:
        """The trials that confirm the chosen cells, seed by seed; empty until the search has ended."""
        repeats = self.trials.fresh_repeats
        if not repeats or self._searching():
            return []
        cells = chosen_cells(self._study, self._sweep)
        return [(cell, repeat) for repeat in repeats for cell in cells]

    def unsettled(self) -> set[str]:
        """Digests of the cells of which a trial is still to come, which may raise or lower their means."""
        states = self.states()
        if self._grid:
            wanted = [(cell.digest, repeat) for cell, repeat in self.trials.wanted()]
        else:
            cells = {cell for cell, repeat in states if not self.trials.is_fresh(repeat)}
            wanted = [(cell, repeat) for cell in cells for repeat in self.trials.repeats]
        return {key[0] for key in wanted if states.get(key, WAITING) in (WAITING, TrialState.RUNNING)}

    def _searching(self) -> bool:
        """Whether a trial of the search runs, or one of a grid is still to run."""
        states = self.states(retried=False)
        for (_, repeat), state in states.items():
            if state == TrialState.RUNNING and not self.trials.is_fresh(repeat):
                return True
        wanted = self.trials.wanted() if self._grid else ()
        return any(states.get((cell.digest, repeat), WAITING) == WAITING for cell, repeat in wanted)

    def _pop_wanted(self, wanted: set[Key]) -> Proposal | None:
        while self._waiting():
            states, proposal = self.states(), self._propose()
            if proposal.key in wanted and _is_open(proposal, states):
                return proposal
            self._reject(proposal)  # fewer trials are wanted than were enqueued
        return None

    def _pop_sampler(self) -> Proposal | None:
        for _ in range(MAX_DUPLICATES):
            states = self.states()
            if self._started(states) >= self.trials.total():
                return None
            proposal = self._propose()
            fresh = self.trials.is_fresh(proposal.key[1])  # its turn comes again when the search has ended
            if _is_open(proposal, states) and not fresh:
                return proposal
            self._reject(proposal)  # equal cells with equal seeds give equal results
            if not fresh and self.trials.finite and not self._enqueue_untried(states, proposal.trial.number):
                return None
        return None

    def _reject(self, proposal: Proposal) -> None:
        proposal.trial.set_user_attr("duplicate", True)
        self._study.tell(proposal.trial, state=TrialState.FAIL)

    def _propose(self) -> Proposal:
        trial = self._study.ask()
        is_new = "seed" not in trial.user_attrs  # the sampler's own idea; what is enqueued has a seed
        repeat = self.trials.repeats[0] if is_new else _repeat(trial.user_attrs)
        chosen: dict[str, Value] = {"seed": repeat.seed}
        if self._sweep.base.data.every_fold:
            chosen["fold"] = repeat.fold
        return Proposal(trial, suggest(trial, self._sweep).replace(chosen), is_new)

    def enqueue(self, cell: Cell, repeat: Repeat) -> None:
        """Enqueue a cell with a seed and a fold."""
        self._enqueue(cell.point, (cell.digest, repeat))

    def _enqueue(self, point: Mapping[str, Any], key: Key) -> None:
        mark = {CONFIRMATION: True} if self.trials.is_fresh(key[1]) else {}
        self._study.enqueue_trial(dict(point), user_attrs={"cell": key[0], **key[1]._asdict(), **mark})

    def _enqueue_missing(self, wanted: list[tuple[Cell, Repeat]], states: dict[Key, TrialState]) -> int:
        """Enqueue those that are in no state; returns how many of them are still to run."""
        for cell, repeat in wanted:
            if (cell.digest, repeat) not in states:
                self.enqueue(cell, repeat)
        return _open(wanted, states)

    def enqueue_again(self, trial: FrozenTrial) -> None:
        """Enqueue the cell, seed and fold of a trial again, by the point that led there."""
        if "cell" in trial.user_attrs:
            point = trial.system_attrs.get("fixed_params") or trial.params
            self._enqueue(point, trial_key(trial))

    def _enqueue_untried(self, states: dict[Key, TrialState], number: int) -> bool:
        """Enqueue a cell of a finite space that the sampler has not proposed yet; returns whether there is one."""
        untried = [(cell, repeat) for cell, repeat in self.trials.all_trials() if (cell.digest, repeat) not in states]
        chosen = untried[number % len(untried)][0] if untried else None
        for cell, repeat in untried:
            if cell is chosen:
                self.enqueue(cell, repeat)
        return bool(untried)

    def _enqueue_missing_repeats(self, states: dict[Key, TrialState]) -> None:
        """Enqueue the seeds and folds that an interruption kept from cells which a sampler had chosen."""
        for trial in self._study.get_trials(deepcopy=False):
            attrs = trial.user_attrs
            if "config" not in attrs or attrs.get("duplicate") or attrs.get(CONFIRMATION):
                continue
            for repeat in self.trials.repeats:
                if (str(attrs["cell"]), repeat) not in states:
                    states[str(attrs["cell"]), repeat] = WAITING
                    config = recorded_trial(attrs["config"], simulated=self._sweep.base.data.simulator > 0)
                    self.enqueue(Cell(config, dict(trial.params)), repeat)

    def states(self, *, retried: bool = True) -> dict[Key, TrialState]:
        """The state of every cell with its seeds and folds.

        Args:
            retried: leave out those that a resume runs again; else they count as failed.
        """
        states: dict[Key, TrialState] = {}
        for trial in self._study.get_trials(deepcopy=False):
            attrs = trial.user_attrs
            if "cell" not in attrs or attrs.get("duplicate"):
                continue
            if retried and trial.state == TrialState.FAIL and attrs.get("failure") in RETRIED:
                continue
            if states.get(trial_key(trial)) not in (TrialState.COMPLETE, TrialState.RUNNING):
                states[trial_key(trial)] = trial.state
        return states

    def _started(self, states: dict[Key, TrialState]) -> int:
        """Trials of the search that do not wait."""
        return sum(state != WAITING and not self.trials.is_fresh(repeat) for (_, repeat), state in states.items())

    def _waiting(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(WAITING,))


def trial_key(trial: FrozenTrial) -> Key:
    """Cell, seed and fold of a trial that was enqueued or begun."""
    return str(trial.user_attrs["cell"]), _repeat(trial.user_attrs)


def config_key(config: TrialConfig) -> Key:
    """Cell, seed and fold of what is trained."""
    return config.cell(), repeat_of(config)


def _repeat(attributes: Mapping[str, Any]) -> Repeat:
    return Repeat(int(attributes["seed"]), int(attributes.get("fold", 0)))  # older studies have no fold


def _open(wanted: list[tuple[Cell, Repeat]], states: Mapping[Key, TrialState]) -> int:
    """How many trials of those that are wanted have not begun."""
    return sum(states.get((cell.digest, repeat), WAITING) == WAITING for cell, repeat in wanted)


def _is_open(proposal: Proposal, states: dict[Key, TrialState]) -> bool:
    return states.get(proposal.key, WAITING) == WAITING
