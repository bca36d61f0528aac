"""The true labels of simulated shots, which stand beside those that the labeller gave."""

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.store import Store
from airybench.physics.label_bits import TRUE_LABELS, unpacked


def true_labels(store: Store) -> NDArray[np.uint8] | None:
    """True labels, 0 or 1, shape (N, C); None where the store holds none, as measured and older simulated ones."""
    bits = store.columns("truth").get(TRUE_LABELS)
    return None if bits is None else unpacked(bits, len(store.class_names))
