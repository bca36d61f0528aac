"""Studies as they are stored: read, listed and deleted, but never run."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from airybench.config import SweepConfig, TrialConfig, recorded_trial, validated
from airybench.errors import ConfigError, NothingFinishedError, StudyError, unknown
from airybench.passwords import hidden, set_apart
from airybench.paths import checkpoint_folder
from airybench.provenance import SIMULATED, Provenance
from airybench.reporter import Reporter
from airybench.study_name import StudyName
from airybench.sweep.definition import checked
from airybench.sweep.records import CONFIRMATION, INTERRUPTED, FinishedTrial
from airybench.sweep.run_names import cell_label, varying
from airybench.sweep.storage import StudyStorage, as_storage
from airybench.tracking.disk import bytes_of

STATES = ("finished", "failed", "pruned", "running", "waiting", "interrupted")
"""States of a trial, in the order in which they are counted."""

STATE_OF = {"COMPLETE": "finished", "PRUNED": "pruned", "RUNNING": "running", "WAITING": "waiting"}


@dataclass(frozen=True)
class SavedStudy:
    """A stored study.

    Attributes:
        name: `NAME@D`.
        storage: where it is.
        attributes: definition, tracking URI, parent's run id and more; empty where the study cannot be read.
        problem: why it cannot be read; empty where it can.
    """

    name: str
    storage: StudyStorage
    attributes: dict[str, Any]
    problem: str = ""

    @property
    def dataset(self) -> str:
        """What the user calls the data set."""
        return StudyName.parse(self.name).dataset

    @cached_property
    def finished(self) -> tuple[FinishedTrial, ...]:
        """Finished trials of the search, by number."""
        return tuple(trial for trial in self._complete if not trial.confirmation)

    @cached_property
    def confirmations(self) -> tuple[FinishedTrial, ...]:
        """Finished trials that train chosen cells again with fresh seeds, by number."""
        return tuple(trial for trial in self._complete if trial.confirmation)

    @cached_property
    def _complete(self) -> tuple[FinishedTrial, ...]:
        complete = (trial for trial in self._trials if trial.state == TrialState.COMPLETE)
        axes = varying(self.sweep)
        return tuple(FinishedTrial.of(trial, simulated=self._simulated, axes=axes) for trial in complete)

    @cached_property
    def sweep(self) -> SweepConfig:
        """Base, space and objective; not how many trials and seeds are wanted, which may change between commands."""
        known = {key: value for key, value in self._definition.items() if key in SweepConfig.model_fields}
        if "base" in known:
            known["base"] = recorded_trial(known["base"], simulated=self._simulated)
        return validated(SweepConfig, known)

    @property
    def _simulated(self) -> bool:
        return self.attributes.get("data_source") == SIMULATED

    @property
    def provenance(self) -> Provenance:
        """The data and their split."""
        return Provenance(
            dataset=self.dataset,
            source=str(self.attributes.get("data_source", "")),
            data_sha256=str(self._definition.get("data_sha256", "")),
            split_digest=str(self._definition.get("split_digest", "")),
            simulator=self.sweep.base.data.simulator if self._simulated else 0,
        )

    def on_its_shots(self, changes: Mapping[str, Any]) -> TrialConfig:
        """The base configuration, for something else on the very shots of the study.

        Args:
            changes: parameters that were asked for beside it; only the fold may be another.

        Raises:
            ConfigError: others are asked for, or the study runs every fold and none is named.
        """
        base = self.sweep.base
        own = base.params()
        other = [name for name in changes if name != "fold" and changes[name] != own[name]]
        if other:
            words = ", ".join(f"--{name.replace('_', '-')}" for name in other)
            raise ConfigError(f"--study {self.name} says which shots are taken; leave out {words}")
        if base.data.every_fold and "fold" not in changes:
            raise ConfigError(
                f"study {self.name} runs each of {base.data.folds} folds, and its leaderboard has the baselines of "
                "all; --fold I takes those of one"
            )
        return base.replace({**changes, "every_fold": False} if "fold" in changes else {})

    def counts(self) -> dict[str, int]:
        """Number of trials in each state that occurs."""
        states = Counter(_state(trial) for trial in self._trials)
        return {state: states[state] for state in STATES if states[state]}

    def summary(self) -> str:
        """The counts in words, such as `3 finished, 1 failed`."""
        return ", ".join(f"{count} {state}" for state, count in self.counts().items()) or "no trials"

    def overview(self) -> dict[str, Any]:
        """The study in short, ready for JSON."""
        stamps = [trial.datetime_complete or trial.datetime_start for trial in self._trials]
        last = max((stamp for stamp in stamps if stamp), default=None)
        return {
            "name": self.name,
            "states": self.counts(),
            "bytes": self.storage.size(self.name),
            "last": last.astimezone(UTC).isoformat(timespec="seconds") if last else None,
            "tracking_uri": hidden(str(self.attributes.get("tracking_uri", ""))),
            "parent_run": self.attributes.get("parent_run_id"),
            "data_source": self.attributes.get("data_source"),
            "problem": self.problem,
        }

    @cached_property
    def run_bytes(self) -> int | None:
        """Bytes of its runs in MLflow and of the models that they logged; None where they are not on this machine."""
        ids = [self.attributes.get("parent_run_id"), *(trial.user_attrs.get("run_id") for trial in self._trials)]
        return bytes_of(str(self.attributes.get("tracking_uri", "")), [str(one) for one in ids if one])

    def trials(self) -> list[dict[str, Any]]:
        """Every trial but duplicates, ready for JSON; `fold` is None where the study has one split."""
        folds = bool(self._trials) and self.sweep.base.data.every_fold
        axes = varying(self.sweep) if self._trials else ()
        return [
            {
                "number": trial.number,
                "state": _state(trial),
                "cell": _label(trial, axes),
                "seed": trial.user_attrs.get("seed"),
                "fold": trial.user_attrs.get("fold") if folds else None,
                "confirmation": bool(trial.user_attrs.get(CONFIRMATION)),
                "values": trial.values if trial.state == TrialState.COMPLETE else None,
                "run_id": trial.user_attrs.get("run_id"),
                "reason": trial.user_attrs.get("reason"),
            }
            for trial in self._trials
        ]

    def log_to(self, uri: str) -> str:
        """Record the store that holds its runs; returns the one that was recorded before.

        Raises:
            StudyError: another process runs it.
        """
        uri = set_apart(uri)
        with self.storage.reserved(self.name):
            study = optuna.load_study(study_name=self.name, storage=self.storage.optuna_storage(self.name))
            before = str(study.user_attrs.get("tracking_uri", ""))
            if before != uri:
                study.set_user_attr("tracking_uri", uri)
        return before

    def delete(self) -> None:
        """Delete the study for good, with the checkpoints of its unfinished trials.

        Raises:
            StudyError: another process runs it.
        """
        self.storage.delete(self.name)
        shutil.rmtree(checkpoint_folder(self.name), ignore_errors=True)

    @property
    def _definition(self) -> dict[str, Any]:
        return dict(self.attributes.get("definition", {}))

    @cached_property
    def _trials(self) -> list[FrozenTrial]:
        if self.problem:
            return []
        study = optuna.load_study(study_name=self.name, storage=self.storage.optuna_storage(self.name))
        return [trial for trial in study.get_trials(deepcopy=False) if not trial.user_attrs.get("duplicate")]


def names(storage: Path | StudyStorage, wanted: Sequence[str] = ()) -> list[str]:
    """Full names of the studies in a storage, all or those that are wanted.

    Args:
        storage: a folder of journals, or another storage.
        wanted: `NAME@D`, or NAME for its studies of every data set.

    Raises:
        StudyError: a wanted one is not there.
    """
    storage = as_storage(storage)
    stored = own(storage)
    chosen: list[str] = []
    for name in wanted:
        matching = [full for full in stored if StudyName.parse(full).matches(name)]
        if not matching and not stored:
            raise StudyError(f"study {name!r} is not in {storage}, which holds none; run a sweep first")
        if not matching:
            raise unknown("study", name, stored, error=StudyError)
        chosen += matching
    return list(dict.fromkeys(chosen)) if wanted else stored


def read(storage: Path | StudyStorage, name: str) -> SavedStudy:
    """Read one study.

    Args:
        storage: a folder of journals, or another storage.
        name: `NAME@D`.

    Raises:
        StudyError: the journal is damaged, or the storage holds no such study.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = as_storage(storage)
    try:
        study = optuna.load_study(study_name=name, storage=storage.optuna_storage(name))
    except KeyError:
        raise StudyError(
            f"study {name} never began, or its journal was renamed; run it, give it back its name, or remove it"
        ) from None
    return SavedStudy(name, storage, checked(name, study.user_attrs))


