"""Opening a model by the name that a user gives it, wherever its study logged to."""

from pathlib import Path

from airybench.errors import StudyError
from airybench.inference.predictor import Predictor
from airybench.paths import data_folder
from airybench.reporter import SILENT, Reporter
from airybench.sweep.definition import stored_attributes
from airybench.sweep.saved_studies import names
from airybench.tracking.model import in_mlflow, load
from airybench.tracking.store import reopen, tracking_uri

OLD = "weights of an older version, without a hash: a change in them would go unnoticed"


def open_model(model: str, uri: str | None = None, reporter: Reporter = SILENT) -> Predictor:
    """Load a model by any of its names (see `airybench.tracking.model.FORMS`); in evaluation mode, on the CPU.

    Args:
        model: as the user names it.
        uri: the tracking store; by default that of the study in `winner:STUDY`, else the one in use.
        reporter: receives a notice about weights of an older version.

    Raises:
        DataError: no such model, or damaged weights.
        TrackingError: the store is gone or does not answer, or the run has no weights.
    """
    if Path(model).exists() or not in_mlflow(model):
        predictor = load(model)
    else:
        scheme, _, study = model.partition(":")
        chosen = uri or (_tracking_of(study) if scheme == "winner" else None)
        predictor = load(model, reopen(tracking_uri(chosen)))
    if not predictor.hashed:
        reporter.notify(f"{model}: {OLD}")
    return predictor


def _tracking_of(study: str) -> str | None:
    """The store that a study logs to; None where it is not on this disk, or its name stands for several stores."""
    folder = data_folder() / "studies"
    try:
        found = {stored_attributes(folder, name).get("tracking_uri") for name in names(folder, [study])}
    except StudyError:
        return None
    return found.pop() if len(found) == 1 else None
