"""Which cells are told apart: pairs that are judged together by Holm's rule, and sets in which no pair is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from airybench.analysis.intervals import Cell, difference
from airybench.analysis.verdicts import ALPHA, holm
from airybench.config import SEED

FEWEST_CELLS = 5
"""Cells from which sets say more than a sentence about the winner."""

MOST_CELLS = 20
"""Cells from the top that are compared; the rest cannot win."""


@dataclass(frozen=True)
class Ties:
    """The sets of cells that are not told apart from each other.

    Attributes:
        sets: indices of the cells of each set of two or more that is part of no larger one.
        pairs: how many pairs were judged together.
    """

    sets: tuple[tuple[int, ...], ...]
    pairs: int

    @property
    def note(self) -> str:
        """How a picture of them is to be read.

        >>> Ties(((0, 1),), 10).note
        'joined: not told apart (Holm over 10 pairs, 5%)'
        """
        return f"joined: not told apart (Holm over {self.pairs} pairs, {ALPHA:.0%})"


def told_apart(
    cells: Sequence[Cell], pairs: Sequence[tuple[int, int]], metric: str, seed: int = SEED
) -> tuple[bool | None, ...]:
    """Whether the cells of each pair are told apart, all pairs judged together; None where there are too few seeds.

    Args:
        cells: predictions of the same shots, one for each training of a cell.
        pairs: indices of the two cells of each.
        metric: what they are compared by.
        seed: of the resamples.
    """
    found = [difference(cells[first], cells[second], metric, pool=cells, seed=seed) for first, second in pairs]
    adjusted = holm([one.p for one in found])
    return tuple(p < ALPHA if one.certain else None for one, p in zip(found, adjusted, strict=True))


def ties(cells: Sequence[Cell], metric: str, seed: int = SEED) -> Ties | None:
    """The sets of cells that are not told apart, all pairs judged together; arguments as those of `told_apart`.

    Returns:
        None where there are fewer than FEWEST_CELLS cells, or too few seeds to judge any pair. Only the first
        MOST_CELLS are compared.
    """
    top = cells[:MOST_CELLS]
    pairs = list(combinations(range(len(top)), 2))
    if len(top) < FEWEST_CELLS:
        return None
    apart = told_apart(top, pairs, metric, seed)
    if all(one is None for one in apart):
        return None
    alike: dict[int, set[int]] = {i: set() for i in range(len(top))}
    for (first, second), different in zip(pairs, apart, strict=True):
        if not different:
            alike[first].add(second)
            alike[second].add(first)
    return Ties(maximal_sets(alike), len(pairs))


def maximal_sets(alike: dict[int, set[int]]) -> tuple[tuple[int, ...], ...]:
    """The sets of two or more in which each is like each other, and to which no further one can be added.

    Args:
        alike: by each one, those that are like it.

    >>> maximal_sets({0: {1}, 1: {0, 2}, 2: {1}, 3: set()})
    ((0, 1), (1, 2))

    Source: Bron and Kerbosch, Commun. ACM 16, 575 (1973).
    """
    found: list[tuple[int, ...]] = []

    def extend(chosen: set[int], further: set[int], done: set[int]) -> None:
        if not further and not done:
            found.append(tuple(sorted(chosen)))
            return
        pivot = max(further | done, key=lambda one: len(alike[one] & further))
        for one in sorted(further - alike[pivot]):
            extend(chosen | {one}, further & alike[one], done & alike[one])
            further = further - {one}
            done = done | {one}

    extend(set(), set(alike), set())
    return tuple(sorted(one for one in found if len(one) > 1))
