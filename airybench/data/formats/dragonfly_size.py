"""How many frames and pixels a file of Dragonfly has, in both of its forms."""

from pathlib import Path

import numpy as np

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.errors import DataError

HEADER = 1024


PARTS = ("place_ones", "place_multi", "count_multi")


def binary_size(path: Path) -> tuple[int, int]:
    """Number of frames and of pixels of a binary file.

    Raises:
        DataError: its header makes no sense, or its frames are not sparse.
    """
    size = path.stat().st_size
    if size < HEADER:
        raise DataError(f"{path}: {size} bytes, a header of {HEADER} is expected", "get a whole copy")
    count, pixels, dense = (int(value) for value in np.fromfile(path, "<i4", 3))
    if count < 1 or pixels < 1 or HEADER + 8 * count > size:
        raise DataError(f"{path}: its header says {count} frames of {pixels} pixels", "get a whole .emc file")
    if dense:
        raise DataError(f"{path}: frames of kind {dense} in its header are not sparse", "convert them to sparse frames")
    return count, pixels


def hdf5_size(path: Path) -> tuple[int, int]:
    """Number of frames and of pixels of the HDF5 form.

    Raises:
        DataError: a data set is missing, or of another kind.
    """
    with open_hdf5(path) as file:
        pixels = np.asarray(resolve(path, file, "num_pix")[0][()]).reshape(-1)
        data = [resolve(path, file, key)[0] for key in PARTS]
        if len(pixels) != 1 or pixels.dtype.kind not in "iu" or pixels[0] < 1:
            raise DataError(f"{path}: /num_pix does not hold one whole number above 0", "get a whole copy")
        if any(one.ndim != 1 for one in data) or len({len(one) for one in data}) > 1:
            raise DataError(f"{path}: {', '.join(PARTS)} have different lengths", "get a whole copy")
        for one in data:
            base = one.dtype.metadata.get("vlen") if one.dtype.metadata else None
            if base is None or np.dtype(base).kind not in "iu":
                raise DataError(f"{path}: {one.name} does not hold lists of whole numbers", "get a whole copy")
        return len(data[0]), int(pixels[0])
