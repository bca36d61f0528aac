"""Pixels that stand out from all pixels around them: alone, in small groups, or in a line one pixel wide."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

EIGHT = np.ones((3, 3), bool)
"""A pixel and those around it."""

LINE = 10
"""Pixels of a line, at least."""

_CLUSTER = 9  # pixels
_REACH = 3  # pixels from one of such a group to one that is none of it, at most, with one to spare
_STEP = np.log(1.5)  # from one level to the next, below the least difference so that none is stepped over
_AROUND = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column]


def opened(chosen: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Chosen pixels that lie in a rectangle of chosen pixels.

    Args:
        chosen: shape (H, W).
        size: height and width of the rectangle in pixels.

    >>> column = np.arange(24)[:, None] % 12 > 0
    >>> int(opened(column, (10, 1)).sum()), int(opened(column[:9], (10, 1)).sum())
    (22, 0)
    """
    if any(length > have for length, have in zip(size, chosen.shape, strict=True)):
        return np.zeros_like(chosen)
    inside = _over_window(np.logical_and, _over_window(np.logical_and, chosen, size[0]).T, size[1]).T
    if not inside.any():
        return np.zeros_like(chosen)
    padded = np.pad(inside, [(length - 1, length - 1) for length in size])
    return _over_window(np.logical_or, _over_window(np.logical_or, padded, size[0]).T, size[1]).T


def _over_window(of: np.ufunc, values: NDArray[Any], length: int) -> NDArray[Any]:
    """An operation over each window of some rows, shape (H - length + 1, W), in windows that double."""
    have = 1
    while have < length:
        step = min(have, length - have)
        values, have = of(values[:-step], values[step:]), have + step
    return values


def peaks(
    values: NDArray[np.float32], others: NDArray[np.float32], known: NDArray[np.bool_], least: float
) -> NDArray[np.bool_]:
    """Groups of up to nine pixels of which each is above all pixels around them, at least half of which are known.

    Args:
        values: of the pixels themselves, of any kind, shape (H, W).
        others: of the pixels as neighbours, at least `values`, shape (H, W).
        known: pixels to look at, bool, shape (H, W).
        least: difference; above log(1.5).

    Source: the area opening of Vincent (1993), for levels closer than the least difference.
    """
    found = np.zeros(values.size, bool)
    # Near each pixel of such a group there is one around the group: only pixels above one near them are looked at.
    low = np.pad(np.where(known, others, np.float32(np.inf)), _REACH, constant_values=np.inf)
    low = _over_window(np.minimum, _over_window(np.minimum, low, 2 * _REACH + 1).T, 2 * _REACH + 1).T
    pixels = np.flatnonzero(known & (values >= low + np.float32(least)))
    if not pixels.size:
        return found.reshape(values.shape)
    del low
    own, (around, inside) = values.reshape(-1)[pixels], neighbours(pixels, values.shape)
    seen = inside & known.reshape(-1)[around]
    beside = np.where(seen, others.reshape(-1)[around], -np.inf).astype(np.float32)
    # Pairs of pixels that touch, as places among those that are looked at.
    place = np.minimum(np.searchsorted(pixels, around), len(pixels) - 1)
    first, which = np.nonzero(seen & (pixels[place] == around))
    second = place[first, which]
    for level in np.arange(own.min() - least, own.max(), _STEP):
        high = own > level
        both = high[first] & high[second]
        links = coo_array((np.ones(both.sum(), bool), (first[both], second[both])), shape=(len(pixels), len(pixels)))
        number, labels = connected_components(links, directed=False)
        same = np.zeros(around.shape, bool)  # whether a pixel around is of the group
        same[first[both], which[both]] = True
        highest, lowest = np.full(number, -np.inf), np.full(number, np.inf)
        np.maximum.at(highest, labels, np.where(same, -np.inf, beside).max(axis=1))
        np.minimum.at(lowest, labels, own)
        lit = np.bincount(labels, (seen & ~same).sum(axis=1), number)
        enclosed = (lit > 0) & (lit >= np.bincount(labels, (inside & ~seen).sum(axis=1), number))
        small = np.bincount(labels, minlength=number) <= _CLUSTER
        found[pixels[(high & (small & enclosed & (lowest >= highest + least))[labels])]] = True
    return found.reshape(values.shape)


def neighbours(pixels: NDArray[np.int64], shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The eight pixels around each, as indices of the flattened image, and whether they are inside, shape (P, 8)."""
    rows, columns = (
        of[:, None] + np.array(steps)
        for of, steps in zip(np.divmod(pixels, shape[1]), zip(*_AROUND, strict=True), strict=True)
    )
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    return np.where(inside, rows * shape[1] + columns, 0), inside


def bright_lines(
    values: NDArray[np.float32], others: NDArray[np.float32], known: NDArray[np.bool_], least: float
) -> NDArray[np.bool_]:
    """Columns, or long parts of them, above the columns on both sides; arguments as those of `peaks`.

    Beside a gap, where one side is at the lowest of all values and the other is not, pixels are often larger and count
    more.
    """
    line = np.zeros(values.shape, bool)
    left, right, inner = others[:, :-2], others[:, 2:], values[:, 1:-1]
    line[:, 1:-1] = (
        known[:, 1:-1] & known[:, :-2] & known[:, 2:] & (inner >= np.maximum(left, right) + np.float32(least))
    )
    if line.any():
        floor = others[known].min()
        line[:, 1:-1] &= (left > floor) == (right > floor)
    return opened(line, (LINE, 1))
