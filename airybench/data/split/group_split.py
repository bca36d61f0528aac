"""Splitting by whole groups of shots, so that what the shots of one run have in common cannot flatter a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError

_PASSES = 20
_NEIGHBOURS = 8
"""Groups of similar size that a group may change places with."""

_LEAST_GAIN = 1e-12


class FewGroupsError(DataError):
    """There are fewer groups than parts of a split."""


def by_group(
    groups: NDArray[np.integer[Any]],
    labels: NDArray[np.bool_],
    shares: Sequence[float] | NDArray[np.float64],
    seed: int,
) -> NDArray[np.int64]:
    """Part of every shot, such that all shots of a group are in the same part.

    Groups are assigned from the largest to the smallest, each to the part that it brings nearest to its share of the
    shots and of every class. Then single groups move, and pairs change places, as long as that helps.

    Args:
        groups: run or file of each shot, shape (N,).
        labels: shape (N, C).
        shares: of each part, K of them, summing to 1.
        seed: decides between groups of equal size.

    Returns:
        0 to K - 1, shape (N,).

    Raises:
        FewGroupsError: fewer groups than parts.

    >>> by_group(np.array([3, 3, 7, 7]), np.ones((4, 1), bool), (0.5, 0.5), seed=0).reshape(2, 2).std(axis=1)
    array([0., 0.])
    """
    values, members = np.unique(groups, return_inverse=True)
    if len(values) < len(shares):
        found = f"every shot has group {values[0]}" if len(values) == 1 else f"there are {len(values)} groups"
        raise FewGroupsError(
            f"{found}, at least {len(shares)} groups are needed to split by group",
            "import the runs with --groups KEY or as several files, or use --split-by shot",
        )
    # A group counts by its share of all shots and of every class; all classes together weigh as much as the shots.
    tally = np.zeros((len(values), 1 + labels.shape[1]))
    np.add.at(tally, members, np.hstack([np.ones((len(labels), 1)), labels]))
    tally /= np.maximum(tally.sum(axis=0), 1)
    weights = np.r_[1.0, np.full(labels.shape[1], 1 / max(labels.shape[1], 1))]
    order = np.random.default_rng(seed).permutation(len(values))
    order = order[np.argsort(-tally[order, 0], kind="stable")]
    parts = _Parts(np.asarray(shares, np.float64), tally, weights)
    parts.assign(order)
    for _ in range(_PASSES):
        if not parts.improve(order):
            break
    return np.asarray(parts.of_group[members.reshape(-1)], np.int64)


@dataclass
class _Parts:
    """K parts of a split, filled group by group.

    Args:
        shares: aims of the parts, shape (K,).
        tally: what each of G groups contributes, shape (G, 1 + C): shots, then classes.
        weights: of these columns in the cost, shape (1 + C,).
    """

    shares: NDArray[np.float64]
    tally: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.of_group = np.full(len(self.tally), -1)
        self._filled = np.zeros((len(self.shares), self.tally.shape[1]))

    def assign(self, order: NDArray[np.int64]) -> None:
        """Give every group a part, in this order, and every part a group."""
        parts = range(len(self.shares))
        for place, group in enumerate(order):
            empty = [part for part in parts if not (self.of_group == part).any()]
            allowed = empty if len(order) - place <= len(empty) else parts
            best = min(allowed, key=lambda part: self._cost_after(self.tally[group], None, part))
            self.of_group[group] = best
            self._filled[best] += self.tally[group]

    def improve(self, order: NDArray[np.int64]) -> bool:
        """Go through the groups once and move or swap each where that helps; whether any did."""
        helped = False
        for place, group in enumerate(order):
            helped |= self._move(group)
            for other in order[place + 1 : place + 1 + _NEIGHBOURS]:
                helped |= self._swap(group, other)
        return helped

    def _cost_after(self, change: NDArray[np.float64], source: int | None, target: int) -> float:
        """How far the parts are from their shares once `change` has gone from one part (or none) to another."""
        filled = self._filled.copy()
        filled[target] += change
        if source is not None:
            filled[source] -= change
        return self._cost(filled)

    def _cost(self, filled: NDArray[np.float64]) -> float:
        return float((self.weights * (filled - self.shares[:, None]) ** 2).sum())

    def _move(self, group: int) -> bool:
        """Move a group to the first part where that helps, unless its own would become empty."""
        source, now = self.of_group[group], self._cost(self._filled)
        for target in range(len(self.shares)):
            if (
                target != source
                and (self.of_group == source).sum() > 1
                and self._cost_after(self.tally[group], source, target) < now - _LEAST_GAIN
            ):
                self._shift(self.tally[group], source, target)
                self.of_group[group] = target
                return True
        return False

    def _swap(self, group: int, other: int) -> bool:
        """Exchange two groups of different parts if that helps."""
        part, other_part = self.of_group[group], self.of_group[other]
        change = self.tally[other] - self.tally[group]
        if part == other_part or self._cost_after(change, other_part, part) >= self._cost(self._filled) - _LEAST_GAIN:
            return False
        self._shift(change, other_part, part)
        self.of_group[group], self.of_group[other] = other_part, part
        return True

    def _shift(self, change: NDArray[np.float64], source: int, target: int) -> None:
        self._filled[source] -= change
        self._filled[target] += change
