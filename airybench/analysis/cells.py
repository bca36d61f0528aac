"""Trials grouped by cell, and two cells matched by their seeds."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from airybench.sweep.records import FinishedTrial
from airybench.sweep.repeat import Repeat

T = TypeVar("T")
K = TypeVar("K", int, Repeat)


def by_cell(trials: Iterable[FinishedTrial]) -> list[list[FinishedTrial]]:
    """Trials of one cell, which differ in seed and fold alone, put together; cells and trials keep their order."""
    cells: dict[str, list[FinishedTrial]] = {}
    for trial in trials:
        cells.setdefault(trial.config.cell(), []).append(trial)
    return list(cells.values())


def seeds_of(cell: Iterable[FinishedTrial]) -> int:
    """How many seeds the trials of a cell have."""
    return len({trial.config.training.seed for trial in cell})


def folds_of(cell: Iterable[FinishedTrial]) -> int:
    """On how many folds a cell was trained; 0 where its study has one split."""
    return len({trial.config.data.fold for trial in cell if trial.config.data.every_fold})


def matched_by_seed(first: Mapping[K, T], second: Mapping[K, T]) -> tuple[list[T], list[T], bool]:
    """What two cells are compared on: the seeds that both have, or everything where they share none.

    Args:
        first: trials, or their predictions, of one cell by seed, or by seed and fold.
        second: of the other cell.

    Returns:
        Those of each cell in the order of the seeds, and whether they are pairs of equal seeds.

    >>> matched_by_seed({1: "a1", 2: "a2", 3: "a3"}, {2: "b2", 1: "b1"})
    (['a1', 'a2'], ['b1', 'b2'], True)
    >>> matched_by_seed({1: "a1"}, {5: "b5", 4: "b4"})
    (['a1'], ['b4', 'b5'], False)
    """
    common = sorted(first.keys() & second.keys())
    if common:
        return [first[seed] for seed in common], [second[seed] for seed in common], True
    return [first[seed] for seed in sorted(first)], [second[seed] for seed in sorted(second)], False
