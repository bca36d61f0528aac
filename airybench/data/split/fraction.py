"""A share of the training shots: nested, so that less data are a part of more, and stratified over label sets."""

import hashlib
import json
from math import ceil

import numpy as np
from numpy.typing import NDArray


def training_fraction(
    rows: NDArray[np.int64], ids: NDArray[np.int64], labels: NDArray[np.uint8], fraction: float, seed: int
) -> NDArray[np.int64]:
    """The training shots of a fraction.

    Each label set is shuffled and spread evenly over [0, 1); a fraction takes the shots that stand first. So the shots
    of a smaller fraction are among those of a larger one, and every label set keeps its share to within a shot or two.

    Args:
        rows: the training part, rows of the store, shape (n,).
        ids: identifiers of the store's shots, shape (N,); the choice hangs on ids and labels, not on the row order.
        labels: 0 or 1, shape (N, C).
        fraction: in (0, 1].
        seed: of the split, which orders the shots of a set.

    Returns:
        ceil(fraction n) of the rows, sorted.
    """
    order = rows[np.argsort(ids[rows])]
    _, members = np.unique(labels[order], axis=0, return_inverse=True)
    members = members.reshape(-1)
    generator = np.random.default_rng(seed)
    place = np.empty(len(order))
    for number in range(members.max(initial=-1) + 1):
        shots = np.flatnonzero(members == number)
        # One random offset a set: small sets do not all enter at the same fraction.
        place[generator.permutation(shots)] = (np.arange(len(shots)) + generator.random()) / len(shots)
    first = np.argsort(place, kind="stable")[: ceil(fraction * len(order) - 1e-9)]
    return np.sort(order[first])


def digest(rows: NDArray[np.int64], ids: NDArray[np.int64]) -> str:
    """Hash over the ids of some shots, in whatever order."""
    return hashlib.sha256(json.dumps(np.sort(ids[rows]).tolist(), separators=(",", ":")).encode()).hexdigest()
