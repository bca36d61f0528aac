"""The Pareto front of a study with several objectives: cells that no other beats in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

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
    signs = [1.0 if way == "max" else -1.0 for _, way in objectives]
    scored = [tuple(s * v for s, v in zip(signs, p.values.values(), strict=True)) for p in everything]

    def beaten(mine: tuple[float, ...]) -> bool:
        return any(other != mine and all(o >= m for o, m in zip(other, mine, strict=True)) for other in scored)

    return [point for point, mine in zip(everything, scored, strict=True) if not beaten(mine)]
