"""What is peculiar about the images of a store: found while each is read once."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Survey:
    """Peculiar images of a store.

    Attributes:
        blank: images whose every pixel is 0.
        saturated: images with a pixel at 65535.
        largest: largest count of all.
        constant: rows of images with one value in all pixels, blank ones among them.
        hashes: of all images, see `content.image_hashes`, uint64, shape (N,).
    """

    blank: int
    saturated: int
    largest: int
    constant: tuple[int, ...] = ()
    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64), compare=False, repr=False)


def constant_images(images: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Which images, shape (n, H, W), hold one value in all their pixels.

    >>> constant_images(np.array([[[4, 4]], [[4, 5]]], np.uint16))
    array([0])
    """
    return np.flatnonzero(images.max(axis=(1, 2)) == images.min(axis=(1, 2))).astype(np.int64)


class ImageSurvey:
    """Gathers a `Survey` from batches of images."""

    def __init__(self) -> None:
        self.blank = self.saturated = self.largest = self._seen = 0
        self.constant: list[int] = []
        self._hashes: list[NDArray[np.uint64]] = []

    def add(self, images: NDArray[np.uint16], hashes: NDArray[np.uint64]) -> None:
        """Add images in store order.

        Args:
            images: shape (n, H, W).
            hashes: of them, shape (n,).
        """
        peaks = images.max(axis=(1, 2))
        self.constant += (constant_images(images) + self._seen).tolist()
        self._seen += len(images)
        self.blank += int((peaks == 0).sum())
        self.saturated += int((peaks == np.iinfo(np.uint16).max).sum())
        self.largest = max(self.largest, int(peaks.max(initial=0)))
        self._hashes.append(hashes)

    def result(self) -> Survey:
        """The survey of all images so far."""
        hashes = np.concatenate(self._hashes) if self._hashes else np.zeros(0, np.uint64)
        return Survey(self.blank, self.saturated, self.largest, tuple(self.constant), hashes)
