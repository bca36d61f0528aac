"""Entries of a deposit in the layout of CXIDB id 94: their names, identifiers, energies and shapes."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from airybench.data.hdf5.links import resolve
from airybench.data.reading.cxi_keys import ENERGY, IDS, IMAGE
from airybench.data.reading.photon_energy import JOULE_PER_EV, plausible
from airybench.data.store.columns import read_column
from airybench.data.store.ids import ShotIds, as_ids
from airybench.errors import DataError

ENTRY = re.compile(r"entry_(\d+)")


def dataset(path: Path, file: h5py.File, key: str) -> tuple[h5py.Dataset, set[str]]:
    """A data set whose bytes are there, and the names of the other files that they come from.

    Raises:
        DataError: it is missing, a dead link, a group, or a view of files that are not there.
    """
    return resolve(path, file, key, layout="as in CXIDB deposit 94", remedy="get a whole copy of the deposit")


def scalar(path: Path, file: h5py.File, key: str) -> Any:
    """The one number that a data set holds.

    Raises:
        DataError: it is missing, or holds anything else.
    """
    values = np.asarray(dataset(path, file, key)[0][()])
    if values.size != 1 or values.dtype.kind not in "iuf":
        raise DataError(f"{path}: /{key} is {values.dtype} {values.shape}, one number is expected")
    return values.reshape(-1)[0]


def entries_of(path: Path, file: h5py.File) -> tuple[str, ...]:
    """Names of the entries, in numerical order."""
    entries = sorted((key for key in file if ENTRY.fullmatch(key)), key=lambda key: int(key[6:]))
    if not entries:
        raise DataError(f"{path}: no groups /entry_1, /entry_2, ...", "give a file in the layout of CXIDB deposit 94")
    for key in file:
        if key not in entries and isinstance(file.get(key), h5py.Group) and f"{key}/instrument_1" in file:
            raise DataError(f"{path}: /{key} holds a shot, but is not called /entry_<number>", "rename it or drop it")
    return tuple(entries)


def ids_of(path: Path, file: h5py.File, entries: Sequence[str]) -> ShotIds:
    """Identifiers of all entries, whole numbers or text."""
    ids = [_id(path, file, entry) for entry in entries]
    for entry, shot in zip(entries, ids, strict=True):
        if type(shot) is not type(ids[0]):
            raise DataError(
                f"{path}: {entry} has the id {shot!r}, {entries[0]} has {ids[0]!r}; all numbers or all text is expected"
            )
    return as_ids(ids)


def _id(path: Path, file: h5py.File, entry: str) -> int | str:
    """Identifier of an entry, a whole number or text."""
    key = f"{entry}/{next((key for key in IDS if key in file[entry]), IDS[0])}"
    data = dataset(path, file, key)[0]
    if h5py.check_string_dtype(data.dtype) and data.size == 1:
        return str(read_column(data).reshape(-1)[0])
    value = scalar(path, file, key)
    if value.dtype.kind == "f" or value > np.iinfo(np.int64).max:
        raise DataError(f"{path}: /{key} is {value} ({value.dtype}), a 64-bit integer is expected")
    return int(value)


def energy_of(path: Path, file: h5py.File, entry: str) -> float:
    """Photon energy of an entry in eV, from joule."""
    joule = float(scalar(path, file, f"{entry}/{ENERGY}"))
    if not plausible(joule / JOULE_PER_EV):
        hint = " (it looks like eV)" if plausible(joule) else ""
        raise DataError(
            f"{path}: /{entry}/{ENERGY} is {joule:.6g}{hint}, a photon energy in joule is expected", "convert it"
        )
    return joule / JOULE_PER_EV


def common_shape(path: Path, entries: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """The (H, W) that all images have, pixels."""
    for entry, shape in zip(entries, shapes, strict=True):
        if len(shape) != 2 or 0 in shape:
            raise DataError(f"{path}: /{entry}/{IMAGE} has shape {shape}, one image (H, W) is expected")
        if shape != shapes[0]:
            raise DataError(
                f"{path}: /{entry}/{IMAGE} has shape {shape}, {entries[0]} has {shapes[0]}", "import them separately"
            )
    height, width = shapes[0]
    return height, width
