"""Finished trials grouped by cell, and the cells in the order that the validation split gives them."""

from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from airybench.config import Objective
from airybench.sweep.records import FinishedTrial


def by_cell(trials: Iterable[FinishedTrial]) -> list[list[FinishedTrial]]:
    """Trials of one cell, which differ in seed and fold alone, put together; cells and trials keep their order."""
    cells: dict[str, list[FinishedTrial]] = {}
    for trial in trials:
        cells.setdefault(trial.cell, []).append(trial)
    return list(cells.values())


def seeds_of(cell: Iterable[FinishedTrial]) -> int:
    """How many seeds the trials of a cell have."""
    return len({trial.config.training.seed for trial in cell})


def folds_of(cell: Iterable[FinishedTrial]) -> int:
    """On how many folds a cell was trained; 0 where its study has one split."""
    return len({trial.config.data.fold for trial in cell if trial.config.data.every_fold})


def ranked(trials: Iterable[FinishedTrial], objectives: Sequence[Objective]) -> list[list[FinishedTrial]]:
    """The cells from best to worst on the validation split, by means over seeds and folds.

    A cell that lacks a fold stands below the others.

    Args:
        trials: finished ones.
        objectives: the first one ranks; further ones decide between equals in the first, so that the winner is on the
            Pareto front.

    Returns:
        The trials of each cell, best first.
    """
    sign = objectives[0].sign
    cells = [sorted(cell, key=lambda trial: -sign * trial.value) for cell in by_cell(trials)]
    folds = max(map(folds_of, cells), default=0)

    def standing(cell: Sequence[FinishedTrial]) -> tuple[float, ...]:
        values = (
            -objective.sign * fmean(trial.values[index] for trial in cell) for index, objective in enumerate(objectives)
        )
        return (folds - folds_of(cell), *values)

    return sorted(cells, key=standing)


def unbeaten(values: NDArray[np.float64], objectives: Sequence[Objective]) -> NDArray[np.bool_]:
    """Which rows no other row beats: is at least as good in every objective, and better in one.

    Args:
        values: shape (N, K).
        objectives: K of them.

    Returns:
        Shape (N,).

    >>> fast, accurate = Objective.of("images_per_second"), Objective.of("macro_ap")
    >>> unbeaten(np.array([[0.9, 10.0], [0.8, 30.0], [0.7, 20.0]]), [accurate, fast])
    array([ True,  True, False])
    """
    signed = values * np.array([one.sign for one in objectives])
    beats = (signed[None] >= signed[:, None]).all(axis=2) & (signed[None] > signed[:, None]).any(axis=2)
    result: NDArray[np.bool_] = ~beats.any(axis=1)
    return result
