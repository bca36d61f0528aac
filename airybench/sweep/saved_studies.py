"""Studies that are kept somewhere, read and never run: which there are, and what is finished in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from airybench.config import SweepConfig, validated
from airybench.errors import StudyError, unknown
from airybench.provenance import Provenance
from airybench.sweep.records import FinishedTrial
from airybench.sweep.storage import StudyStorage, as_storage


@dataclass(frozen=True)
class SavedStudy:
    """A study as its place holds it.

    Attributes:
        name: `NAME@D`.
        facts: definition, tracking URI, parent's run id and more.
        records: finished trials, by number.
    """

    name: str
    facts: dict[str, Any]
    records: tuple[FinishedTrial, ...]

    @property
    def dataset(self) -> str:
        """What the user calls the data set."""
        return self.name.rpartition("@")[2]

    @cached_property
    def sweep(self) -> SweepConfig:
        """Base, space and objective; not how many trials and seeds are wanted, which may change between commands."""
        known = {key: value for key, value in self._definition.items() if key in SweepConfig.model_fields}
        return validated(SweepConfig, known)

    @property
    def provenance(self) -> Provenance:
        """The data and their split."""
        return Provenance(
            dataset=self.dataset,
            source=str(self.facts.get("data_source", "")),
            data_sha256=str(self._definition.get("data_sha256", "")),
            split_digest=str(self._definition.get("split_digest", "")),
        )

    @property
    def data_sha256(self) -> str:
        """Content hash of its store."""
        return self.provenance.data_sha256

    @property
    def split_digest(self) -> str:
        """Digest of its split."""
        return self.provenance.split_digest

    @property
    def _definition(self) -> dict[str, Any]:
        return dict(self.facts.get("definition", {}))


def names(where: Path | StudyStorage, wanted: Sequence[str] = ()) -> list[str]:
    """Full names of the studies in a place, all or those that are wanted.

    Args:
        where: a folder of journals, or another place.
        wanted: `NAME@D`, or NAME for its studies of every data set.

    Raises:
        StudyError: a wanted one is not there.
    """
    storage = as_storage(where)
    there = [name for name in storage.names() if "@" in name]  # a database may hold studies of others
    found: list[str] = []
    for name in wanted:
        matching = [one for one in there if name in (one, one.rpartition("@")[0])]
        if not matching:
            if not there:
                raise StudyError(f"study {name!r} is not in {storage}, which holds none; run a sweep first")
            raise unknown("study", name, there, error=StudyError)
        found += matching
    return list(dict.fromkeys(found)) if wanted else there


def read(where: Path | StudyStorage, name: str) -> SavedStudy:
    """Read one study.

    Raises:
        StudyError: the journal is damaged, or the place holds no such study.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = as_storage(where)
    try:
        study = optuna.load_study(study_name=name, storage=storage.optuna_storage(name))
    except KeyError:
        raise StudyError(
            f"study {name} never began, or its journal was renamed; run it, give it back its name, or remove it"
        ) from None
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return SavedStudy(name, dict(study.user_attrs), tuple(FinishedTrial.of(trial) for trial in done))
