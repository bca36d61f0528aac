"""Frames out of arrays of NumPy files, with their masks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.numpy_array import NumpyArray
from airybench.data.reading.conversion import RawImage
from airybench.data.reading.frame_source import Frames
from airybench.data.reading.frames import Framing, framing_of, mask_framing, one_for_all
from airybench.data.reading.masks import CONVENTIONS, good_pixels, settled_convention
from airybench.data.reading.options import FrameOptions
from airybench.errors import DataError, MissingOptionError
from airybench.reporter import Reporter

_COLOURED = 4
"""Axes of a stack of pictures in colour, (N, H, W, 3)."""


@dataclass(frozen=True)
class NumpyFrames(Frames):
    """The frames of one array.

    Attributes:
        array: of the images, shape (N, *raw), (*raw, N), or raw for one frame.
        framing: how its frames become images.
        good: pixels that are good in all shots, bool, shape (H, W); None for all.
        masks: array of the masks, where each shot has its own.
        flags: how a mask becomes the one of an image.
        convention: what the values of masks mean.
    """

    array: NumpyArray
    framing: Framing
    good: NDArray[np.bool_] | None = None
    masks: NumpyArray | None = None
    flags: Framing | None = None
    convention: str | None = None

    @classmethod
    def of(cls, array: NumpyArray, options: FrameOptions, *, last: bool) -> "NumpyFrames":
        """Check the shape of the images, and how a frame becomes one.

        Args:
            array: of the images.
            options: modules and planes.
            last: whether the shots are along the last axis.

        Raises:
            DataError: the array has a shape of no use, or modules that are to be asked about.
        """
        array.require_plain()
        if len(array.shape) < 2 or 0 in array.shape or array.dtype.kind not in "biuf":
            raise DataError(
                f"{array.path}: {array.words}: a stack of numbers (N, H, W) is expected", "give an array of counts"
            )
        if len(array.shape) == _COLOURED and array.shape[-1] in (3, 4) and not last:
            raise DataError(
                f"{array.path}: {array.words} looks like pictures in colour, which hold no counts",
                "give the counts themselves, one number for each pixel",
            )
        raw = array.shape if len(array.shape) == 2 else array.shape[:-1] if last else array.shape[1:]
        framing = framing_of(f"{array.path}: {array.member or 'the array'}", raw, options, last=last)
        return cls(array, framing, framing.covered())

    def masked_by(self, masks: NumpyArray, convention: str | None, reporter: Reporter) -> "NumpyFrames":
        """The same frames with a mask, for all shots or one for each.

        Args:
            masks: array of the masks.
            convention: what their values mean.
            reporter: receives a doubt where less than half of the pixels are good.

        Raises:
            DataError: the convention is missing; a mask has another shape, holds no flags, or leaves no pixel.
        """
        if convention is None:
            raise MissingOptionError(
                f"{masks.path}: {masks.words} may be read in several ways",
                "--mask-convention CONVENTION",
                f"--mask needs --mask-convention, one of {', '.join(CONVENTIONS)}",
            )
        where = f"{masks.path}: {masks.member or 'the mask'}"
        whole = one_for_all(where, masks.shape, self.framing, self.count)
        if whole is not None:
            settled_convention(masks.all(), convention, where, reporter, said=True)
            good = whole.images(good_pixels(whole.pick(masks.all()[None]), convention))[0]
            return replace(self, good=good if self.good is None else good & self.good)
        count, frame = (masks.shape[-1:], masks.shape[:-1]) if self.framing.last else (masks.shape[:1], masks.shape[1:])
        each = mask_framing(where, frame, self.framing)
        if each is None or count != (self.count,):
            raise DataError(
                f"{masks.path}: {masks.words}: whole numbers of shape {self.framing.shape} or "
                f"{(self.count, *self.framing.shape)} are expected",
                "give another --mask",
            )
        sample = _read(masks, each, 0, 1)
        settled_convention(sample, convention, f"{where} entry 0", reporter, said=True)
        return replace(self, masks=masks, flags=each, convention=convention)

    @property
    def count(self) -> int:
        """Number of frames."""
        if self.array.shape == self.framing.raw:
            return 1
        return self.array.shape[-1 if self.framing.last else 0]

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of an image, pixels."""
        return self.framing.shape

    def images(self, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        """See `Frames.images`."""
        first, stop = int(rows[0]), int(rows[-1]) + 1
        values = self.framing.images(_read(self.array, self.framing, first, stop))
        good = None
        if self.masks is not None and self.flags is not None:
            good = self.flags.images(good_pixels(_read(self.masks, self.flags, first, stop), str(self.convention)))
            good = good if self.good is None else good & self.good
        for row in rows - first:
            yield (
                f"{self.array.member or 'array'} entry {first + row}",
                values[row],
                self.good if good is None else good[row],
            )


def _read(array: NumpyArray, framing: Framing, first: int, stop: int) -> NDArray[Any]:
    """What is taken of some frames, shape (n, *kept)."""
    if array.shape == framing.raw:
        return framing.pick(array.all()[None])
    whole = np.moveaxis(array.all()[..., first:stop], -1, 0) if framing.last else array.read(first, stop)
    return framing.pick(whole)
