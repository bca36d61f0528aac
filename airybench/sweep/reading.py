"""Studies on disk, read and never run: which there are, and what is finished in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from airybench.config import SweepConfig, TrialConfig, validated
from airybench.errors import StudyError, unknown
from airybench.sweep.journal import open_journal
from airybench.sweep.study import Record


@dataclass(frozen=True)
class Kept:
    """A study as its journal holds it.

    Attributes:
        name: `NAME@D`.
        facts: definition, tracking URI, parent's run id and more.
        records: finished trials, by number.
    """

    name: str
    facts: dict[str, Any]
    records: tuple[Record, ...]

    @property
    def dataset(self) -> str:
        """What the user calls the data set."""
        return self.name.rpartition("@")[2]

    @cached_property
    def sweep(self) -> SweepConfig:
        """Base, space and objective."""
        known = {key: value for key, value in self._definition.items() if key in SweepConfig.model_fields}
        return validated(SweepConfig, known)

    @property
    def data_sha256(self) -> str:
        """Content hash of its store."""
        return str(self._definition.get("data_sha256", ""))

    @property
    def split_digest(self) -> str:
        """Digest of its split."""
        return str(self._definition.get("split_digest", ""))

    @property
    def _definition(self) -> dict[str, Any]:
        return dict(self.facts.get("definition", {}))


def names(folder: Path, wanted: Sequence[str] = ()) -> list[str]:
    """Full names of the studies on disk, all or those that are wanted.

    Args:
        folder: where journals are.
        wanted: `NAME@D`, or NAME for its studies of every data set.

    Raises:
        StudyError: a wanted one is not there.
    """
    there = sorted(path.name.removesuffix(".journal") for path in folder.glob("*.journal"))
    found: list[str] = []
    for name in wanted:
        matching = [one for one in there if name in (one, one.rpartition("@")[0])]
        if not matching:
            if not there:
                raise StudyError(f"study {name!r} is not in {folder}, which holds none; run a sweep first")
            raise unknown("study", name, there, error=StudyError)
        found += matching
    return list(dict.fromkeys(found)) if wanted else there


def read(folder: Path, name: str) -> Kept:
    """Read one study.

    Raises:
        StudyError: the journal is damaged, or holds no such study.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = folder / f"{name}.journal"
    try:
        study = optuna.load_study(study_name=name, storage=open_journal(path))
    except KeyError:
        raise StudyError(f"journal {path} holds no study {name}; move it away, or restore its name") from None
    records = []
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        attrs = trial.user_attrs
        records.append(
            Record(
                number=trial.number,
                config=validated(TrialConfig, attrs["config"]),
                value=trial.values[0],
                values=tuple(trial.values),
                scores=dict(attrs["scores"]),
                run_id=str(attrs["run_id"]),
                facts=dict(attrs["facts"]),
            )
        )
    return Kept(name, dict(study.user_attrs), tuple(records))
