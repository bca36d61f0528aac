"""Near-duplicates: neighbouring shots of one group whose images are almost the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.content import SLICE
from airybench.data.store.store import Store
from airybench.reporter import SILENT, Reporter

ALIKE = 0.999
"""Correlation of two images above which they are near-duplicates."""


@dataclass(frozen=True)
class NearRepeats:
    """How many neighbouring shots are almost the same.

    Attributes:
        pairs: shots that correlate by more than ALIKE with the shot before them in the store, of the same group, and
            differ from it in a pixel.
        compared: shots that have such a shot before them, and with it a defined correlation.
    """

    pairs: int
    compared: int


def correlations(images: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Pearson's correlation of each image with the next one, over all pixels, shape (n - 1,).

    NaN where one of the two is constant. Two draws of Poisson noise around one pattern come above 0.999 only if that
    is bright: if the variance of the pattern over the pixels is a thousand times its mean.

    Args:
        images: shape (n, H, W).

    >>> correlations(np.array([[[0, 1, 2]], [[0, 2, 4]], [[3, 3, 3]]], np.uint16))
    array([ 1., nan])
    """
    flat = images.reshape(len(images), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    norms = np.sqrt((flat**2).sum(axis=1))
    products = norms[1:] * norms[:-1]
    found = np.full(len(products), np.nan)
    np.divide((flat[1:] * flat[:-1]).sum(axis=1), products, out=found, where=products > 0)
    return found


def near_repeats(store: Store, hashes: NDArray[np.uint64], reporter: Reporter = SILENT) -> NearRepeats:
    """Count near-duplicates among neighbouring shots of a store.

    Args:
        store: any one; its images are read once, in order.
        hashes: of its images, shape (N,): equal images are repeats, and not counted here.
        reporter: receives progress.

    Raises:
        DataError: an image cannot be read.
    """
    groups, pairs, compared = store.groups(), 0, 0
    with reporter.progress(f"comparing neighbours in {store.path.name}") as progress:
        for start in range(0, store.count - 1, SLICE):
            rows = np.arange(start, min(start + SLICE + 1, store.count))
            found = correlations(store.read_images(rows))
            same_group = groups[rows[1:]] == groups[rows[:-1]]
            other = hashes[rows[1:]] != hashes[rows[:-1]]
            compared += int((same_group & np.isfinite(found)).sum())
            pairs += int((same_group & other & (found > ALIKE)).sum())
            progress(int(rows[-1]) + 1, store.count)
    return NearRepeats(pairs, compared)
