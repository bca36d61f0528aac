"""Cells of a study against themselves: their seeds are divided into two sides, between which nothing differs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from airybench.analysis.intervals import difference
from airybench.analysis.verdicts import judged
from airybench.inference.predictions import Predictions

MOST_WAYS = 500
"""Divisions of a cell into sides of given sizes that are judged; of more, so many are drawn."""


@dataclass(frozen=True)
class SameCell:
    """What divisions of cells into two sides of given sizes gave.

    Attributes:
        first: seeds on one side.
        second: seeds on the other.
        cells: how many could be divided so.
        ways: divisions of all cells.
        found: verdicts that one side is better; each is false.
        equal: verdicts that there is no difference that matters.
        covered: intervals that contain 0.
        unjudged: divisions without a verdict.
        largest: largest difference seen.
    """

    first: int
    second: int
    cells: int
    ways: int
    found: int
    equal: int
    covered: int
    unjudged: int
    largest: float


def same_cell(cells: Sequence[Sequence[Predictions]], metric: str, *, seed: int) -> list[SameCell]:
    """Judge every division of the seeds of each cell into two sides.

    Args:
        cells: predictions of the same shots, by cell and seed.
        metric: one of those of `weighted_scores`.
        seed: draws the divisions where there are too many.

    Returns:
        By the sizes of the sides; empty where no cell has two seeds.
    """
    rng = np.random.default_rng(seed)
    sizes = sorted({(small, len(cell) - small) for cell in cells for small in range(1, len(cell) // 2 + 1)})
    found = []
    for small, large in sizes:
        divided = [cell for cell in cells if len(cell) == small + large]
        estimates = [
            difference([cell[i] for i in one], [cell[i] for i in other], metric, pool=cells)
            for cell in divided
            for one, other in divisions(small, large, rng)
        ]
        verdicts = [judged([one])[0].verdict for one in estimates]
        certain = [one for one in estimates if not math.isnan(one.p)]
        found.append(
            SameCell(
                small,
                large,
                len(divided),
                len(estimates),
                sum(verdict in ("better", "worse") for verdict in verdicts),
                verdicts.count("no difference that matters"),
                sum(one.low <= 0 <= one.high for one in certain),
                len(estimates) - len(certain),
                max(abs(one.value) for one in estimates),
            )
        )
    return found


def divisions(small: int, large: int, rng: np.random.Generator) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every way to divide small + large seeds into sides of these sizes, or MOST_WAYS of them drawn by chance.

    >>> list(divisions(1, 2, np.random.default_rng(0)))
    [((0,), (1, 2)), ((1,), (0, 2)), ((2,), (0, 1))]
    >>> len(list(divisions(3, 3, np.random.default_rng(0))))
    10
    """
    total = small + large
    sides = list(combinations(range(total), small))
    if small == large:
        sides = sides[: len(sides) // 2]  # the other half are the same with the sides exchanged
    if len(sides) > MOST_WAYS:
        sides = [sides[i] for i in np.sort(rng.choice(len(sides), MOST_WAYS, replace=False))]
    for side in sides:
        yield side, tuple(i for i in range(total) if i not in side)
