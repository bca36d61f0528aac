"""Which studies there are, and what is in them."""

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from airybench.config import TrialConfig, validated
from airybench.errors import AirybenchError, StudyError, unknown
from airybench.paths import checkpoint_folder, data_folder
from airybench.sweep.definition import recorded
from airybench.sweep.storage import StudyStorage, open_storage
from airybench.tracking.store import hidden

STATES = ("finished", "failed", "pruned", "running", "waiting", "interrupted")
NAMES = {"COMPLETE": "finished", "PRUNED": "pruned", "RUNNING": "running", "WAITING": "waiting"}


@dataclass(frozen=True)
class Found:
    """A study that is kept somewhere.

    Attributes:
        name: `NAME@D`.
        storage: where.
        known: what it keeps about itself; empty where it cannot be read.
        problem: why it cannot be read.
    """

    name: str
    storage: StudyStorage
    known: dict[str, Any]
    problem: str = ""

    def counts(self) -> dict[str, int]:
        """Trials by state."""
        found = Counter(_state(trial) for trial in self._trials())
        return {state: found[state] for state in STATES if found[state]}

    def summary(self) -> str:
        """The same in words."""
        return ", ".join(f"{count} {state}" for state, count in self.counts().items()) or "no trials"

    def facts(self) -> dict[str, Any]:
        """Everything in short, as data."""
        trials = self._trials()
        stamps = [t.datetime_complete or t.datetime_start for t in trials if t.datetime_complete or t.datetime_start]
        last = max((stamp for stamp in stamps if stamp), default=None)
        return {
            "name": self.name,
            "states": self.counts(),
            "bytes": self.storage.size(self.name),
            "last": last.astimezone(UTC).isoformat(timespec="seconds") if last else None,
            "tracking_uri": hidden(str(self.known.get("tracking_uri", ""))),
            "parent_run": self.known.get("parent_run_id"),
            "data_source": self.known.get("data_source"),
            "problem": self.problem,
        }

    def trials(self) -> list[dict[str, Any]]:
        """Every trial that is not set aside, as data."""
        return [
            {
                "number": trial.number,
                "state": _state(trial),
                "cell": _title(trial),
                "seed": trial.user_attrs.get("seed"),
                "values": trial.values if trial.state.name == "COMPLETE" else None,
                "run_id": trial.user_attrs.get("run_id"),
                "reason": trial.user_attrs.get("reason"),
            }
            for trial in self._trials()
        ]

    def delete(self) -> None:
        """Remove the study for good, with what its unfinished trials left to go on from.

        Raises:
            StudyError: another process runs it.
        """
        self.storage.delete(self.name)
        shutil.rmtree(checkpoint_folder(self.name), ignore_errors=True)

    def _trials(self) -> list[FrozenTrial]:
        if self.problem:
            return []
        study = optuna.load_study(study_name=self.name, storage=self.storage.optuna_storage(self.name))
        return [t for t in study.get_trials(deepcopy=False) if not t.user_attrs.get("duplicate")]


def inventory(storage: str | None = None) -> list[Found]:
    """Every study in a place, by default the data folder's; a damaged one is listed with what is wrong."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    home = open_storage(storage, data_folder() / "studies")
    found = []
    for name in home.names():
        try:
            known, problem = recorded(home, name), ""
            if not known:
                problem = "holds no study"
        except AirybenchError as error:
            known, problem = {}, str(error)
        found.append(Found(name, home, known, problem))
    return found


def look_up(name: str, storage: str | None = None) -> Found:
    """One study.

    Raises:
        StudyError: there is none of that name.
    """
    found = {one.name: one for one in inventory(storage)}
    if name not in found:
        near = [study for study in found if study.partition("@")[0] == name]
        if len(near) == 1:
            return found[near[0]]
        raise unknown("study", name, found or ["none yet"], error=StudyError)
    return found[name]


def _state(trial: FrozenTrial) -> str:
    if trial.state.name != "FAIL":
        return NAMES[trial.state.name]
    return "interrupted" if trial.user_attrs.get("failure", "interrupted") == "interrupted" else "failed"


def _title(trial: FrozenTrial) -> str | None:
    config = trial.user_attrs.get("config")
    return validated(TrialConfig, config).network.title if config else None
