"""The frames of an open stack file as images, read a few at a time into memory that is used again."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.reading.conversion import RawImage, readable
from airybench.data.reading.frames import Framing
from airybench.data.reading.stack_images import StackImages

_STEP = 1 << 23
"""Bytes that messages name together when they cannot be read."""

_PIECE = 1 << 21
"""Bytes that are read and converted before the next ones are read: few, so that they are still in a cache then."""


class StackFrames:
    """The open file of some images, and that of their masks."""

    def __init__(self, images: StackImages) -> None:
        self.images = images
        self._open = open_hdf5(images.path)
        other = images.masks is not None and images.masks.path != images.path
        self._open_masks = open_hdf5(images.masks.path) if images.masks and other else None

    def __enter__(self) -> "StackFrames":
        self._file = self._open.__enter__()
        self._mask_file = self._open_masks.__enter__() if self._open_masks else self._file
        self._opened: _Opened | None = None
        self._buffer = np.empty(0)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._open_masks:
            self._open_masks.__exit__(*error)
        self._open.__exit__(*error)

    def read(self, frames: NDArray[np.int64]) -> Iterator[RawImage]:
        """Images one by one; each is valid until the next one is asked for, since the memory is used again.

        Args:
            frames: numbers over all parts, of one part or of parts of one image each, rising, shape (n,).
        """
        for some in self._steps(frames):
            places, numbers, flags = self.images.places(some), self.images.part_of(some), self._flags(some)
            pieces = (self._pieces(one, some[numbers == one]) for one in dict.fromkeys(numbers.tolist()))
            for row, (image, held) in enumerate(chain.from_iterable(pieces)):
                good = self.images.good
                for own in (held, None if flags is None else flags[row]):
                    good = good if own is None else own if good is None else own & good
                yield places[row], image, good

    def _steps(self, frames: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Frames that messages name together."""
        number = int(self.images.part_of(frames[:1])[0])
        part = self.images.parts[number]
        step = self._resolved(part.key).at_once(_STEP)
        if not part.stacked:
            return np.split(frames, range(step, len(frames), step))
        return _cut(frames, (frames - self.images.bounds[number]) // step)

    def _flags(self, frames: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """What the masks of some frames call good, shape (n, H, W); None where frames have no masks of their own."""
        masks = self.images.masks
        if masks is None:
            return None
        first, stop = int(frames[0]), int(frames[-1]) + 1
        data, _ = resolve(masks.path, self._mask_file, masks.key)
        return masks.good(data, first, stop)[frames - first]

    def _pieces(
        self, number: int, frames: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_] | None]]:
        """Images (H, W) of some frames of one part, and what of each is in a source of a view; None for all."""
        part, framing = self.images.parts[number], self.images.framing
        opened, local = self._resolved(part.key), frames - self.images.bounds[number]
        named = f" entries {local[0]} to {local[-1]}" if part.stacked else ""
        axis = -1 if framing.last and part.stacked else 0
        with readable(self.images.path, f"/{part.key}{named}"):
            for some in _cut(local, local // opened.at_once(_PIECE)):
                first, stop = int(some[0]), int(some[-1]) + 1
                taken = slice(None) if stop - first == len(some) else some - first
                memory = self._memory(stop - first, opened.dtype) if part.stacked else None
                raw = framing.read(opened.data, first, stop, memory)[taken]
                held = None if part.coverage is None else part.coverage.part(axis, first, stop)
                inside = None if held is None else framing.pick(np.moveaxis(held, axis, 0))[taken]
                mapped = repeat(None) if inside is None else framing.images(inside)
                yield from zip(framing.images(raw), mapped, strict=False)

    def _memory(self, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Memory for some frames of a stack, the same each time as far as it fits."""
        if len(self._buffer) < count or self._buffer.dtype != dtype:
            self._buffer = np.empty((count, *self.images.framing.raw), dtype)
        return self._buffer

    def _resolved(self, key: str) -> "_Opened":
        if self._opened is None or key != self._opened.key:
            data, _ = resolve(self.images.path, self._file, key)
            self._opened = _Opened.of(key, data, self.images.framing)
        return self._opened


@dataclass(frozen=True)
class _Opened:
    """A data set of images, and what asking HDF5 for each time would take long.

    Attributes:
        key: of the data set.
        data: the same, open.
        dtype: of its values.
        size: of a frame, bytes.
        chunk: frames in a chunk; 0 where chunks lie across, or are not known.
    """

    key: str
    data: h5py.Dataset
    dtype: np.dtype[Any]
    size: int
    chunk: int

    @classmethod
    def of(cls, key: str, data: h5py.Dataset, framing: Framing) -> "_Opened":
        """A data set whose frames become images in some way."""
        chunk = data.chunks[0] if data.chunks and data.ndim > len(framing.raw) else 1
        size = int(np.prod(framing.kept)) * data.dtype.itemsize
        return cls(key, data, data.dtype, size, 0 if framing.last or data.is_virtual else chunk)

    def at_once(self, size: int) -> int:
        """Number of frames of about some bytes, in whole chunks."""
        return -(-max(1, size // self.size) // self.chunk) * self.chunk if self.chunk else sys.maxsize


def _cut(frames: NDArray[np.int64], steps: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Frames, shape (n,), cut where the number of the step that they are in changes."""
    return np.split(frames, np.flatnonzero(np.diff(steps)) + 1)
