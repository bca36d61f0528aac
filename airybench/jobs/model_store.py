"""The tracking store that a model is in, found before torch and MLflow are loaded."""

import os
from dataclasses import replace
from pathlib import Path

from airybench.errors import StudyError
from airybench.paths import data_folder
from airybench.tracking.model_name import require_form
from airybench.tracking.store import RUN_VARIABLE, Tracking, reopen, tracking_uri
from airybench.tracking.target import TrackingTarget


def store_of(model: str, uri: str | None = None) -> Tracking | None:
    """The store of a model by any of its names (see `airybench.tracking.model_name.FORMS`); None for files and folders.

    Args:
        model: as the user names it.
        uri: the tracking store; by default that of the study in `winner:STUDY`, else the one in use.

    Raises:
        DataError: a name of another form.
        TrackingError: the store is gone or does not answer.
    """
    if Path(model).exists():
        return None
    require_form(model)
    scheme, _, study = model.partition(":")
    return reopen(tracking_uri(uri or (tracking_of(study) if scheme == "winner" else None)))


def tracking_of(study: str) -> str | None:
    """The store that a study logs to; None where it is not on this disk, or its name stands for several stores.

    Args:
        study: `NAME@D` or NAME.
    """
    found = {uri for uri, _ in _places(study)}
    return found.pop() if len(found) == 1 else None


def log_target(model: str, uri: str | None = None) -> TrackingTarget:
    """Where a command that scores a model logs: beside the study of `winner:STUDY`, unless it is told otherwise.

    Args:
        model: as the user names it.
        uri: `--tracking-uri`, if given. Under `mlflow run` it is the store of the run that this made.

    Raises:
        TrackingError: the store cannot be used.
    """
    scheme, _, study = model.partition(":")
    if uri or scheme != "winner" or os.environ.get(RUN_VARIABLE) or Path(model).exists():
        return TrackingTarget.chosen(uri)
    found = _places(study)
    store, experiment_id = found.pop() if len(found) == 1 else (None, "")
    return replace(TrackingTarget.chosen(store), experiment_id=experiment_id if store else "")


def _places(study: str) -> set[tuple[str | None, str]]:
    """Stores and experiments that the studies of a name log to."""
    from airybench.sweep.definition import stored_attributes
    from airybench.sweep.saved_studies import names

    folder = data_folder() / "studies"
    try:
        known = [stored_attributes(folder, name) for name in names(folder, [study])]
    except StudyError:
        return set()
    return {(one.get("tracking_uri"), str(one.get("experiment_id") or "")) for one in known}
