"""Cells and trials as rows of one table, each value in a column of its own."""

from collections.abc import Callable
from typing import Any

from airybench.analysis.intervals import score
from airybench.analysis.leaderboard import Leaderboard
from airybench.inference.predictions import Predictions
from airybench.study_name import StudyName
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy

Fetch = Callable[[FinishedTrial], Predictions]
"""Fetches the test predictions of a trial."""


def cell_rows(study: str, board: Leaderboard, metric: str, fetch: Fetch) -> list[dict[str, Any]]:
    """One row for each cell of a study, in the order of its leaderboard.

    Args:
        study: `NAME@D`.
        board: its leaderboard; the columns are those of `Leaderboard.table`, with study and data set before them and
            the score on test with its 95 % interval after them.
        metric: what is scored on test.
        fetch: fetches the test predictions of a trial.
    """
    found = [[fetch(trial) for trial in row.trials] for row in board.rows]
    name = StudyName.parse(study)
    rows = []
    for row, predictions in zip(board.table(), found, strict=True):
        test = score(predictions, metric, pool=found)
        rows.append(
            {"study": name.name, "dataset": name.dataset}
            | row
            | {"objective": board.objective.metric, "metric": metric}
            | {f"test_{metric}": test.value, "test_low": test.low, "test_high": test.high}
        )
    return rows


def trial_rows(study: SavedStudy, metric: str, fetch: Fetch) -> list[dict[str, Any]]:
    """One row for each finished trial of a study, those of a confirmation too, by number.

    Args:
        study: the study.
        metric: what is scored on test.
        fetch: fetches the test predictions of a trial.

    Returns:
        Study, data set, number, cell, every parameter, scores on val, the score on test, cost and run.
    """
    name = StudyName.parse(study.name)
    trials = sorted([*study.finished, *study.confirmations], key=lambda trial: trial.number)
    return [
        {
            "study": name.name,
            "dataset": name.dataset,
            "trial": trial.number,
            "name": trial.label,
            "confirmation": trial.confirmation,
            **{key: value for key, value in trial.config.params().items() if key != "dataset"},
            **{f"val_{key}": value for key, value in trial.scores.items()},
            f"test_{metric}": score([fetch(trial)], metric).value,
            "parameters": int(trial.facts["parameters"]),
            "seconds": trial.facts["seconds"],
            "objective": study.sweep.study.metric,
            "metric": metric,
            "run_id": trial.run_id,
        }
        for trial in trials
    ]
