"""Sparse frames of Dragonfly: the places of single photons, and of pixels with several."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.dragonfly_detector import Detector
from airybench.data.formats.dragonfly_size import HEADER, PARTS, binary_size
from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import may_crash
from airybench.data.reading.conversion import RawImage
from airybench.data.reading.frame_source import Frames
from airybench.errors import DataError

Sparse = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Places with one photon, places with several, and how many these are."""


@dataclass(frozen=True)
class SparseFrames(Frames):
    """Frames of one file.

    Attributes:
        path: the file.
        count: number of frames.
        pixels: number of pixels of a frame.
        detector: where the pixels are.
    """

    path: Path
    count: int
    pixels: int
    detector: Detector = field(repr=False)

    @abstractmethod
    def sparse(self, rows: NDArray[np.int64]) -> Iterator[Sparse]:
        """The places of the photons of some frames."""

    def images(self, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        """See `Frames.images`."""
        for row, (ones, multi, counts) in zip(rows, self.sparse(rows), strict=True):
            places = np.concatenate([ones, multi])
            if len(multi) != len(counts) or (places < 0).any() or (places >= self.pixels).any() or (counts < 0).any():
                raise DataError(
                    f"{self.path}: frame {row} has photons outside of its {self.pixels} pixels", "get a whole copy"
                )
            flat = np.zeros(self.pixels, np.int64)
            np.add.at(flat, places, np.concatenate([np.ones(len(ones), np.int64), counts]))
            yield f"frame {row}", self.detector.image(flat), self.detector.good


@dataclass(frozen=True)
class BinaryFrames(SparseFrames):
    """Frames of a binary file.

    Attributes:
        ones: number of single photons before each frame, shape (N + 1,).
        multi: number of pixels with several photons before each frame, shape (N + 1,).
    """

    ones: NDArray[np.int64] = field(repr=False)
    multi: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, path: Path, detector: Detector) -> "BinaryFrames":
        """Read the numbers of photons, and check every length against the size of the file.

        Raises:
            DataError: the file is damaged, or of another kind.
        """
        count, pixels = binary_size(path)
        numbers = np.fromfile(path, "<i4", 2 * count, offset=HEADER).astype(np.int64)
        ones, multi = numbers[:count], numbers[count:]
        due, size = HEADER + 4 * (2 * count + ones.sum() + 2 * multi.sum()), path.stat().st_size
        if (numbers < 0).any() or due != size:
            raise DataError(f"{path}: {size} bytes, its {count} frames need {due}", "get a whole copy")
        return cls(path, count, pixels, detector, *(np.concatenate([[0], np.cumsum(one)]) for one in (ones, multi)))

    def sparse(self, rows: NDArray[np.int64]) -> Iterator[Sparse]:
        """See `SparseFrames.sparse`."""
        content = np.memmap(self.path, "<i4", "r", offset=HEADER)[2 * self.count :]
        singles, several = int(self.ones[-1]), int(self.multi[-1])
        for row in rows:
            first, stop = self.multi[row : row + 2] + singles
            yield (
                content[self.ones[row] : self.ones[row + 1]],
                content[first:stop],
                content[first + several : stop + several],
            )


@dataclass(frozen=True)
class HDF5Frames(SparseFrames):
    """Frames of the HDF5 form, whose data sets have rows of any length."""

    @property
    def risky(self) -> bool:
        """See `Frames.risky`."""
        return may_crash(self.path, PARTS)

    def sparse(self, rows: NDArray[np.int64]) -> Iterator[Sparse]:
        """See `SparseFrames.sparse`."""
        with open_hdf5(self.path) as file:
            data = [resolve(self.path, file, key)[0] for key in PARTS]
            for row in rows:
                ones, multi, counts = (np.asarray(one[int(row)], np.int64).reshape(-1) for one in data)
                yield ones, multi, counts
