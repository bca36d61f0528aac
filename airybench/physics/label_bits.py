"""Sets of labels as numbers: bit c is set where class c holds. The truth of a store holds them so."""

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, NDArray

TRUE_LABELS = "true_labels"
"""Name of the parameter, and of its column below `/truth`."""


def pack(labels: NDArray[np.generic]) -> NDArray[np.int32]:
    """0/1 labels as one number for each shot.

    Args:
        labels: shape (N, C), at most 31 classes.

    >>> pack(np.array([[1, 0, 1], [0, 0, 0]], np.uint8)).tolist()
    [5, 0]
    """
    return np.asarray((labels.astype(np.int64) << np.arange(labels.shape[1])).sum(axis=1), dtype=np.int32)


def packed(labels: Collection[str], class_names: tuple[str, ...]) -> int:
    """A set of labels as a number.

    Args:
        labels: names of the classes that hold.
        class_names: C names in order, at most 31.

    >>> packed({"T4", "PBCV-1"}, ("PBCV-1", "Nanorice", "T4"))
    5
    """
    return int(pack(np.array([[name in labels for name in class_names]]))[0])


def unpacked(bits: ArrayLike, classes: int) -> NDArray[np.uint8]:
    """Labels from such numbers.

    Args:
        bits: shape (N,).
        classes: C.

    Returns:
        0/1, shape (N, C).

    >>> unpacked([5, 0], 3).tolist()
    [[1, 0, 1], [0, 0, 0]]
    """
    return (np.asarray(bits, np.int64)[:, None] >> np.arange(classes) & 1).astype(np.uint8)
