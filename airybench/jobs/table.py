"""Studies as one tidy table: a row for each cell or for each trial."""

from collections.abc import Callable, Sequence
from typing import Any

from airybench.analysis.intervals import compared_metric
from airybench.analysis.leaderboard import rank
from airybench.analysis.tidy import cell_rows, trial_rows
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder
from airybench.reporter import SILENT, Reporter
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy, finished_studies
from airybench.sweep.storage import open_storage
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import reopen, tracking_uri

Row = dict[str, Any]


def tidy_table(
    wanted: Sequence[str] = (),
    *,
    trials: bool = False,
    metric: str | None = None,
    uri: str | None = None,
    storage: str | None = None,
    reporter: Reporter = SILENT,
) -> list[Row]:
    """Rows of finished studies by column name, numbers unrounded.

    Args:
        wanted: `NAME@D`, or NAME for its studies of every data set; all studies where empty.
        trials: one row for each finished trial instead of one for each cell.
        metric: what is scored on test; by default the objective of each study, else macro_ap.
        uri: the tracking store that holds the runs now; by default the one each study logged to.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
        reporter: receives notices.

    Raises:
        StudyError: no such study.
        NothingFinishedError: no study has a finished trial.
        ConfigError: no such metric.
    """
    compared_metric("", metric)  # an unknown one is refused before anything is read
    where = open_storage(storage, data_folder() / "studies")
    return [
        row
        for study in finished_studies(wanted, where, reporter)
        for row in study_rows(study, kept_predictions(study, uri), trials=trials, metric=metric)
    ]


def study_rows(
    study: SavedStudy,
    fetch: Callable[[FinishedTrial, str], Predictions],
    *,
    trials: bool = False,
    metric: str | None = None,
) -> list[Row]:
    """Rows of one study, see `tidy_table`.

    Args:
        study: with finished trials.
        fetch: the predictions of a trial on one part of the split.
        trials: one row for each trial.
        metric: what is scored on test.
    """
    chosen = compared_metric(study.sweep.study.metric, metric)

    def test(trial: FinishedTrial) -> Predictions:
        return fetch(trial, "test")

    if trials:
        return trial_rows(study, chosen, test)
    board = rank(study.finished, study.sweep.study.objectives, lambda trial: fetch(trial, "val"))
    return cell_rows(study.name, board, chosen, test)


def kept_predictions(study: SavedStudy, uri: str | None = None) -> Callable[[FinishedTrial, str], Predictions]:
    """A function that fetches the predictions that a study's runs kept.

    Args:
        study: the study.
        uri: the tracking store that holds the runs now; by default the one that the study logged to.
    """
    store = reopen(
        tracking_uri(uri or study.attributes.get("tracking_uri")), str(study.attributes.get("experiment_id", ""))
    )
    return lambda trial, part: predictions(Run(store, trial.run_id), part)
