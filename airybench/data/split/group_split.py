"""Dealing out whole groups of shots, so that what one run has in common cannot flatter a score."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError

_PASSES = 20
Cost = Callable[[NDArray[np.float64]], float]


def by_group(
    groups: NDArray[np.integer[Any]],
    labels: NDArray[np.bool_],
    shares: Sequence[float] | NDArray[np.float64],
    seed: int,
) -> NDArray[np.int64]:
    """Part of every shot, each group whole in one of them.

    The largest groups are dealt first, each to the part that it brings nearest to its share of the shots and of every
    class; then single groups move and pairs change places as long as that helps.

    Args:
        groups: run or file of each shot, shape (N,).
        labels: shape (N, C).
        shares: of each part, K of them, summing to 1.
        seed: decides between equals.

    Returns:
        0 to K - 1, shape (N,).

    Raises:
        DataError: fewer groups than parts.
    """
    values, members = np.unique(groups, return_inverse=True)
    aims = np.asarray(shares, np.float64)
    if len(values) < len(aims):
        found = f"every shot has group {values[0]}" if len(values) == 1 else f"there are {len(values)} groups"
        raise DataError(
            f"{found}, at least {len(aims)} groups are needed to split by group; import the runs with --groups KEY or "
            f"as several files, or use --split-by shot"
        )
    # What each group brings: its share of all shots, and of every class; all classes weigh as much as the shots.
    tally = np.zeros((len(values), 1 + labels.shape[1]))
    np.add.at(tally, members, np.hstack([np.ones((len(labels), 1)), labels]))
    tally /= np.maximum(tally.sum(axis=0), 1)
    weights = np.r_[1.0, np.full(labels.shape[1], 1 / max(labels.shape[1], 1))]

    def cost(held: NDArray[np.float64]) -> float:
        """How far parts are from their shares; held has shape (K, 1 + C)."""
        return float((weights * (held - aims[:, None]) ** 2).sum())

    order = np.random.default_rng(seed).permutation(len(values))
    order = order[np.argsort(-tally[order, 0], kind="stable")]
    part = np.full(len(values), -1)
    held = np.zeros((len(aims), tally.shape[1]))
    for place, group in enumerate(order):
        empty = [k for k in range(len(aims)) if not (part == k).any()]
        open_parts = empty if len(order) - place <= len(empty) else range(len(aims))
        best = min(open_parts, key=lambda k: _changed(cost, held, tally[group], None, k))
        part[group] = best
        held[best] += tally[group]
    for _ in range(_PASSES):
        if not _improved(cost, part, held, tally, order):
            break
    return np.asarray(part[members.reshape(-1)], np.int64)


def _changed(
    cost: Cost, held: NDArray[np.float64], brought: NDArray[np.float64], source: int | None, target: int
) -> float:
    moved = held.copy()
    moved[target] += brought
    if source is not None:
        moved[source] -= brought
    return cost(moved)


def _improved(
    cost: Cost,
    part: NDArray[np.int64],
    held: NDArray[np.float64],
    tally: NDArray[np.float64],
    order: NDArray[np.int64],
) -> bool:
    """One pass of moves and of swaps with a few groups of like size, in place; whether any helped."""
    helped = False
    for place, group in enumerate(order):
        now, source = cost(held), part[group]
        for target in range(len(held)):
            if (
                target != source
                and (part == source).sum() > 1
                and _changed(cost, held, tally[group], source, target) < now - 1e-12
            ):
                held[source] -= tally[group]
                held[target] += tally[group]
                part[group] = target
                helped = True
                break
        for other in order[place + 1 : place + 9]:
            if part[other] != part[group]:
                step = tally[other] - tally[group]
                if _changed(cost, held, step, part[other], part[group]) < cost(held) - 1e-12:
                    held[part[other]] -= step
                    held[part[group]] += step
                    part[group], part[other] = part[other], part[group]
                    helped = True
    return helped
