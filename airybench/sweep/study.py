"""A sweep as an Optuna study: what it is made of, what is done, what is missing."""

import itertools
import time
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from airybench.config import SweepConfig, TrialConfig, validated
from airybench.provenance import Provenance
from airybench.sweep.definition import definition, recorded, refuse_early, refuse_other
from airybench.sweep.journal import unhurried
from airybench.sweep.records import CRASHED, INTERRUPTED, MAX_LOST, RETRIED, FinishedTrial, RunningTrial, TakenError
from airybench.sweep.samplers import pruner, sampler
from airybench.sweep.space import Cell, cells, finite, suggest
from airybench.sweep.storage import StudyStorage, as_storage
from airybench.trial.outcome import measured

__all__ = ["INTERRUPTED", "FinishedTrial", "RunningTrial", "Study", "TakenError", "archive", "recorded", "refuse_early"]

MAX_DUPLICATES = 50  # a sampler that keeps proposing known cells has exhausted what it wants to know


class Study:
    """One name and one data set, in one place.

    Args:
        where: a folder of journals, or another place.
        name: `NAME@D`.
        sweep: base, space and sampler; the base's data set is resolved.
        provenance: the data and their split; a study never mixes two.

    Raises:
        StudyError: the name stands for another content.
    """

    def __init__(self, where: Path | StudyStorage, name: str, sweep: SweepConfig, provenance: Provenance) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.storage = as_storage(where)
        self.name = name
        self.sweep = sweep
        self.provenance = provenance
        self._mine: set[int] = set()  # numbers of the trials that this process is running
        ways = {"max": optuna.study.StudyDirection.MAXIMIZE, "min": optuna.study.StudyDirection.MINIMIZE}
        with self.storage.lock(name):
            self._study = optuna.create_study(
                storage=self.storage.optuna_storage(name),
                study_name=name,
                pruner=pruner(sweep),
                directions=[ways[way] for _, way in sweep.study.objectives],
                load_if_exists=True,
            )
            wanted = {**definition(sweep), **provenance.identity()}
            known = self._study.user_attrs.get("definition")
            if known is None:
                self._study.set_user_attr("definition", wanted)
            else:
                refuse_other(name, known, wanted)
        # Samplers draw their own numbers, tied down by the base's seed. A resume, or another host on the same study,
        # must not begin the same row of numbers again: all it proposed would be known.
        started = len(self._study.get_trials(deepcopy=False))
        apart = zlib.crc32(self.storage.owner.encode()) if self.storage.shared else 0
        self._study.sampler = sampler(sweep, self.total(), sweep.base.training.seed + started + apart)

    def attribute(self, key: str) -> Any:
        """A fact of the study, None where it is not set."""
        return self._study.user_attrs.get(key)

    def remember(self, key: str, value: Any) -> None:
        """Keep a fact of the study."""
        self._study.set_user_attr(key, value)

    def reclaim(self) -> list[str]:
        """Fail the trials whose process is gone and put their cells back in the queue; returns their run ids."""
        found = []
        with self.storage.lock(self.name):
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                owner = str(trial.user_attrs.get("owner", ""))
                mine_now = owner == self.storage.owner and trial.number in self._mine
                if mine_now or (owner != self.storage.owner and self.storage.alive(self.name, owner)):
                    continue
                self._fail(
                    optuna.trial.Trial(self._study, trial._trial_id), INTERRUPTED, "its process ended without a word"
                )
                self._again(trial)
                found.append(str(trial.user_attrs.get("run_id", "")))
        return [run_id for run_id in found if run_id]

    def running(self) -> set[str]:
        """Numbers of the trials at work, in whatever process."""
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return {str(trial.number) for trial in running}

    def others(self) -> int:
        """Trials that other processes are running."""
        return len(self.running() - {str(number) for number in self._mine})

    def plan(self) -> int:
        """Enqueue what is missing; returns how many trials are still to run."""
        with self.storage.lock(self.name), unhurried(self._study._storage):
            states = self._states()
            if self.sweep.study.sampler != "grid":
                self._enqueue_missing_seeds(states)
                return max(0, self.total() - _begun(states))
            missing = [(cell, seed) for cell, seed in self._wanted() if (cell.digest, seed) not in states]
            for cell, seed in missing:
                self._enqueue(cell, seed)
            waiting = [states.get((cell.digest, seed), TrialState.WAITING) for cell, seed in self._wanted()]
            return waiting.count(TrialState.WAITING)

    def total(self) -> int:
        """Trials in all: what was asked for, at most every cell of a finite space under every seed."""
        asked = self.sweep.study.trials
        if not finite(self.sweep):
            assert asked is not None
            return asked
        everything = len(self._cells) * self.sweep.study.seeds
        return everything if asked is None else min(asked, everything)

    def ask(self) -> RunningTrial | None:
        """The next trial to run, or None where nothing is left."""
        with self.storage.lock(self.name):
            ticket = self._ask()
        if ticket is not None:
            self._mine.add(ticket.number)
        return ticket

    def _ask(self) -> RunningTrial | None:
        grid = self.sweep.study.sampler == "grid"
        wanted = {(cell.digest, seed) for cell, seed in self._wanted()} if grid else set()
        for _ in itertools.count() if grid else range(MAX_DUPLICATES):
            if grid and not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                return None
            known = self._states()
            if not grid and _begun(known) >= self.total():
                return None
            trial = self._study.ask()
            first = "seed" not in trial.user_attrs
            seed = self.sweep.base.training.seed if first else int(trial.user_attrs["seed"])
            config = suggest(trial, self.sweep).replace({"seed": seed})
            key = (config.cell(), seed)
            if known.get(key, TrialState.WAITING) == TrialState.WAITING and (not grid or key in wanted):
                ticket = RunningTrial(trial, config)
                ticket.note(
                    cell=key[0], seed=seed, config=config.model_dump(mode="json"), owner=self.storage.owner,
                    started=time.time(),
                )  # fmt: skip
                if first:
                    for other in self._seeds()[1:]:  # the other seeds of a new cell follow it at once
                        self._enqueue(Cell(config, dict(trial.params)), other)
                return ticket
            # The same cell and seed gives the same result, and a study may shrink: such a proposal is set aside.
            trial.set_user_attr("duplicate", True)
            self._study.tell(trial, state=TrialState.FAIL)
            if not grid and finite(self.sweep):
                untried = [(c, s) for c, s in self._everything() if (c.digest, s) not in known]
                if not untried:
                    return None
                chosen = untried[trial.number % len(untried)][0]
                for cell, other in untried:
                    if cell is chosen:
                        self._enqueue(cell, other)
        return None

    def complete(
        self, ticket: RunningTrial, value: float, scores: dict[str, float], facts: dict[str, float]
    ) -> FinishedTrial:
        """Record a finished trial.

        Raises:
            TrialError: a further objective is undefined, or the trial was taken away from this process.
        """
        values = (value, *(measured(metric, scores, facts) for metric, _ in self.sweep.study.objectives[1:]))
        self._still_mine(ticket)
        ticket.note(scores=scores, facts=facts)
        self._tell(ticket.trial, values=values)
        run_id = str(ticket.trial.user_attrs["run_id"])
        return FinishedTrial(ticket.number, ticket.config, value, scores, run_id, facts, values)

    def prune(self, ticket: RunningTrial) -> None:
        """Record a trial that fell behind.

        Raises:
            TrialError: the trial was taken away from this process.
        """
        self._still_mine(ticket)
        self._tell(ticket.trial, state=TrialState.PRUNED)

    def lose(self, ticket: RunningTrial, reason: str) -> str:
        """Record a trial whose worker died, and run its cell again; returns the kind of failure that it counts as."""
        key = (ticket.config.cell(), ticket.config.training.seed)
        before = sum(
            bool(trial.user_attrs.get("lost")) and (trial.user_attrs["cell"], trial.user_attrs["seed"]) == key
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        )
        self._still_mine(ticket)
        ticket.note(lost=True)
        if before + 1 >= MAX_LOST:
            self._fail(ticket.trial, CRASHED, f"{reason}, {MAX_LOST} times in all")
            return CRASHED
        self._fail(ticket.trial, INTERRUPTED, reason)
        self._enqueue(Cell(ticket.config, dict(ticket.trial.params)), ticket.config.training.seed)
        return INTERRUPTED

    def counts(self) -> dict[str, int]:
        """How many trials are in which state, duplicates left out."""
        found: dict[str, int] = {}
        for trial in self._study.get_trials(deepcopy=False):
            if not trial.user_attrs.get("duplicate"):
                found[trial.state.name.lower()] = found.get(trial.state.name.lower(), 0) + 1
        return found

    def fail(self, ticket: RunningTrial, kind: str, reason: str) -> None:
        """Record a failed or interrupted trial.

        Raises:
            TrialError: the trial was taken away from this process.
        """
        self._still_mine(ticket)
        self._fail(ticket.trial, kind, reason)

    def finished(self) -> list[FinishedTrial]:
        """Every finished trial, by number."""
        done = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return [FinishedTrial.of(trial) for trial in done]

    def failures(self) -> list[tuple[int, str, str]]:
        """Number, title and reason of every cell and seed that failed and has no finished trial."""
        states = self._states()
        last: dict[tuple[str, int], tuple[int, str, str]] = {}
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.FAIL,)):
            attrs = trial.user_attrs
            if attrs.get("failure", INTERRUPTED) == INTERRUPTED or "config" not in attrs:
                continue
            key = (str(attrs["cell"]), int(attrs["seed"]))
            if states.get(key) != TrialState.COMPLETE:
                last[key] = (trial.number, validated(TrialConfig, attrs["config"]).title, str(attrs["reason"]))
        return list(last.values())

    def _states(self) -> dict[tuple[str, int], TrialState]:
        """Where every (cell, seed) stands; those that are to be run again are absent."""
        states: dict[tuple[str, int], TrialState] = {}
        for trial in self._study.get_trials(deepcopy=False):
            attrs = trial.user_attrs
            if "cell" not in attrs or attrs.get("duplicate"):
                continue
            key = (str(attrs["cell"]), int(attrs["seed"]))
            if trial.state == TrialState.FAIL and attrs.get("failure") in RETRIED:
                continue
            if states.get(key) not in (TrialState.COMPLETE, TrialState.RUNNING):
                states[key] = trial.state
        return states

    def _seeds(self) -> list[int]:
        first = self.sweep.base.training.seed
        return list(range(first, first + self.sweep.study.seeds))

    def _everything(self) -> list[tuple[Cell, int]]:
        # Seed by seed, so that a study cut short has compared every cell before it repeats one.
        return [(cell, seed) for seed in self._seeds() for cell in self._cells]

    @cached_property
    def _cells(self) -> list[Cell]:
        # Expanded once: asking for the next trial must not cost more the more cells there are.
        return cells(self.sweep)

    def _wanted(self) -> list[tuple[Cell, int]]:
        return self._everything()[: self.total()]

    def _enqueue_missing_seeds(self, states: dict[tuple[str, int], TrialState]) -> None:
        """Put the seeds in the queue that an interruption kept from cells which a sampler had chosen."""
        for trial in self._study.get_trials(deepcopy=False):
            attrs = trial.user_attrs
            if "config" not in attrs or attrs.get("duplicate"):
                continue
            for seed in self._seeds():
                if (str(attrs["cell"]), seed) not in states:
                    states[str(attrs["cell"]), seed] = TrialState.WAITING
                    self._enqueue(Cell(validated(TrialConfig, attrs["config"]), dict(trial.params)), seed)

    def _still_mine(self, ticket: RunningTrial) -> None:
        # A host that was cut off for a while comes back to find that another has run its trial instead.
        if self.storage.shared and self._study._storage.get_trial(ticket.trial._trial_id).state.is_finished():
            self._mine.discard(ticket.number)
            raise TakenError(f"trial {ticket.number} was given to another process while this one was cut off")

    def _again(self, trial: optuna.trial.FrozenTrial) -> None:
        """Put the cell and seed of a trial back in the queue, by the point that led there."""
        if "cell" in trial.user_attrs:
            point = trial.system_attrs.get("fixed_params") or trial.params
            attrs = {"cell": trial.user_attrs["cell"], "seed": trial.user_attrs["seed"]}
            self._study.enqueue_trial(dict(point), user_attrs=attrs)

    def _enqueue(self, cell: Cell, seed: int) -> None:
        self._study.enqueue_trial(cell.point, user_attrs={"cell": cell.digest, "seed": seed})

    def _fail(self, trial: optuna.Trial, kind: str, reason: str) -> None:
        trial.set_user_attr("failure", kind)
        trial.set_user_attr("reason", reason)
        self._tell(trial, state=TrialState.FAIL)

    def _tell(
        self, trial: optuna.Trial, *, values: Sequence[float] | None = None, state: TrialState | None = None
    ) -> None:
        self._study.tell(trial, values, state=state)
        self._mine.discard(trial.number)


def _begun(states: dict[tuple[str, int], TrialState]) -> int:
    return sum(state != TrialState.WAITING for state in states.values())


def archive(where: Path | StudyStorage, name: str) -> str | None:
    """Set a study aside; returns its new name, None where there was none."""
    return as_storage(where).archive(name)
