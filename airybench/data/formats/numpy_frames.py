"""Frames out of arrays of NumPy files, with their masks."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.numpy_array import NumpyArray
from airybench.data.reading.conversion import RawImage
from airybench.data.reading.frame_source import Frames
from airybench.data.reading.masks import CONVENTIONS, good_pixels
from airybench.data.reading.options import FrameOptions
from airybench.errors import ConfigError, DataError, unknown


@dataclass(frozen=True)
class NumpyFrames(Frames):
    """The frames of one array.

    Attributes:
        array: of the images, shape (N, H, W), (H, W) or (H, W, N).
        last: whether the shots are along the last axis.
        good: mask of all shots, bool, shape (H, W); None when there is none or each shot has its own.
        masks: array of the masks, shape (N, H, W), where each shot has its own.
        convention: what the values of masks mean.
    """

    array: NumpyArray
    last: bool = False
    good: NDArray[np.bool_] | None = None
    masks: NumpyArray | None = None
    convention: str | None = None

    @classmethod
    def of(
        cls, array: NumpyArray, options: FrameOptions, masks: NumpyArray | None, convention: str | None, axis: int
    ) -> "NumpyFrames":
        """Check shapes, and read the mask where one is for all shots.

        Raises:
            ConfigError: the convention of the mask is missing or unknown.
            DataError: an array has a shape of no use.
        """
        if len(array.shape) not in (2, 3) or 0 in array.shape or array.dtype.kind not in "biuf":
            raise DataError(f"{array.path}: {array.words}: a stack of numbers (N, H, W) is expected")
        frames = cls(array, last=axis == -1)
        if masks is None:
            return frames
        if convention is None:
            raise ConfigError(f"--mask needs --mask-convention, one of {', '.join(CONVENTIONS)}")
        if convention not in CONVENTIONS:
            raise unknown("mask convention", convention, CONVENTIONS)
        if masks.dtype.kind not in "biu" or masks.shape not in (frames.shape, array.shape):
            raise DataError(
                f"{masks.path}: {masks.words}: whole numbers of shape {frames.shape} or {array.shape} are expected",
                "give another --mask",
            )
        if masks.shape == frames.shape:
            return cls(array, frames.last, good_pixels(masks.all(), convention))
        return cls(array, frames.last, None, masks, convention)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of a frame, pixels."""
        height, width = self.array.shape[:2] if self.last else self.array.shape[-2:]
        return height, width

    @property
    def masked(self) -> bool:
        """Whether each frame has a mask of its own."""
        return self.masks is not None

    def images(self, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        """See `Frames.images`."""
        first, stop = int(rows[0]), int(rows[-1]) + 1
        values = self._stretch(self.array, first, stop)
        flags = None if self.masks is None else self._stretch(self.masks, first, stop)
        for row in rows - first:
            good = self.good if flags is None else good_pixels(flags[row], str(self.convention))
            yield f"{self.array.member or 'array'} entry {first + row}", values[row], good

    def _stretch(self, array: NumpyArray, first: int, stop: int) -> NDArray[Any]:
        if len(array.shape) == 2:
            return array.all()[None]
        return np.moveaxis(array.all()[..., first:stop], -1, 0) if self.last else array.read(first, stop)


def last_axis(array: NumpyArray, said: str | None, lengths: Collection[int]) -> bool:
    """Whether the shots of a stack are along its last axis.

    Args:
        array: the stack.
        said: `--axis`.
        lengths: of the columns beside it.

    Raises:
        ConfigError: it looks so, and nobody said it; or `said` is unknown.
    """
    if said not in (None, "first", "last"):
        raise unknown("--axis", said, ("first", "last"))
    if len(array.shape) != 3 or said is not None:
        return said == "last" and len(array.shape) == 3
    first, middle, last = array.shape
    fits_last = last in lengths and first not in lengths
    if fits_last or (first == middle != last and first not in lengths):
        raise ConfigError(
            f"{array.path}: {array.words}: are the {last} shots along the last axis? Give --axis last for that, --axis "
            f"first for {first} shots of {middle} x {last} px"
        )
    return False
