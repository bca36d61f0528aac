"""What limits an import: reading the bytes of a file, and decoding its images and nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (registers the filters)
import numpy as np

from airybench.bench.memory import peak_memory

KEY = "images"
AT_ONCE = 32
"""Images in a job: 64 MB of 1024 x 1024 uint16, as in an import."""

_TOGETHER = 2
_BYTES = 16 << 20

Stretch = tuple[str, int, int]
"""File, first image, and the one after the last."""


def forget_cached(path: Path) -> None:
    """Have the system drop what it holds of a file in memory, where it can be told to."""
    if not hasattr(os, "posix_fadvise"):
        return
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_bytes(path: Path) -> int:
    """Read a file from its beginning to its end; the number of its bytes."""
    buffer, total = bytearray(_BYTES), 0
    with path.open("rb", buffering=0) as file:
        while got := file.readinto(buffer):
            total += got
    return total


def stretches(path: Path, count: int) -> list[Stretch]:
    """Jobs for `decode` that cover a file."""
    return [(str(path), first, min(first + AT_ONCE, count)) for first in range(0, count, AT_ONCE)]


def decode(stretch: Stretch) -> Iterator[int]:
    """Read some images, whole chunks into the same memory, and keep none; yields their number."""
    path, first, stop = stretch
    with h5py.File(path, "r", locking="best-effort") as file:
        data = file[KEY]
        into = np.empty((_TOGETHER, *data.shape[1:]), data.dtype)
        for start in range(first, stop, _TOGETHER):
            until = min(start + _TOGETHER, stop)
            data.read_direct(into, np.s_[start:until], np.s_[: until - start])
    yield stop - first


def peak_of(job: object) -> Iterator[float]:
    """The largest memory so far, in MB, of the process that is given this job."""
    yield peak_memory()
