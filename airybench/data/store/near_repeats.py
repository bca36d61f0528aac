"""Near-duplicates: neighbouring shots of one group whose images are almost the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


class Neighbours:
    """Counts near-duplicates among neighbouring shots while the images of a store pass.

    Args:
        groups: of all shots, shape (N,).
    """

    def __init__(self, groups: NDArray[np.int32]) -> None:
        self._groups, self._seen = groups, 0
        self._last: tuple[NDArray[np.uint16], NDArray[np.uint64]] | None = None
        self._pairs = self._compared = 0

    def add(self, images: NDArray[np.uint16], hashes: NDArray[np.uint64]) -> None:
        """See images in store order.

        Args:
            images: shape (n, H, W).
            hashes: of them, shape (n,): equal images are repeats, and not counted here.
        """
        first = self._seen
        if self._last is not None:
            first -= 1
            images, hashes = np.concatenate([self._last[0], images]), np.concatenate([self._last[1], hashes])
        self._seen = first + len(images)
        groups = self._groups[first : self._seen]
        found = correlations(images)
        same_group, other = groups[1:] == groups[:-1], hashes[1:] != hashes[:-1]
        self._compared += int((same_group & np.isfinite(found)).sum())
        self._pairs += int((same_group & other & (found > ALIKE)).sum())
        self._last = images[-1:].copy(), hashes[-1:]

    def result(self) -> NearRepeats:
        """What was counted so far."""
        return NearRepeats(self._pairs, self._compared)
