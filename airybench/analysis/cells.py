"""Trials grouped by cell, within a study and across several."""

from collections.abc import Iterable
from typing import TypeVar

from airybench.sweep.records import FinishedTrial

T = TypeVar("T")


def by_cell(trials: Iterable[FinishedTrial]) -> list[list[FinishedTrial]]:
    """Trials of one cell, which differ in the seed alone, put together; cells and trials keep their order."""
    cells: dict[str, list[FinishedTrial]] = {}
    for trial in trials:
        cells.setdefault(trial.config.cell(), []).append(trial)
    return list(cells.values())


def joined(cells: Iterable[Iterable[tuple[T, FinishedTrial]]]) -> dict[str, list[tuple[T, FinishedTrial]]]:
    """The trials of each cell by its digest, one per seed, in the order of the seeds.

    Args:
        cells: trials with the study of each; of two with one seed the first counts.
    """
    found: dict[str, dict[int, tuple[T, FinishedTrial]]] = {}
    for trials in cells:
        for study, trial in trials:
            found.setdefault(trial.config.cell(), {}).setdefault(trial.config.training.seed, (study, trial))
    return {digest: [by_seed[seed] for seed in sorted(by_seed)] for digest, by_seed in found.items()}
