"""Reading the images of stacks, block by block, in memory that does not grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.conversion import Conversion
from airybench.data.reading.shot_source import Block, ShotReader, rows_by_part
from airybench.data.reading.stack_frames import StackFrames
from airybench.data.reading.stack_images import StackImages

_SKIPPED = 8
"""Frames that are left out are read past up to this many chunks; beyond that, they are skipped."""


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
        with StackFrames(images) as reader:
            for some in _runs(images, frames):
                yield self.conversion.block(images.path, reader.read(some), len(some), masked=self.masked)


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
