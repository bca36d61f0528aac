"""The tracking store that a model is in, found before torch and MLflow are loaded."""

from pathlib import Path

from airybench.errors import StudyError
from airybench.paths import data_folder
from airybench.tracking.model_name import require_form
from airybench.tracking.store import Tracking, reopen, tracking_uri


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
    from airybench.sweep.definition import stored_attributes
    from airybench.sweep.saved_studies import names

    folder = data_folder() / "studies"
    try:
        found = {stored_attributes(folder, name).get("tracking_uri") for name in names(folder, [study])}
    except StudyError:
        return None
    return found.pop() if len(found) == 1 else None
