"""Cells across several studies, and in the mean of several differences."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from airybench.sweep.records import FinishedTrial
from airybench.sweep.repeat import Repeat

T = TypeVar("T")
K = TypeVar("K", int, str)


def joined(cells: Iterable[Iterable[tuple[T, FinishedTrial]]]) -> dict[str, list[tuple[T, FinishedTrial]]]:
    """The trials of each cell by its digest, one per seed and fold, in their order.

    Args:
        cells: trials with the study of each; of two with one seed and fold the first counts.
    """
    found: dict[str, dict[Repeat, tuple[T, FinishedTrial]]] = {}
    for trials in cells:
        for study, trial in trials:
            found.setdefault(trial.config.cell(), {}).setdefault(trial.repeat, (study, trial))
    return {digest: [repeats[one] for one in sorted(repeats)] for digest, repeats in found.items()}


def pair_weights(pairs: Sequence[tuple[K, K]]) -> dict[K, float]:
    """The weight of each cell in the mean of several differences; a cell of several pairs stands there once.

    Args:
        pairs: first and second cell of each difference.

    >>> pair_weights([("a", "c"), ("b", "c")])
    {'a': 0.5, 'c': -1.0, 'b': 0.5}
    """
    weights: dict[K, float] = {}
    for pair in pairs:
        for cell, side in zip(pair, (1, -1), strict=True):
            weights[cell] = weights.get(cell, 0.0) + side / len(pairs)
    return weights