def finished_studies(wanted: Sequence[str], storage: Path | StudyStorage, reporter: Reporter) -> list[SavedStudy]:
    """Studies with finished trials; a notice names each that has none.

    Args:
        wanted: `NAME@D`, or NAME for its studies of every data set; all studies where empty.
        storage: a folder of journals, or another storage.
        reporter: receives notices.

    Raises:
        StudyError: no such study.
        NothingFinishedError: none has a finished trial.
    """
    storage = as_storage(storage)
    studies = [read(storage, name) for name in names(storage, wanted)]
    if not studies:
        raise StudyError(f"there is no study in {storage}; run a sweep first")
    for study in studies:
        if not study.finished:
            reporter.notify(f"study {study.name} has no finished trial; left out")
    finished = [study for study in studies if study.finished]
    if not finished:
        raise NothingFinishedError("no trial is finished in any of these studies, so there is nothing to compare")
    return finished


def own(storage: StudyStorage) -> list[str]:
    """Full names of the studies in a storage; a database may hold studies of other programs, too."""
    return [name for name in storage.names() if StudyName.parse(name).dataset]


def _state(trial: FrozenTrial) -> str:
    if trial.state != TrialState.FAIL:
        return STATE_OF[trial.state.name]
    return INTERRUPTED if trial.user_attrs.get("failure", INTERRUPTED) == INTERRUPTED else "failed"


def _label(trial: FrozenTrial, axes: Sequence[str]) -> str | None:
    config = trial.user_attrs.get("config")
    return cell_label(validated(TrialConfig, config), axes) if config else None
