"""The cells of a study as runs between its parent and its trials, so that the table of runs is the leaderboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow.entities import DatasetInput
from mlflow.exceptions import MlflowException

from airybench.tracking.dataset import logged_data
from airybench.tracking.run import Run
from airybench.tracking.tags import Tag

CELL = "cell"
"""The kind of these runs."""

MARK = "★ "
"""What the names of the winning cell and of its best trial begin with."""


@dataclass(frozen=True)
class CellRow:
    """A cell as its run shows it.

    Attributes:
        digest: of the cell.
        name: of the run.
        description: Markdown for its page.
        params: what its trials share, by name.
        metrics: its score, rank and number of seeds.
        tags: of the run.
        trials: ids of the runs of its trials.
    """

    digest: str
    name: str
    description: str
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    trials: tuple[str, ...]


def log_cells(parent: Run, rows: Sequence[CellRow], known: Mapping[str, str]) -> dict[str, str]:
    """Write one finished run for each cell below the parent, and move its trials below it.

    A cell lasts from the first of its trials to the end of the last one.

    Args:
        parent: the run of the study.
        rows: the cells.
        known: run ids of cells that were written before, by digest; they are brought up to date.

    Returns:
        Run ids of all cells, by digest.
    """
    datasets = logged_data(parent.client.get_run(parent.run_id))
    return {row.digest: _log(parent, row, known.get(row.digest), datasets) for row in rows}


def mark_winner(parent: Run, winner: Run) -> None:
    """Mark the name of the winning trial, and take the mark from the one that won before."""
    before = parent.tags().get(Tag.WINNER)
    for run_id in {before, winner.run_id} - {None}:
        run = Run(parent.tracking, str(run_id))
        name = str(run.client.get_run(run.run_id).info.run_name)
        wanted = (MARK if run_id == winner.run_id else "") + name.removeprefix(MARK)
        if name != wanted:
            run.client.update_run(run.run_id, name=wanted)


def _log(parent: Run, row: CellRow, known: str | None, datasets: Sequence[DatasetInput]) -> str:
    trials = [parent.client.get_run(run_id) for run_id in row.trials]
    began = min(one.info.start_time for one in trials)
    ended = max(one.info.end_time or one.info.start_time for one in trials)
    run = _existing(parent, row, known)
    if run is None:
        run = Run.create(parent.tracking, row.name, CELL, row.tags, parent=parent.run_id, at=began)
        run.params(row.params)
        if datasets:
            run.client.log_inputs(run.run_id, datasets=list(datasets))
    run.metrics(row.metrics)
    run.end("finished", {**row.tags, Tag.NOTE: row.description}, ended)
    for one in trials:
        if one.data.tags.get(Tag.PARENT) != run.run_id:
            Run(parent.tracking, one.info.run_id).tag({Tag.PARENT: run.run_id})
    return run.run_id


def _existing(parent: Run, row: CellRow, known: str | None) -> Run | None:
    """The run of a cell that was written before, unless somebody deleted it."""
    if known is None:
        return None
    run = Run(parent.tracking, known)
    try:
        run.client.update_run(known, name=row.name)
    except MlflowException:
        return None
    return run
