"""The true labels of simulated shots, which stand beside those that the labeller gave."""

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.store import Store

TRUE_LABELS = "true_labels"
"""Name of the column below `/truth`: bit c is set where class c holds."""


def pack(labels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """0/1 labels as one number for each shot.

    Args:
        labels: shape (N, C), at most 31 classes.

    >>> pack(np.array([[1, 0, 1], [0, 0, 0]], np.uint8)).tolist()
    [5, 0]
    """
    return np.asarray((labels.astype(np.int64) << np.arange(labels.shape[1])).sum(axis=1), dtype=np.int32)


def true_labels(store: Store) -> NDArray[np.uint8] | None:
    """True labels, 0 or 1, shape (N, C); None where the store holds none, as measured and older simulated ones."""
    packed = store.columns("truth").get(TRUE_LABELS)
    if packed is None:
        return None
    bits = np.asarray(packed, dtype=np.int64)[:, None] >> np.arange(len(store.class_names))
    return (bits & 1).astype(np.uint8)
