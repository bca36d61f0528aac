"""Where the images of a stack file are."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.tree import may_crash
from airybench.data.reading.frames import Framing
from airybench.data.reading.parts import Part
from airybench.data.reading.stack_mask import Masks


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
