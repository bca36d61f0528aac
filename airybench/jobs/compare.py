"""Studies compared with the predictions that their runs kept."""

from collections.abc import Sequence

from airybench.analysis.compare import Comparison, compare
from airybench.config.margin import DELTA
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder
from airybench.reporter import SILENT, Reporter
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.storage import open_storage
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen, tracking_uri


def compare_studies(
    wanted: Sequence[str] = (),
    *,
    metric: str | None = None,
    top: int = 10,
    delta: float = DELTA,
    uri: str | None = None,
    storage: str | None = None,
    reporter: Reporter = SILENT,
) -> Comparison:
    """Compare studies on test, data set by data set.

    Args:
        wanted: `NAME@D`, or NAME for its studies of every data set; all studies where empty.
        metric: what to compare by; by default the objective that the studies share, else macro_ap.
        top: how many cells and pairs of each data set are scored on test.
        delta: largest difference that does not matter.
        uri: the tracking store that holds the runs now; by default the one each study logged to.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
        reporter: receives notices.

    Raises:
        StudyError: no such study, or studies of one data set that differ in data, split or classes.
        NothingFinishedError: no study has a finished trial.
        ConfigError: no such metric.
    """
    stores: dict[str, Tracking] = {}

    def fetch(study: SavedStudy, trial: FinishedTrial) -> Predictions:
        logged_to = tracking_uri(uri or study.attributes.get("tracking_uri"))
        if logged_to not in stores:
            stores[logged_to] = reopen(logged_to, str(study.attributes.get("experiment_id", "")))
        return predictions(Run(stores[logged_to], trial.run_id), "test")

    where = open_storage(storage, data_folder() / "studies")
    return compare(wanted, where, fetch, metric=metric, top=top, delta=delta, reporter=reporter)
