"""A sweep as an Optuna study: what it is made of, what is done, what is missing."""

import itertools
import json
import os
import platform
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import TrialState

from airybench.config import SweepConfig, TrialConfig, validated
from airybench.errors import StudyError
from airybench.sweep.journal import open_journal
from airybench.sweep.space import Cell, cells, finite, suggest

INTERRUPTED: Literal["interrupted"] = "interrupted"
RETRIED = (INTERRUPTED, "error")
"""Failures that a resume tries again: neither a kill nor a full disk says anything about the network."""

MAX_DUPLICATES = 50  # a sampler that keeps proposing known cells has exhausted what it wants to know


@dataclass(frozen=True)
class Record:
    """A finished trial as the journal holds it.

    Attributes:
        number: the trial's number.
        config: what was trained.
        value: the objective.
        scores: metrics on val at the best epoch, by name.
        run_id: its MLflow run.
        facts: parameters, seconds, best epoch.
    """

    number: int
    config: TrialConfig
    value: float
    scores: dict[str, float]
    run_id: str
    facts: dict[str, float]


class Study:
    """One name and one data set, in one journal.

    Args:
        folder: where journals are.
        name: `NAME@D`.
        sweep: base, space and sampler; the base's data set is resolved.
        identity: digests of the data and the split; the same study never mixes two.
    """

    def __init__(self, folder: Path, name: str, sweep: SweepConfig, identity: dict[str, str]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.name = name
        self.sweep = sweep
        self.path = folder / f"{name}.journal"
        # Optuna's samplers draw their own numbers; the seed of the base ties them down.
        seed = sweep.base.training.seed
        sampler = (
            optuna.samplers.TPESampler(seed=seed)
            if sweep.study.sampler == "tpe"
            else optuna.samplers.RandomSampler(seed=seed)  # never asked: every cell of a grid is enqueued
        )
        way = optuna.study.StudyDirection
        direction = way.MAXIMIZE if sweep.study.direction == "max" else way.MINIMIZE
        self._study = optuna.create_study(
            storage=open_journal(self.path), study_name=name, sampler=sampler, direction=direction, load_if_exists=True
        )
        definition = {**_definition(sweep), **identity}
        known = self._study.user_attrs.get("definition")
        if known is None:
            self._study.set_user_attr("definition", definition)
        else:
            _refuse_other(name, known, definition)

    def attribute(self, key: str) -> Any:
        """A fact of the study, None where it is not set."""
        return self._study.user_attrs.get(key)

    def remember(self, key: str, value: Any) -> None:
        """Keep a fact of the study."""
        self._study.set_user_attr(key, value)

    def reclaim(self) -> None:
        """Fail the trials that a killed process left running, so that their cells are run again."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._fail(
                optuna.trial.Trial(self._study, trial._trial_id), INTERRUPTED, "its process ended without a word"
            )

    def plan(self) -> int:
        """Enqueue what is missing; returns how many trials are still to run."""
        states = self._states()
        if self.sweep.study.sampler != "grid":
            self._enqueue_missing_seeds(states)
            done = sum(state in (TrialState.COMPLETE, TrialState.FAIL) for state in states.values())
            return max(0, self.total() - done)
        missing = [(cell, seed) for cell, seed in self._wanted() if (cell.config.cell(), seed) not in states]
        for cell, seed in missing:
            self._enqueue(cell, seed)
        waiting = [states.get((cell.config.cell(), seed), TrialState.WAITING) for cell, seed in self._wanted()]
        return waiting.count(TrialState.WAITING)

    def total(self) -> int:
        """Trials in all: what was asked for, at most every cell of a finite space under every seed."""
        asked = self.sweep.study.trials
        if not finite(self.sweep):
            assert asked is not None
            return asked
        everything = len(self._cells) * self.sweep.study.seeds
        return everything if asked is None else min(asked, everything)

    def ask(self) -> "Ticket | None":
        """The next trial to run, or None where nothing is left."""
        grid = self.sweep.study.sampler == "grid"
        wanted = {(cell.config.cell(), seed) for cell, seed in self._wanted()} if grid else set()
        for _ in itertools.count() if grid else range(MAX_DUPLICATES):
            if grid and not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                return None
            known = self._states()
            trial = self._study.ask()
            first = "seed" not in trial.user_attrs
            seed = self.sweep.base.training.seed if first else int(trial.user_attrs["seed"])
            config = suggest(trial, self.sweep).replace({"seed": seed})
            key = (config.cell(), seed)
            if known.get(key, TrialState.WAITING) == TrialState.WAITING and (not grid or key in wanted):
                ticket = Ticket(trial, config)
                ticket.note(cell=config.cell(), seed=seed, config=config.model_dump(mode="json"), **_owner())
                if first:
                    for other in self._seeds()[1:]:  # the other seeds of a new cell follow it at once
                        self._enqueue(Cell(config, dict(trial.params)), other)
                return ticket
            # The same cell and seed gives the same result, and a study may shrink: such a proposal is set aside.
            trial.set_user_attr("duplicate", True)
            self._study.tell(trial, state=TrialState.FAIL)
            if not grid and finite(self.sweep):
                untried = [(c, s) for c, s in self._everything() if (c.config.cell(), s) not in known]
                if not untried:
                    return None
                chosen = untried[trial.number % len(untried)][0]
                for cell, other in untried:
                    if cell is chosen:
                        self._enqueue(cell, other)
        return None

    def complete(self, ticket: "Ticket", value: float, scores: dict[str, float], facts: dict[str, float]) -> Record:
        """Record a finished trial."""
        ticket.note(scores=scores, facts=facts)
        self._study.tell(ticket.trial, value)
        run_id = str(ticket.trial.user_attrs["run_id"])
        return Record(ticket.number, ticket.config, value, scores, run_id, facts)

    def fail(self, ticket: "Ticket", kind: str, reason: str) -> None:
        """Record a failed or interrupted trial."""
        self._fail(ticket.trial, kind, reason)

    def finished(self) -> list[Record]:
        """Every finished trial, by number."""
        records = []
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            attrs = trial.user_attrs
            config = validated(TrialConfig, attrs["config"])
            assert trial.value is not None
            records.append(
                Record(
                    trial.number, config, trial.value, dict(attrs["scores"]), str(attrs["run_id"]), dict(attrs["facts"])
                )
            )
        return records

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
            if states.get(key) != TrialState.COMPLETE:
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

    def _enqueue(self, cell: Cell, seed: int) -> None:
        self._study.enqueue_trial(cell.point, user_attrs={"cell": cell.config.cell(), "seed": seed})

    def _fail(self, trial: optuna.Trial, kind: str, reason: str) -> None:
        trial.set_user_attr("failure", kind)
        trial.set_user_attr("reason", reason)
        self._study.tell(trial, state=TrialState.FAIL)


@dataclass(frozen=True)
class Ticket:
    """A trial that is being run."""

    trial: optuna.Trial
    config: TrialConfig

    @property
    def number(self) -> int:
        """The trial's number."""
        return int(self.trial.number)

    def note(self, **facts: Any) -> None:
        """Keep facts of the trial in the journal."""
        for key, value in facts.items():
            self.trial.set_user_attr(key, value)


def recorded(folder: Path, name: str) -> dict[str, Any]:
    """What a study on disk keeps about itself: definition, tracking URI, parent's run id; empty where there is none."""
    path = folder / f"{name}.journal"
    if not path.exists():
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return dict(optuna.load_study(study_name=name, storage=open_journal(path)).user_attrs)
    except KeyError:
        return {}


def refuse_early(name: str, known: dict[str, Any], sweep: SweepConfig) -> None:
    """Compare what is asked with what a study on disk keeps, before any data are made for it.

    Raises:
        StudyError: the same name, another content.
    """
    if "definition" not in known:
        return
    old, new = dict(known["definition"]), _definition(sweep)
    old["base"]["data"] |= {"dataset": new["base"]["data"]["dataset"]}  # a path is known by its content, later
    if known.get("data_source") != "simulated":
        old["base"]["data"] |= {"count": new["base"]["data"]["count"]}
    _refuse_other(name, {key: old.get(key) for key in new}, new)


def archive(folder: Path, name: str) -> Path | None:
    """Set the journal of a study aside; returns its new name, None where there was none."""
    path = folder / f"{name}.journal"
    if not path.exists():
        return None
    aside = folder / f"{name}.{time.strftime('%Y%m%d-%H%M%S')}.archived"
    return path.rename(aside)


def _owner() -> dict[str, Any]:
    return {"host": platform.node(), "pid": os.getpid(), "started": time.time()}


def _definition(sweep: SweepConfig) -> dict[str, Any]:
    """What makes it this study; how many trials of it are wanted may grow."""
    return sweep.model_dump(mode="json", exclude={"question": True, "study": {"trials", "seeds"}})


def _refuse_other(name: str, known: dict[str, Any], definition: dict[str, Any]) -> None:
    # What came after a study was begun stood at its default there.
    known = {**known, "base": validated(TrialConfig, known["base"]).model_dump(mode="json")}
    if known != definition:
        raise StudyError(
            f"study {name} exists with another content ({_difference(known, definition)}); choose another name with "
            "--study, or archive the old one with --fresh"
        )


def _difference(old: Any, new: Any, where: str = "") -> str:
    """The first few places where two definitions differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        parts = [
            _difference(old.get(key), new.get(key), f"{where}.{key}".strip("."))
            for key in dict.fromkeys([*old, *new])
            if old.get(key) != new.get(key)
        ]
        shown = [part for part in parts if part]
        return "; ".join(shown[:3]) + ("; ..." if len(shown) > 3 else "")
    if where == "split_digest":
        return ""  # goes with the data, or with the split's own parameters
    return "other data" if where == "data_sha256" else f"{where}: {_short(old)} there, {_short(new)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
