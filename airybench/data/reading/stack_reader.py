"""Reading the images of stacks, block by block, in memory that does not grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import may_crash
from airybench.data.reading.conversion import Conversion, RawImage, readable
from airybench.data.reading.frames import Framing
from airybench.data.reading.parts import Part
from airybench.data.reading.shot_source import Block, ShotReader, rows_by_part
from airybench.data.reading.stack_mask import Masks

_STEP = 1 << 23
"""Bytes that are read and converted before the next ones are read."""

_SKIPPED = 8
"""Frames that are left out are read past up to this many chunks; beyond that, they are skipped."""


@dataclass(frozen=True)
class StackImages:
    """Where the images of a file are, and what of them is good.

    Attributes:
        path: the file.
        parts: its data sets of images, in order.
        framing: how their frames become images.
        frames: number of the frame of each shot, over all parts, rising, int64, shape (N,).
        good: pixels that are good in all shots as far as that holds for all, bool, shape (H, W); None for all.
        masks: where each shot has a mask of its own.
    """

    path: Path
    parts: tuple[Part, ...]
    framing: Framing
    frames: NDArray[np.int64]
    good: NDArray[np.bool_] | None = None
    masks: Masks | None = None

    @property
    def count(self) -> int:
        """Number of shots N."""
        return len(self.frames)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of an image, pixels."""
        return self.framing.shape

    @property
    def own_masks(self) -> bool:
        """Whether shots differ in which of their pixels are good."""
        return self.masks is not None or self._gaps_differ

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """Number of the first frame of each part, and of all frames."""
        return np.cumsum([0, *(part.count for part in self.parts)])

    @property
    def risky(self) -> bool:
        """Whether a damaged chunk could crash the process that reads it."""
        masks = self.masks
        return may_crash(self.path, (part.key for part in self.parts)) or (
            masks is not None and may_crash(masks.path, [masks.key])
        )

    @property
    def _gaps_differ(self) -> bool:
        return gaps_differ(self.parts, self.framing)

    def part_of(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the part of each of some frames."""
        return np.searchsorted(self.bounds, frames, side="right") - 1

    def place(self, frame: int) -> str:
        """What messages call a frame."""
        return self.places(np.array([frame]))[0]

    def places(self, frames: NDArray[np.int64]) -> list[str]:
        """What messages call some frames."""
        numbers = self.part_of(frames)
        return [
            f"/{part.key} entry {entry}" if part.stacked else f"/{part.key}"
            for part, entry in zip(
                [self.parts[number] for number in numbers.tolist()],
                (frames - self.bounds[numbers]).tolist(),
                strict=True,
            )
        ]


def gaps_differ(parts: tuple[Part, ...], framing: Framing) -> bool:
    """Whether shots differ in what of them is in a source."""
    held = [part.coverage for part in parts if part.coverage is not None]
    if not held:
        return False
    return len(parts) > 1 or not held[0].same(-1 if framing.last else 0)


@dataclass(frozen=True)
class StackReader(ShotReader):
    """Reads the images of some files, block by block.

    Attributes:
        files: where the images are.
        conversion: from images to counts.
    """

    files: tuple[StackImages, ...]
    conversion: Conversion

    @cached_property
    def counts(self) -> list[int]:
        """Number of shots of each file."""
        return [images.count for images in self.files]

    @cached_property
    def masked(self) -> bool:
        """Whether each shot has a mask of its own."""
        return self.conversion.rule.masks or any(images.own_masks for images in self.files)

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`."""
        return any(images.risky for images in self.files)

    @property
    def shot_bytes(self) -> int:
        """See `ShotReader.shot_bytes`."""
        return int(np.prod(self.conversion.detector_shape)) * 2

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        start = 0
        for number, inside in rows_by_part(rows, self.counts):
            images = self.files[number]
            for some in _runs(images, images.frames[inside]):
                yield rows[start : start + len(some)]
                start += len(some)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        for number, inside in rows_by_part(rows, self.counts):
            images = self.files[number]
            yield from self._blocks_of(images, images.frames[inside])

    def _blocks_of(self, images: StackImages, frames: NDArray[np.int64]) -> Iterator[Block]:
        with _Frames(images) as reader:
            for some in _runs(images, frames):
                yield self.conversion.block(images.path, _named(reader, some), len(some), masked=self.masked)


def _named(reader: "_Frames", frames: NDArray[np.int64]) -> Iterator[RawImage]:
    """Images one by one; each is valid until the next one is asked for, since the memory is used again."""
    images = reader.images
    for some in reader.steps(frames):
        values, good = reader.read(some)
        for row, name in enumerate(images.places(some)):
            own = images.good if good is None else good[row] if images.good is None else good[row] & images.good
            yield name, values[row], own


def _runs(images: StackImages, frames: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Frames that are read together: of one part and block, or some parts of one image each."""
    numbers = images.part_of(frames)
    stacked = np.array([part.stacked for part in images.parts])[numbers]
    blocks = np.array([part.block for part in images.parts])[numbers]
    local = frames - images.bounds[numbers]
    # Parts of one image each run on as if they were one stack.
    part = np.where(stacked, numbers, -1)
    block = np.where(stacked, local, frames) // blocks
    far = np.diff(frames) > _SKIPPED * np.maximum(1, blocks[1:] // 8)
    cuts = np.flatnonzero((np.diff(part) != 0) | (np.diff(block) != 0) | (far & stacked[1:])) + 1
    yield from np.split(frames, cuts)


class _Frames:
    """The open file of some images, and that of their masks."""

    def __init__(self, images: StackImages) -> None:
        self.images = images
        self._open = open_hdf5(images.path)
        other = images.masks is not None and images.masks.path != images.path
        self._open_masks = open_hdf5(images.masks.path) if images.masks and other else None

    def __enter__(self) -> "_Frames":
        self._file = self._open.__enter__()
        self._mask_file = self._open_masks.__enter__() if self._open_masks else self._file
        self._key, self._data = "", None
        self._buffer = np.empty(0)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._open_masks:
            self._open_masks.__exit__(*error)
        self._open.__exit__(*error)

    def steps(self, frames: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Frames that are read in one go: whole chunks, of about what the cache of a core holds.

        Args:
            frames: that one block is made of.
        """
        images, framing = self.images, self.images.framing
        number = int(images.part_of(frames[:1])[0])
        part, data = images.parts[number], self._resolved(images.parts[number].key)
        if framing.last or data.is_virtual:
            return [frames]  # chunks lie across, or are not known
        size = int(np.prod(framing.kept)) * data.dtype.itemsize
        step = max(1, int(_STEP // size))
        if not part.stacked:
            return np.split(frames, range(step, len(frames), step))
        if data.chunks:
            step = -(-step // data.chunks[0]) * data.chunks[0]
        return np.split(frames, np.flatnonzero(np.diff((frames - images.bounds[number]) // step)) + 1)

    def read(self, frames: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Images of some frames of one part, or of parts of one image each, and their good pixels; None for all.

        Args:
            frames: numbers over all parts, rising, shape (n,).
        """
        images = self.images
        numbers = images.part_of(frames)
        read = [self._part(int(number), frames[numbers == number]) for number in dict.fromkeys(numbers.tolist())]
        values = read[0][0] if len(read) == 1 else np.concatenate([one for one, _ in read])
        good = None
        if any(held is not None for _, held in read):
            good = np.concatenate([np.ones(one.shape, bool) if held is None else held for one, held in read])
        if images.masks is not None:
            first, stop = int(frames[0]), int(frames[-1]) + 1
            data, _ = resolve(images.masks.path, self._mask_file, images.masks.key)
            flags = images.masks.good(data, first, stop)[frames - first]
            good = flags if good is None else good & flags
        return values, good

    def _part(self, number: int, frames: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        images, part = self.images, self.images.parts[number]
        local = frames - images.bounds[number]
        first, stop = int(local[0]), int(local[-1]) + 1
        data = self._resolved(part.key)
        with readable(images.path, f"/{part.key}" + (f" entries {first} to {stop - 1}" if part.stacked else "")):
            raw = images.framing.read(data, first, stop, self._memory(stop - first, data.dtype))
        values = raw if len(raw) == len(local) else raw[local - first]
        held = None
        if part.coverage is not None:
            axis = -1 if images.framing.last and part.stacked else 0
            held = part.coverage.part(axis, first, stop)
        good = None
        if held is not None:
            inside = images.framing.pick(np.moveaxis(held, axis, 0))[local - first]
            good = images.framing.images(inside)
        return images.framing.images(values), good

    def _memory(self, count: int, dtype: np.dtype[Any]) -> NDArray[Any] | None:
        """Memory for some frames of a stack, the same each time as far as it fits."""
        if len(self.images.parts) > 1:
            return None  # frames of several parts are held together
        if len(self._buffer) < count or self._buffer.dtype != dtype:
            self._buffer = np.empty((count, *self.images.framing.raw), dtype)
        return self._buffer

    def _resolved(self, key: str) -> h5py.Dataset:
        if key != self._key:
            self._data, _ = resolve(self.images.path, self._file, key)
            self._key = key
        return self._data
