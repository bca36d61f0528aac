"""The cells of a finished study as runs of MLflow, and the view in which their table is the leaderboard."""

import math
from collections.abc import Mapping, Sequence

from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import RESAMPLED, score
from airybench.analysis.leaderboard import Leaderboard, RankedCell
from airybench.analysis.number_text import score_text, with_interval
from airybench.analysis.ties import MOST_CELLS
from airybench.sweep.records import FinishedTrial
from airybench.sweep.run_names import cell_name
from airybench.sweep.runner import FinishedStudy
from airybench.tracking.cells import MARK, CellRow, log_cells
from airybench.tracking.pages import run_place
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.tags import Tag
from airybench.tracking.view import SCORE, StudyView, log_view

MOST_ROWS = 200
"""Cells that get a run; the trials of those below them stay below the parent."""

DECIMALS = 4
"""Of the scores of cells: MLflow's table prints every digit that it is given."""

CELL_RUNS = "cell_runs"
"""The attribute of a study that holds the runs of its cells, by digest."""

_OF_A_TRIAL = ("seed", "fold")


def log_leaderboard(finished: FinishedStudy, board: Leaderboard) -> None:
    """Write the leaderboard as runs, and prepare the view that shows it.

    Test scores are those of the first 20 cells, as the intervals on val are; they choose nothing.

    Args:
        finished: a study whose trials are done.
        board: its cells.
    """
    study, parent = finished.study, finished.parent
    tests = _on_test(board, parent)
    rows = cell_rows(
        board, tests, study.name, study.axes, study.provenance.tags(), experiment=parent.tracking.experiment_id
    )
    known = study.attribute(CELL_RUNS) or {}
    runs = log_cells(parent, rows, known)
    if runs != known:
        study.set_attribute(CELL_RUNS, {**known, **runs})
    parent.metrics(rows[0].metrics)
    log_view(parent.tracking, StudyView(study.name, study.axes, lower_is_better=board.objective.direction == "min"))


def cell_rows(
    board: Leaderboard,
    tests: Sequence[Estimate],
    study: str,
    axes: Sequence[str],
    tags: Mapping[str, str],
    *,
    experiment: str,
) -> list[CellRow]:
    """The cells of a leaderboard as their runs show them.

    Args:
        board: the cells.
        tests: the score on test of each of the first cells.
        study: `NAME@D`.
        axes: what varies in the study.
        tags: of every run.
        experiment: id of the experiment that holds the runs.
    """
    order = sorted(range(len(tests)), key=lambda place: -board.objective.sign * _last_if_nan(tests[place].value, board))
    on_test = {place: number for number, place in enumerate(order, 1) if math.isfinite(tests[place].value)}
    rows = []
    for place, cell in enumerate(board.rows[:MOST_ROWS]):
        test = tests[place] if place < len(tests) else Estimate(math.nan)
        metrics = {
            "rank": place + 1,
            "val": cell.mean,
            "val_low": cell.low,
            "val_high": cell.high,
            "test": test.value,
            "test_low": test.low,
            "test_high": test.high,
            "test_rank": on_test.get(place, math.nan),
            "seeds": cell.seeds,
        }
        name = (MARK if place == 0 else "") + cell_name(cell.config, axes, study)
        params = {key: value for key, value in cell.config.params().items() if key not in _OF_A_TRIAL}
        rows.append(
            CellRow(
                digest=cell.config.cell(),
                name=name,
                description=_description(board, place, test, experiment),
                params=params,
                metrics={
                    f"{SCORE}{key}": round(float(value), DECIMALS)
                    for key, value in metrics.items()
                    if math.isfinite(value)
                },
                tags={**tags, Tag.STUDY: study, Tag.OBJECTIVE: str(board.objective), Tag.LABEL: cell.label},
                trials=tuple(trial.run_id for trial in cell.trials),
            )
        )
    return rows


def _description(board: Leaderboard, place: int, test: Estimate, experiment: str) -> str:
    cell, metric = board.rows[place], board.objective.metric
    val = with_interval(cell.mean, cell.low, cell.high)
    on_test = with_interval(test.value, test.low, test.high)
    scored = f"; test {metric} {on_test}" if on_test else ""
    runs = f"mean of {cell.seeds} seeds" if cell.seeds > 1 else "one seed"
    trials = (f"[{_repeat(one)}]({run_place(experiment, one.run_id)}) {score_text(one.value)}" for one in cell.trials)
    return (
        f"Rank {place + 1} of {len(board.rows)}: **{cell.label}**. Val {metric} {val}{scored} ({runs}; "
        f"interval: {board.interval_kind}).\n\nTrials, with curves, plots and predictions: {', '.join(trials)}"
    )


def _repeat(trial: FinishedTrial) -> str:
    fold = f"fold {trial.config.data.fold}, " if trial.config.data.every_fold else ""
    return f"{fold}seed {trial.config.training.seed}"


def _on_test(board: Leaderboard, parent: Run) -> list[Estimate]:
    metric = board.objective.metric
    if metric not in RESAMPLED:
        return []
    found = [[predictions(Run(parent.tracking, trial.run_id), "test") for trial in row.trials] for row in _first(board)]
    return [score(cell, metric, pool=found) for cell in found]


def _first(board: Leaderboard) -> Sequence[RankedCell]:
    return board.rows[:MOST_CELLS]


def _last_if_nan(value: float, board: Leaderboard) -> float:
    return value if math.isfinite(value) else -board.objective.sign * math.inf
