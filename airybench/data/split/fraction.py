"""Fractions of the training shots: nested, so that a smaller one is part of a larger, and stratified."""

import hashlib
import json
from math import ceil

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.ids import ShotIds
from airybench.data.store.repeats import first_of_each


def training_fraction(
    rows: NDArray[np.int64],
    ids: ShotIds,
    labels: NDArray[np.uint8],
    fraction: float,
    seed: int,
    hashes: NDArray[np.uint64] | None = None,
) -> NDArray[np.int64]:
    """A fraction of the training shots.

    Each label set is shuffled and spread evenly over [0, 1), and a fraction takes the shots with the lowest positions.
    So the shots of a smaller fraction are among those of a larger one, and every label set keeps its share to within a
    shot or two.

    Args:
        rows: the training part, rows of the store, shape (n,).
        ids: identifiers of all shots of the store, shape (N,); the choice depends on ids and labels, not on the order
            of the rows.
        labels: 0 or 1, shape (N, C).
        fraction: in (0, 1].
        seed: of the split, which orders the shots of a label set.
        hashes: of the images of all shots, shape (N,): shots with the same image are taken together.

    Returns:
        ceil(fraction n) of the rows, sorted; some more where the last of them share their image with others.

    >>> training_fraction(np.arange(8), np.arange(8), np.ones((8, 1), np.uint8), 0.25, seed=1612).size
    2
    """
    order = rows[np.argsort(ids[rows])]
    _, members = np.unique(labels[order], axis=0, return_inverse=True)
    members = members.reshape(-1)
    generator = np.random.default_rng(seed)
    position = np.empty(len(order))
    for number in range(members.max(initial=-1) + 1):
        shots = np.flatnonzero(members == number)
        # One random offset for each set, so that small sets do not all enter at the same fraction.
        position[generator.permutation(shots)] = (np.arange(len(shots)) + generator.random()) / len(shots)
    wanted = ceil(fraction * len(order) - 1e-9)
    if hashes is None:
        return np.sort(order[np.argsort(position, kind="stable")[:wanted]])
    # Every shot stands where the first shot with its image does: the shots of an image come one after the other.
    image = first_of_each(hashes[order])
    by_place = np.lexsort((image, position[image]))
    taken = np.isin(image, image[by_place[:wanted]])
    return np.sort(order[taken])


def digest(rows: NDArray[np.int64], ids: ShotIds) -> str:
    """Hash over the ids of some shots, independent of their order.

    Args:
        rows: of the store, shape (n,).
        ids: identifiers of all shots of the store, shape (N,).
    """
    return hashlib.sha256(json.dumps(np.sort(ids[rows]).tolist(), separators=(",", ":")).encode()).hexdigest()
