"""Detector files of Dragonfly, text or HDF5: where each pixel is in the image, and which are bad."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.errors import DataError

_BAD = 2
"""Value of the mask for bad pixels; 1 is a good one that is not used to find orientations."""

_MOST_GAPS = 16
"""Places of an image for each pixel of a detector, beyond which its coordinates make no sense."""


@dataclass(frozen=True)
class Detector:
    """Where P pixels are in an image.

    Attributes:
        places: index in the flattened image, shape (P,).
        shape: (H, W) of the image; rows are Dragonfly's x, columns its y.
        good: places that hold at least one pixel and no bad one, bool, shape (H, W).
    """

    places: NDArray[np.int64]
    shape: tuple[int, int]
    good: NDArray[np.bool_]

    @classmethod
    def grid(cls, shape: tuple[int, int]) -> Self:
        """Pixels row by row, all of them good.

        Args:
            shape: (H, W) of the image.
        """
        return cls(np.arange(shape[0] * shape[1], dtype=np.int64), shape, np.ones(shape, bool))

    def image(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """An image out of the counts of all pixels, shape (P,); those in one place are added, as Dragonfly does."""
        image = np.zeros(self.shape[0] * self.shape[1], np.int64)
        np.add.at(image, self.places, counts)
        return image.reshape(self.shape)


def read_detector(path: Path) -> Detector:
    """Read a detector file.

    Raises:
        DataError: the file is missing or damaged, or its coordinates make no image.

    Source: `detector.py` of Dragonfly (Ayyer et al., J. Appl. Cryst. 49, 1320 (2016)): with the distance d in pixels
    and the radius R of the Ewald sphere in voxels, x = qx d / (R + qz), counted from the smallest.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file", "give the detector file with --geometry FILE")
    q, mask, distance, radius = _hdf5(path) if h5py.is_hdf5(path) else _text(path)
    numbers = np.isfinite(q).all() and 0 < distance < np.inf and 0 < radius < np.inf
    depth = radius - np.abs(q[2]) if numbers else np.zeros(1)
    if not numbers or not len(mask) or (depth <= 0).any() or not np.isin(mask, (0, 1, _BAD)).all():
        raise DataError(f"{path}: its coordinates, distances or mask are impossible", "give a Dragonfly detector file")
    # In the file qz is negative everywhere or, in older ones, positive: the pixels are the same.
    depth = radius - q[2] if q[2].mean() > 0 else radius + q[2]
    with np.errstate(over="ignore", invalid="ignore"):
        x, y = (np.rint(one - one.min()) for one in (q[0] * distance / depth, q[1] * distance / depth))
    height, width = float(x.max()) + 1, float(y.max()) + 1
    if not height * width <= _MOST_GAPS * len(mask):  # so for coordinates that are no numbers as well
        raise DataError(f"{path}: {len(mask)} pixels on {height:.0f} x {width:.0f} px", "give the right detector file")
    shape = int(height), int(width)
    places = x.astype(np.int64) * shape[1] + y.astype(np.int64)
    if len(np.unique(places)) < len(places):
        raise DataError(
            f"{path}: its {len(mask)} pixels are in {len(np.unique(places))} places only, so that its distance or "
            f"coordinates are wrong",
            "give the detector file that was made with these frames",
        )
    pixels, bad = (np.bincount(places, weights=each, minlength=shape[0] * shape[1]) for each in (None, mask == _BAD))
    return Detector(places, shape, ((pixels > 0) & (bad == 0)).reshape(shape))


Content = tuple[NDArray[np.float64], NDArray[Any], float, float]
"""qx, qy, qz (3, P), mask (P,), distance and radius."""


def _hdf5(path: Path) -> Content:
    with open_hdf5(path) as file:
        q = [np.asarray(resolve(path, file, key)[0][()], np.float64).reshape(-1) for key in ("qx", "qy", "qz")]
        mask = np.asarray(resolve(path, file, "mask")[0][()]).reshape(-1)
        distance, radius = (
            np.asarray(resolve(path, file, key)[0][()], np.float64).reshape(-1) for key in ("detd", "ewald_rad")
        )
    if len({len(one) for one in (*q, mask)}) > 1 or len(distance) != 1 or len(radius) != 1:
        raise DataError(f"{path}: its columns have different lengths", "give a Dragonfly detector file")
    return np.stack(q), mask, float(distance[0]), float(radius[0])


def _text(path: Path) -> Content:
    """First line: number of pixels, distance, radius; then qx, qy, qz, correction and mask of each pixel."""
    try:
        with path.open(encoding="ascii") as file:
            head = [float(word) for word in file.readline().split()]
            if len(head) != 3:
                raise ValueError("its first line does not hold number of pixels, distance and radius")
            table = np.loadtxt(file, ndmin=2)
        if table.shape != (int(head[0]), 5):
            raise ValueError(f"it has {table.shape[0]} lines of {table.shape[1]} columns, {head[0]:.0f} of 5 expected")
    except (OSError, ValueError, OverflowError, MemoryError) as error:
        why = str(error).split("\n")[0]
        raise DataError(
            f"{path}: not a detector file of Dragonfly ({why})", "give the right one with --geometry"
        ) from (error)
    return table[:, :3].T, table[:, 4], head[1], head[2]
