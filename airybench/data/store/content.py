"""Every image of a store read once: the hash over the content, and a survey of the counts."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.store.columns import fixed_text, read_column
from airybench.reporter import Progress

SLICE = 256
"""Images read at a time: 34 MB of 259 x 259 counts."""


@dataclass(frozen=True)
class Survey:
    """Peculiar images of a store.

    Attributes:
        blank: images whose every pixel is 0.
        saturated: images with a pixel at 65535.
        largest: largest count of all.
        constant: rows of images with one value in all pixels, blank ones among them.
    """

    blank: int
    saturated: int
    largest: int
    constant: tuple[int, ...] = ()


class ImageSurvey:
    """Gathers a `Survey` from batches of images."""

    def __init__(self) -> None:
        self.blank = self.saturated = self.largest = self._seen = 0
        self.constant: list[int] = []

    def add(self, images: NDArray[np.uint16]) -> None:
        """Add images in store order, shape (n, H, W)."""
        peaks = images.max(axis=(1, 2))
        self.constant += (np.flatnonzero(peaks == images.min(axis=(1, 2))) + self._seen).tolist()
        self._seen += len(images)
        self.blank += int((peaks == 0).sum())
        self.saturated += int((peaks == np.iinfo(np.uint16).max).sum())
        self.largest = max(self.largest, int(peaks.max(initial=0)))

    def result(self) -> Survey:
        """The survey of all images so far."""
        return Survey(self.blank, self.saturated, self.largest, tuple(self.constant))


def content_sha256(
    file: h5py.File, on_images: Callable[[NDArray[np.uint16]], None] | None = None, progress: Progress | None = None
) -> str:
    """Hash over ids, labels (where there are any), photon_energy and images, little-endian, C order, in store order.

    Args:
        file: an open store.
        on_images: called with every slice of images, uint16 (n, H, W).
        progress: called with (images done, images in all).
    """
    digest = hashlib.sha256()
    for key in ("ids", "labels", "photon_energy"):
        if key in file:
            values = fixed_text(read_column(file[key]))
            digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    images = file["images"]
    for start in range(0, len(images), SLICE):
        batch = images[start : start + SLICE]
        digest.update(np.ascontiguousarray(batch, "<u2").data)
        if on_images:
            on_images(batch)
        if progress:
            progress(start + len(batch), len(images))
    return digest.hexdigest()
