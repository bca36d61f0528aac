"""Decoding pictures: PNG and TIFF by OpenCV, NPY by NumPy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.numpy_array import numpy_arrays
from airybench.data.formats.picture import PictureHeader, damaged
from airybench.data.reading.conversion import RawImage
from airybench.data.reading.frame_source import Frames
from airybench.errors import DataError


@dataclass(frozen=True)
class PictureFrames(Frames):
    """The pictures of some files, in order.

    Attributes:
        headers: of the files.
        good: pixels that are good in every picture, bool, shape (H, W); None for all.
    """

    headers: tuple[PictureHeader, ...]
    good: NDArray[np.bool_] | None = None

    def images(self, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        """See `Frames.images`."""
        stops = np.cumsum([header.pages for header in self.headers])
        owners = np.searchsorted(stops, rows, side="right")
        for owner in np.unique(owners):
            header = self.headers[owner]
            pages = rows[owners == owner] - (stops[owner] - header.pages)
            first = int(pages[0])
            pictures = decoded(header, first, int(pages[-1]) + 1)
            for page in pages:
                name = f"{header.path.name} picture {page}" if header.pages > 1 else header.path.name
                yield name, self._expected(header, pictures[int(page) - first]), self.good

    def _expected(self, header: PictureHeader, picture: NDArray[Any]) -> NDArray[Any]:
        """A picture, if it is what its header and all others are."""
        if picture.shape != header.shape:
            raise DataError(
                f"{header.path}: decodes to {picture.shape}, its header says {header.shape}", "get a whole copy"
            )
        return picture


def decoded(header: PictureHeader, start: int, stop: int) -> list[NDArray[Any]]:
    """Pictures of one file, grey, with the values that are stored.

    Args:
        header: of the file.
        start: first picture.
        stop: after the last one.

    Raises:
        DataError: the file is damaged, or a picture is coloured.
    """
    path = header.path
    if path.suffix.lower() == ".npy":
        array = next(iter(numpy_arrays(path).values()))
        return list(array.all()[None] if len(array.shape) == 2 else array.read(start, stop))
    try:
        pictures = _by_opencv(path, start, stop)
    except (OSError, ValueError, cv2.error) as error:
        raise damaged(path) from error
    if len(pictures) != stop - start:
        raise damaged(path)
    return [_grey(path, picture) for picture in pictures]


def _by_opencv(path: Path, start: int, stop: int) -> list[NDArray[Any]]:
    content = np.fromfile(path, np.uint8)  # OpenCV itself opens no path with letters beyond ASCII everywhere
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        done, pictures = cv2.imdecodemulti(content, cv2.IMREAD_UNCHANGED, range=(start, stop))
    finally:
        cv2.utils.logging.setLogLevel(level)
    return list(pictures) if done else []


def _grey(path: Path, picture: NDArray[Any]) -> NDArray[Any]:
    """The one channel of a picture; several are taken for one where they are equal and nothing is transparent."""
    if picture.ndim == 2:
        return picture
    colours, alpha = picture[..., :3], picture[..., 3:]
    if (colours != colours[..., :1]).any():
        raise DataError(
            f"{path}: a picture in colour holds no counts", "give the counts themselves, one number for each pixel"
        )
    if alpha.size and (alpha != np.iinfo(picture.dtype).max).any():
        raise DataError(f"{path}: has transparent pixels", "save it without transparency")
    return np.ascontiguousarray(colours[..., 0])
