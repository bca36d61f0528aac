"""Trials grouped by cell."""

from collections.abc import Iterable

from airybench.sweep.records import FinishedTrial


def by_cell(trials: Iterable[FinishedTrial]) -> list[list[FinishedTrial]]:
    """Trials of one cell, which differ in the seed alone, put together; cells and trials keep their order."""
    cells: dict[str, list[FinishedTrial]] = {}
    for trial in trials:
        cells.setdefault(trial.config.cell(), []).append(trial)
    return list(cells.values())
