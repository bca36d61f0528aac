"""The labels of a deposit: one vector for each entry, whose length tells the data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.store.labels import check_helium, kind_of_labels, one_hot
from airybench.errors import DataError, LabelError
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES

LABELS = "note_1/data"

_KNOWN = {len(HELIUM_CLASSES): ("helium", HELIUM_CLASSES), len(CXIDB_CLASSES): ("cxidb", CXIDB_CLASSES)}
"""Data set and classes by the number of labels."""


@dataclass(frozen=True)
class DepositLabels:
    """Labels of N entries.

    Attributes:
        values: 0 or 1, uint8, shape (N, C).
        class_names: C names; none when no entry has labels.
        kind: `multilabel` or `multiclass`.
        dataset: `helium` or `cxidb`; empty for other labels.
    """

    values: NDArray[np.uint8]
    class_names: tuple[str, ...] = ()
    kind: str = "multilabel"
    dataset: str = ""


def read_labels(
    path: Path, file: h5py.File, entries: Sequence[str], class_names: Sequence[str] | None
) -> DepositLabels:
    """Read the labels of a deposit and check them against the rules of their data set.

    Args:
        path: the deposit, for messages.
        file: the same, open.
        entries: names of its groups, N of them.
        class_names: C names in order; by default those that the file gives, or those of its data set.

    Raises:
        LabelError: some entries lack labels, or the labels break a rule.
    """
    # A deposit without one label is good for prediction; one without some of them is a damaged one.
    if not any(f"{entry}/{LABELS}" in file for entry in entries):
        return DepositLabels(np.zeros((len(entries), 0), np.uint8))
    kind = None
    if class_names is None:
        class_names, kind = _exported(file)
    try:
        values = _values(path, entries, [_vector(path, file, entry) for entry in entries])
        names, dataset = _names(path, values.shape[1], class_names)
        if dataset == "helium":
            check_helium(values, lambda row: f"{path}: /{entries[row]}/{LABELS}")
        if dataset == "cxidb":
            _check_one_hot(path, entries, values)
    except DataError as error:
        raise LabelError(error.found, error.remedy) from error
    return DepositLabels(
        values, names, "multilabel" if kind == "multilabel" else kind_of_labels(values, names), dataset
    )


def _exported(file: h5py.File) -> tuple[list[str] | None, str | None]:
    """Class names and kind of labels where `airybench data export` wrote the file."""
    if "class_names" not in file.attrs:
        return None, None
    names, kind = file.attrs["class_names"], file.attrs.get("label_kind", "")
    listed = isinstance(names, np.ndarray) and names.ndim == 1 and all(isinstance(name, str) for name in names)
    if not listed or not isinstance(kind, str):
        raise DataError(
            f"{file.filename}: the attributes class_names and label_kind are no list of names and a word",
            "export the deposit again",
        )
    return names.tolist() or None, kind


def _vector(path: Path, file: h5py.File, entry: str) -> NDArray[Any]:
    key = f"{entry}/{LABELS}"
    data, _ = resolve(path, file, key, layout="as in CXIDB deposit 94", remedy="get a whole copy of the deposit")
    values = np.asarray(data[()])
    if values.ndim != 1 or values.dtype.kind not in "biu" or not np.isin(values, (0, 1)).all():
        text = np.array2string(values, threshold=12).replace("\n", "")
        raise DataError(
            f"{path}: /{key} is {text} ({values.dtype}), a vector of integers 0 and 1 is expected",
            "correct the label vector",
        )
    return values


def _values(path: Path, entries: Sequence[str], vectors: list[NDArray[Any]]) -> NDArray[np.uint8]:
    """All vectors as one array, once they are known to be of one length."""
    number = len(vectors[0])
    for entry, vector in zip(entries, vectors, strict=True):
        if len(vector) != number:
            raise DataError(
                f"{path}: /{entry}/{LABELS} has {len(vector)} labels, {entries[0]} has {number}",
                "import them separately",
            )
    return np.array(vectors, np.uint8).reshape(len(entries), number)


def _names(path: Path, number: int, given: Sequence[str] | None) -> tuple[tuple[str, ...], str]:
    """Class names and data set of so many labels."""
    dataset, names = _KNOWN.get(number, ("", ()))
    if given is None:
        if not names:
            raise DataError(
                f"{path}: {number} labels in each entry, 11 (helium) or 5 (cxidb) are known",
                "name others with --class-names A,B,...",
            )
        return names, dataset
    if len(given) != number or len(set(given)) != number:
        raise DataError(
            f"{path}: {number} labels in each entry, {len(given)} class names given", "name each label once"
        )
    # Eleven labels of another kind: the helium rules do not apply.
    return tuple(given), "" if dataset == "helium" and tuple(given) != HELIUM_CLASSES else dataset


def _check_one_hot(path: Path, entries: Sequence[str], values: NDArray[np.uint8]) -> None:
    if not one_hot(values):
        entry = entries[int(np.flatnonzero(values.sum(axis=1) != 1)[0])]
        raise DataError(
            f"{path}: /{entry}/{LABELS} does not name exactly one of its {values.shape[1]} classes",
            "correct the label vector",
        )
