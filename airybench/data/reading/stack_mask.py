"""The mask of a stack: one for all shots or one for each, in the same file or in another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import may_crash
from airybench.data.hdf5.workers import WORKERS
from airybench.data.reading.candidates import fitting_keys
from airybench.data.reading.columns import Columns
from airybench.data.reading.conversion import readable
from airybench.data.reading.coverage import coverage_of
from airybench.data.reading.frames import Framing, mask_framing, one_for_all
from airybench.data.reading.masks import good_pixels, mask_place, settled_convention
from airybench.errors import DataError
from airybench.reporter import Reporter

_SAMPLED = 4
"""Masks of single shots that are looked at before the long part."""


@dataclass(frozen=True)
class Masks:
    """Where masks are, and how they are read.

    Attributes:
        path: their file.
        key: of the data set.
        convention: what their values mean.
        framing: how a mask of modules becomes one of the image.
        each: whether each shot has its own.
    """

    path: Path
    key: str
    convention: str
    framing: Framing
    each: bool

    def good(self, data: h5py.Dataset, first: int, stop: int) -> NDArray[np.bool_]:
        """Good pixels of some shots.

        Args:
            data: of the masks, open.
            first: number of the first shot; of no meaning where one mask holds for all.
            stop: number after the last.

        Returns:
            bool, shape (n, H, W), n = 1 where one mask holds for all.

        Raises:
            DataError: the masks cannot be read.
        """
        with readable(self.path, f"/{self.key}"):
            flags = self.framing.read(data, first, stop)
        good = good_pixels(flags, self.convention)
        held = coverage_of(data)
        if held is not None:
            axis = -1 if self.each and self.framing.last else 0
            inside = held.part(axis, first, stop) if self.each else held.with_shots().part(0, 0, 1)
            if inside is not None:
                good &= self.framing.pick(np.moveaxis(inside, axis, 0))
        return np.asarray(self.framing.images(good))

    def read(self, shot: int | None) -> Iterator[NDArray[Any]]:
        """Open the file, and read the flags of one shot as they are, shape (1, ...), or the good pixels (H, W) of all.

        Args:
            shot: its number; None for all.
        """
        with open_hdf5(self.path) as file:
            data, _ = resolve(self.path, file, self.key)
            if shot is None:
                yield self.good(data, 0, 1)[0]
                return
            with readable(self.path, f"/{self.key}"):
                flags = self.framing.read(data, shot, shot + 1)
            yield flags


def find_masks(columns: Columns, given: str, convention: str, images: Framing) -> Masks:
    """Find the masks of a file.

    Args:
        columns: of the file, with the number of its frames.
        given: key, or `FILE:KEY` for another file.
        convention: what their values mean.
        images: how the images are framed.

    Raises:
        DataError: no such key or file, another dtype, or a shape that fits neither images nor frames.
    """
    path, key = mask_place(given, columns.path, columns.file)
    if path == columns.path:
        data = columns.data(key, "--mask")
        return _checked(columns, path, key, data, (convention, images))
    with open_hdf5(path) as file:
        if key not in file:
            fitting = fitting_keys(path, "--mask")
            raise DataError(f"{path}: /{key} is missing", f"that would fit: {', '.join(fitting) or 'nothing'}")
        data, _ = resolve(path, file, key)
        return _checked(columns, path, key, data, (convention, images))


def _checked(columns: Columns, path: Path, key: str, data: h5py.Dataset, how: tuple[str, Framing]) -> Masks:
    convention, images = how
    where = f"{path}: /{key}"
    shape: tuple[int, ...] = data.shape or ()
    if data.dtype.kind not in "biuf":
        raise DataError(f"{where} is {data.dtype}, numbers are expected", "give another --mask")
    if len(shape) < 2:
        raise DataError(f"{where} has shape {shape}, a mask (H, W) is expected", "give another --mask")
    whole = one_for_all(where, shape, images, columns.frames)
    if whole is not None:
        return Masks(path, key, convention, whole, each=False)
    count, frame = (shape[-1], shape[:-1]) if images.last else (shape[0], shape[1:])
    each = mask_framing(where, frame, images)
    if each is None:
        shapes = " or ".join(str(one) for one in dict.fromkeys((images.shape, images.raw)))
        raise DataError(
            f"{where} is {data.dtype} {shape}, a mask of shape {shapes}, or one for each shot, is expected",
            "give another --mask",
        )
    if count not in (columns.frames, columns.padded):
        raise DataError(f"{where} has {count} masks for {columns.frames} images", "give another --mask")
    return Masks(path, key, convention, each, each=True)


def whole_mask(masks: Masks) -> NDArray[np.bool_]:
    """The one mask of all shots, bool, shape (H, W)."""
    return np.asarray(_read(masks, [None])[0])


def check_convention(masks: Masks, columns: Columns, reporter: Reporter) -> None:
    """Doubt masks aloud that leave less than half of the pixels; where each shot has its own, some of them are read.

    Args:
        masks: as found.
        columns: of the file, with the number of its frames.
        reporter: receives the doubt.

    Raises:
        DataError: the masks hold no flags, leave no pixel, or cannot be read.
    """
    shots = np.unique(np.linspace(0, max(columns.frames - 1, 0), _SAMPLED if masks.each else 1).astype(np.int64))
    flags = np.concatenate(_read(masks, shots.tolist()))
    # The words of the convention are recorded elsewhere, so that it never gives way in silence to another one.
    settled_convention(flags, masks.convention, f"{masks.path}: /{masks.key}", reporter, said=True)


def _read(masks: Masks, jobs: Sequence[int | None]) -> list[NDArray[Any]]:
    """What `Masks.read` yields for each job; read by another process where a damaged chunk could crash this one."""
    if may_crash(masks.path, [masks.key]):
        return list(WORKERS.stream(masks.read, jobs, str(masks.path)))
    return [one for job in jobs for one in masks.read(job)]
