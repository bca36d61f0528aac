"""Opening a model by the name that a user gives it, wherever its study logged to."""

from airybench.inference.predictor import Predictor
from airybench.jobs.model_store import store_of
from airybench.reporter import SILENT, Reporter
from airybench.tracking.model import load

OLD = "weights of an older version, without a hash: a change in them would go unnoticed"


def open_model(model: str, uri: str | None = None, reporter: Reporter = SILENT) -> Predictor:
    """Load a model by any of its names (see `airybench.tracking.model_name.FORMS`); in evaluation mode, on the CPU.

    Args:
        model: as the user names it.
        uri: the tracking store, as for `store_of`.
        reporter: receives a notice about weights of an older version.

    Raises:
        DataError: no such model, or damaged weights.
        TrackingError: the store is gone or does not answer, or the run has no weights.
    """
    predictor = load(model, store_of(model, uri))
    if not predictor.hashed:
        reporter.notify(f"{model}: {OLD}")
    return predictor
