"""The layout of CXIDB deposit 94, and everything in such a file that is not an image."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.hdf5_links import resolve
from airybench.data.store.labels import check_helium
from airybench.data.store.store import opened
from airybench.errors import DataError
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES

JOULE_PER_EV = 1.602176634e-19
IMAGE = "instrument_1/detector_1/data"
LABELS = "note_1/data"
ENERGY = "instrument_1/source_1/energy"
IDS = ("experimental_identifier", "experiment_identifier")
"""Both spellings occur."""

_ENTRY = re.compile(r"entry_(\d+)")
_ENERGIES = (1.0, 1e6)


@dataclass(frozen=True)
class Deposit:
    """What the entries of a deposit say beside their images.

    Attributes:
        path: the file.
        entries: group names in numerical order, N of them.
        name: `helium` or `cxidb` by the number of labels, else the file's stem.
        class_names: names of the label columns, C of them; empty when no entry has labels.
        label_kind: `multilabel` or `multiclass`.
        ids: int64, shape (N,).
        labels: uint8, shape (N, C).
        photon_energy: eV, float32, shape (N,).
        image_shape: (H, W) of every image in the file, pixels.
        files: names of the files that its bytes come from.
    """

    path: Path
    entries: tuple[str, ...]
    name: str
    class_names: tuple[str, ...]
    label_kind: str
    ids: NDArray[np.int64]
    labels: NDArray[np.uint8]
    photon_energy: NDArray[np.float32]
    image_shape: tuple[int, int]
    files: tuple[str, ...] = ()


def is_deposit(path: str | Path) -> bool:
    """Whether a file is HDF5 with at least one `entry_<number>` that holds a detector."""
    path = Path(path)
    if not path.is_file() or not h5py.is_hdf5(path):
        return False
    with opened(path) as file:
        return any(_ENTRY.fullmatch(key) and f"{key}/instrument_1/detector_1" in file for key in file)


def scan(path: str | Path, class_names: Sequence[str] | None = None, *, labels: bool = True) -> Deposit:
    """Read and check everything but the images, so that a bad deposit is refused before the long part.

    Args:
        path: the deposit.
        class_names: of its labels; by their number where left out.
        labels: leave the labels alone when False.

    Raises:
        DataError: an entry lacks a key, labels break the rules, ids repeat, an energy is none.
    """
    path = Path(path)
    with opened(path) as file:
        kind = None
        if class_names is None and "class_names" in file.attrs:  # as `airybench data export` writes them
            class_names = [str(name) for name in file.attrs["class_names"]] or None
            kind = str(file.attrs.get("label_kind", ""))
        entries = sorted((key for key in file if _ENTRY.fullmatch(key)), key=lambda key: int(key[6:]))
        if not entries:
            raise DataError(f"{path}: no groups /entry_1, /entry_2, ...; give a file in the layout of CXIDB deposit 94")
        ids = np.array([_id(path, file, entry) for entry in entries], np.int64)
        energies = np.array([_energy(path, file, entry) for entry in entries], np.float32)
        images = [_found(path, file, entry, IMAGE) for entry in entries]
        shapes = [image.shape for image, _ in images]
        # A deposit without one label is good for prediction; one without some of them is a damaged one.
        labelled = labels and any(f"{entry}/{LABELS}" in file for entry in entries)
        rows = [_labels(path, file, entry) for entry in entries] if labelled else []
        for key in file:
            if key not in entries and isinstance(file.get(key), h5py.Group) and f"{key}/instrument_1" in file:
                raise DataError(f"{path}: /{key} holds a shot, but is not called /entry_<number>; rename it or drop it")
    _same_shape(path, entries, shapes)
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        twice = values[counts > 1][0]
        at = [entries[row] for row in np.flatnonzero(ids == twice)[:2]]
        raise DataError(
            f"{path}: id {twice} stands in {at[0]} and in {at[1]}; each shot needs its own, drop one of them"
        )
    truth, names, name = _names(path, entries, rows, class_names)
    one_hot = bool(len(truth.T)) and bool((truth.sum(axis=1) == 1).all())
    if name == "helium":
        check_helium(truth, lambda row: f"{path}: /{entries[row]}/{LABELS}")
    if name == "cxidb" and not one_hot:
        entry = entries[int(np.flatnonzero(truth.sum(axis=1) != 1)[0])]
        raise DataError(
            f"{path}: /{entry}/{LABELS} does not name exactly one of its 5 classes; correct the label vector"
        )
    return Deposit(
        path=path,
        entries=tuple(entries),
        name=name,
        class_names=names,
        label_kind="multiclass" if one_hot and name != "helium" and kind != "multilabel" else "multilabel",
        ids=ids,
        labels=truth,
        photon_energy=energies,
        image_shape=shapes[0],
        files=(path.name, *sorted(set().union(*(others for _, others in images)))),
    )


def dataset(path: Path, file: h5py.File, entry: str, key: str) -> h5py.Dataset:
    """A data set of an entry whose bytes are there.

    Raises:
        DataError: it is missing, a dead link, a group, or a view of files that are not there.
    """
    return _found(path, file, entry, key)[0]


def _found(path: Path, file: h5py.File, entry: str, key: str) -> tuple[h5py.Dataset, set[str]]:
    where, remedy = "as in CXIDB deposit 94", "get a whole copy of the deposit"
    return resolve(path, file, f"{entry}/{key}", layout=where, remedy=remedy)


def _scalar(path: Path, file: h5py.File, entry: str, key: str) -> Any:
    values = np.asarray(dataset(path, file, entry, key)[()])
    if values.size != 1 or values.dtype.kind not in "iuf":
        raise DataError(f"{path}: /{entry}/{key} is {values.dtype} {values.shape}, one number is expected")
    return values.reshape(-1)[0]


def _id(path: Path, file: h5py.File, entry: str) -> int:
    key = next((key for key in IDS if key in file[entry]), IDS[0])
    value = _scalar(path, file, entry, key)
    if value.dtype.kind == "f" or value > np.iinfo(np.int64).max:
        raise DataError(f"{path}: /{entry}/{key} is {value} ({value.dtype}), a 64-bit integer is expected")
    return int(value)


def _energy(path: Path, file: h5py.File, entry: str) -> float:
    joule = float(_scalar(path, file, entry, ENERGY))
    energy = joule / JOULE_PER_EV
    if not _ENERGIES[0] <= energy <= _ENERGIES[1]:
        hint = " (it looks like eV)" if _ENERGIES[0] <= joule <= _ENERGIES[1] else ""
        raise DataError(
            f"{path}: /{entry}/{ENERGY} is {joule:.6g}{hint}, a photon energy in joule is expected; convert it"
        )
    return energy


def _labels(path: Path, file: h5py.File, entry: str) -> NDArray[Any]:
    values = np.asarray(dataset(path, file, entry, LABELS)[()])
    if values.ndim != 1 or values.dtype.kind not in "biu" or not np.isin(values, (0, 1)).all():
        text = np.array2string(values, threshold=12).replace("\n", "")
        raise DataError(
            f"{path}: /{entry}/{LABELS} is {text} ({values.dtype}), a vector of integers 0 and 1 is expected"
        )
    return values


def _same_shape(path: Path, entries: list[str], shapes: list[tuple[int, ...]]) -> None:
    for entry, shape in zip(entries, shapes, strict=True):
        if len(shape) != 2 or 0 in shape:
            raise DataError(f"{path}: /{entry}/{IMAGE} has shape {shape}, one image (H, W) is expected")
        if shape != shapes[0]:
            raise DataError(
                f"{path}: /{entry}/{IMAGE} has shape {shape}, {entries[0]} has {shapes[0]}; import them apart"
            )


def _names(
    path: Path, entries: list[str], rows: list[NDArray[Any]], given: Sequence[str] | None
) -> tuple[NDArray[np.uint8], tuple[str, ...], str]:
    """Labels, class names and data set name, the latter two by the number of labels."""
    if not rows:
        return np.zeros((len(entries), 0), np.uint8), (), path.stem
    number = len(rows[0])
    for entry, row in zip(entries, rows, strict=True):
        if len(row) != number:
            raise DataError(
                f"{path}: /{entry}/{LABELS} has {len(row)} labels, {entries[0]} has {number}; import them apart"
            )
    known = {len(HELIUM_CLASSES): ("helium", HELIUM_CLASSES), len(CXIDB_CLASSES): ("cxidb", CXIDB_CLASSES)}
    name, names = known.get(number, (path.stem, ()))
    if given is None and not names:
        raise DataError(
            f"{path}: {number} labels an entry; 11 (helium) or 5 (cxidb) are known, name others with "
            f"--class-names A,B,..."
        )
    if given is not None:
        if len(given) != number or len(set(given)) != number:
            raise DataError(f"{path}: {number} labels an entry, {len(given)} class names given; name each label once")
        if name == "helium" and tuple(given) != HELIUM_CLASSES:
            name = path.stem  # eleven labels of another kind: the helium rules do not hold
        names = tuple(given)
    return np.array(rows, np.uint8), names, name
