"""The definition of a study: what must not change when it resumes, and how a difference is reported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna

from airybench.config import SweepConfig, recorded_trial
from airybench.data.datasets.catalog import CATALOG, display_name
from airybench.errors import StudyError
from airybench.paths import data_folder
from airybench.provenance import SIMULATED
from airybench.study_name import StudyName
from airybench.sweep.other_settings import message
from airybench.sweep.storage import JournalFolder, StudyStorage, as_storage
from airybench.tracking.moved_store import present_store

_VERSIONED = {"simulator": "simulator", "split_version": "split"}
"""Parameters that are versions, and of what."""

GROWING = ("trials", "seeds", "confirm", "time_limit", "keep")
"""How much of a study is wanted and kept; this may change from one command to the next."""


def definition(sweep: SweepConfig) -> dict[str, Any]:
    """The content of a study that a resume must share."""
    content = sweep.model_dump(mode="json", exclude={"question": True, "study": set(GROWING)})
    for name, neutral in (("pruner", "none"), ("trial_time_limit", None), ("stress", False)):
        if content["study"][name] == neutral:
            del content["study"][name]  # studies from before these existed stay the same
    return content


def stored_attributes(storage: Path | StudyStorage, name: str) -> dict[str, Any]:
    """Attributes of a study: definition, tracking URI, parent's run id and more; empty where there is no such study."""
    storage = as_storage(storage)
    if isinstance(storage, JournalFolder) and not storage.path(name).exists():
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return checked(name, optuna.load_study(study_name=name, storage=storage.optuna_storage(name)).user_attrs)
    except KeyError:
        return {}


def checked(name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a study, once those that are read here are of their kinds; the store is where it is now.

    Args:
        name: of the study, for messages.
        attributes: as Optuna stores them.

    Raises:
        StudyError: one is of another kind.
    """
    known = attributes.get("definition", {"base": {"data": {}}})
    base = known.get("base") if isinstance(known, Mapping) else None
    if not isinstance(base, Mapping) or not isinstance(base.get("data"), Mapping):
        raise StudyError(f"study {name}: its definition is damaged; move its journal away to start again")
    for key in ("data_source", "tracking_uri", "parent_run_id", "keep"):
        if not isinstance(attributes.get(key), str | None):
            raise StudyError(f"study {name}: {key} is {attributes[key]!r}; move its journal away to start again")
    recorded, run_id = attributes.get("tracking_uri"), attributes.get("parent_run_id")
    if not (recorded and run_id):
        return dict(attributes)
    return {**attributes, "tracking_uri": present_store(recorded, run_id, data_folder())}


def with_recorded_precision(sweep: SweepConfig, known: Mapping[str, Any]) -> SweepConfig:
    """A sweep in the number format in which the study of its name began, where it leaves the choice open.

    Args:
        sweep: what is asked for.
        known: stored attributes of the study; empty where there is none.
    """
    training = known.get("definition", {}).get("base", {}).get("training", {})
    recorded = training.get("precision") if isinstance(training, Mapping) else None
    if sweep.base.training.precision != "auto" or not isinstance(recorded, str):
        return sweep
    return sweep.model_copy(update={"base": sweep.base.replace({"precision": recorded})})


def refuse_early(name: str, known: dict[str, Any], sweep: SweepConfig, dataset: str) -> None:
    """Compare a sweep with the study of its name, before any data are made for it.

    Args:
        name: of the study.
        known: its stored attributes.
        sweep: what is asked for.
        dataset: name or path of its data set.

    Raises:
        StudyError: the study has another content.
    """
    if "definition" not in known:
        return
    old, new = known["definition"], definition(sweep)
    # A file is identified by its content, later.
    named = dataset in CATALOG and known.get("data_source") == SIMULATED
    given = ("dataset",) if named else ("dataset", "count", "data_seed", "simulator")
    data = {**old["base"]["data"], **{key: new["base"]["data"][key] for key in given}}
    if new["base"]["data"]["folds"] == "all" and data.get("every_fold"):
        data["folds"] = "all"  # the data say how many that are, later
    old = {**old, "base": {**old["base"], "data": data}}
    refuse_other(name, {key: old.get(key) for key in new}, new)


def full_name(study: str, dataset: str) -> str:
    """`NAME@D` of a study, from NAME and the name or path of its data set.

    >>> full_name("quick", "helium")
    'quick@helium'
    """
    return str(StudyName(study, display_name(dataset)))


def refuse_all_early(sweep: SweepConfig, datasets: Sequence[str], study: str, storage: StudyStorage) -> None:
    """Compare a sweep with the studies of its name on every data set, before torch is loaded.

    Args:
        sweep: what is asked for.
        datasets: names or paths.
        study: NAME.
        storage: where studies are kept.

    Raises:
        StudyError: a study has another content.
    """
    for dataset in datasets:
        name = full_name(study, dataset)
        known = stored_attributes(storage, name)
        refuse_early(name, known, with_recorded_precision(sweep, known), dataset)


def refuse_other(name: str, known: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Compare two definitions.

    Args:
        name: of the study.
        known: the stored definition.
        wanted: what is asked for.

    Raises:
        StudyError: they differ; the message says where.
    """
    # A parameter that is newer than the study had its default value there.
    now = wanted["base"]["data"]["simulator"]
    base = recorded_trial(known["base"], simulated=now > 0)
    known = {**known, "base": base.model_dump(mode="json")}
    if known != wanted:
        old = _other_versions(known, wanted)
        if old:
            words = " and ".join(f"version {version} of the {_VERSIONED[key]}" for key, version in old.items())
            options = " ".join(f"--{key.replace('_', '-')} {version}" for key, version in old.items())
            raise StudyError(
                f"study {name} is of {words}, and another is asked for; go on with {options}, choose another name with "
                "--study, or archive it with --fresh"
            )
        raise StudyError(message(name, known, wanted))


def _other_versions(known: dict[str, Any], wanted: dict[str, Any]) -> dict[str, int]:
    """Versions of a study by parameter, where it has others than are asked for; empty where more differs than these."""

    def rest(content: dict[str, Any]) -> dict[str, Any]:
        # The digests of the data and of the split follow from the versions.
        kept = {key: value for key, value in content.items() if key not in ("base", "data_sha256", "split_digest")}
        base = content["base"]
        data = {key: value for key, value in base["data"].items() if key not in _VERSIONED}
        return {**kept, "base": {**base, "data": data}}

    before, now = known["base"]["data"], wanted["base"]["data"]
    measured = 0 in (before["simulator"], now["simulator"])
    if rest(known) != rest(wanted) or (measured and before["simulator"] != now["simulator"]):
        return {}
    return {key: before[key] for key in _VERSIONED if before[key] != now[key]}
