"""The Pareto front of a study with several objectives: cells that no other beats in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from airybench.analysis.leaderboard import Row

Objectives = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Point:
    """A cell and its objectives, means over its seeds, by metric."""

    row: Row
    values: dict[str, float]


def points(rows: Sequence[Row], objectives: Objectives) -> list[Point]:
    """The objectives of every cell."""
    return [
        Point(row, {metric: fmean(t.values[i] for t in row.trials) for i, (metric, _) in enumerate(objectives)})
        for row in rows
    ]


def front(rows: Sequence[Row], objectives: Objectives) -> list[Point]:
    """Cells that none other beats or equals everywhere and beats somewhere, in the order of the rows.

    Args:
        rows: the leaderboard's, best in the first objective first; that one is always on the front.
        objectives: metric and direction, in the order of the trials' values.
    """
    everything = points(rows, objectives)
    values = np.array([list(point.values.values()) for point in everything])
    kept = unbeaten(values, [way for _, way in objectives])
    return [point for point, best in zip(everything, kept, strict=True) if best]


def unbeaten(values: NDArray[np.float64], directions: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows no other row beats: at least as good in every objective and better in one.

    Args:
        values: shape (N, K).
        directions: K times `max` or `min`.

    Returns:
        Shape (N,).
    """
    signed = values * np.array([1.0 if way == "max" else -1.0 for way in directions])
    better = (signed[None] >= signed[:, None]).all(axis=2) & (signed[None] > signed[:, None]).any(axis=2)
    result: NDArray[np.bool_] = ~better.any(axis=1)
    return result
