"""The Pareto front of a study with several objectives: cells that no other cell beats in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from airybench.analysis.leaderboard import RankedCell
from airybench.config import Objective
from airybench.sweep.ranking import unbeaten


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
