"""Small groups of pixels that touch, and what is around them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

CLUSTER = 9
"""Pixels of the largest group that counts as small."""

EIGHT = np.ones((3, 3), bool)
"""A pixel and all that touch it."""


def small_groups(
    chosen: NDArray[np.bool_], known: NDArray[np.bool_], around: NDArray[np.float32]
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]]:
    """Small groups of chosen pixels, at least half of whose surroundings are known.

    Args:
        chosen: shape (H, W).
        known: pixels that were looked at, same shape.
        around: values to compare with, -inf where there are none, same shape.

    Yields:
        Number of the group of each pixel, the numbers of the small ones, and the largest value around each; once, or
        not at all where there are none.
    """
    labels, number = ndimage.label(chosen, EIGHT)
    sizes = np.bincount(labels.reshape(-1), minlength=number + 1)
    small = np.flatnonzero((sizes > 0) & (sizes <= CLUSTER))
    small = small[small > 0]
    if not len(small):
        return
    beside = ndimage.maximum_filter(around, 3, mode="constant", cval=-np.inf)
    highest = over_groups(np.maximum, beside, labels, small)
    seen, unseen = (
        over_groups(
            np.add, ndimage.convolve(one.astype(np.int32), EIGHT.astype(np.int32), mode="constant"), labels, small
        )
        for one in (known & ~chosen, ~known)
    )
    enclosed = (seen >= unseen) & (seen > 0)
    yield labels, small[enclosed], highest[enclosed]


def over_groups(of: np.ufunc, values: NDArray[Any], labels: NDArray[Any], groups: NDArray[Any]) -> NDArray[np.float64]:
    """The sum, maximum or minimum over each group of pixels: those of few pixels, which SciPy sorts an image for.

    Args:
        of: the operation.
        values: shape (H, W).
        labels: number of the group of each pixel, same shape.
        groups: numbers of the groups to look at, shape (n,).
    """
    start = -np.inf if of is np.maximum else np.inf if of is np.minimum else 0.0
    found: NDArray[np.float64] = np.full(int(labels.max()) + 1, start)
    chosen = np.zeros(len(found), bool)
    chosen[groups] = True
    places = np.nonzero(chosen[labels])
    of.at(found, labels[places], values[places].astype(np.float64))
    return np.asarray(found[groups])
