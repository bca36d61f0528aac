"""The Pareto front of a study with several objectives: cells that no other cell beats in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from airybench.analysis.leaderboard import RankedCell
from airybench.config import Objective


@dataclass(frozen=True)
class Point:
    """A cell and its objectives, means over its seeds, by metric."""

    row: RankedCell
    values: dict[str, float]


def points(rows: Sequence[RankedCell], objectives: Sequence[Objective]) -> list[Point]:
    """The objectives of every cell."""
    return [
        Point(row, {one.metric: fmean(trial.values[i] for trial in row.trials) for i, one in enumerate(objectives)})
        for row in rows
    ]


def front(rows: Sequence[RankedCell], objectives: Sequence[Objective]) -> list[Point]:
    """Cells that no other cell beats, in the order of the rows.

    Args:
        rows: rows of a leaderboard, best in the first objective first; the first row is always on the front.
        objectives: in the order of the trials' values.
    """
    everything = points(rows, objectives)
    values = np.array([list(point.values.values()) for point in everything])
    kept = unbeaten(values, objectives)
    return [point for point, best in zip(everything, kept, strict=True) if best]


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
