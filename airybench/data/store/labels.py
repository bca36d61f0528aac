"""What label vectors must obey, and labels from a CSV file."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError
from airybench.physics.populations import HELIUM_CLASSES

BETWEEN = ";"
"""Between the names of several classes in the `label` column of a CSV file."""


def check_helium(labels: NDArray[np.uint8], where: Callable[[int], str]) -> None:
    """Hold label vectors to what is true of all published label sets.

    Args:
        labels: 0 or 1, shape (N, 11), in the order of the helium classes.
        where: handed a row, says what to call it.

    Raises:
        DataError: naming the first row that breaks a rule.
    """
    has = {name: labels[:, column].astype(bool) for column, name in enumerate(HELIUM_CLASSES)}
    spheroid = has["Spherical/Oblate"]
    rules = (
        ("no label at all", labels.sum(axis=1) == 0),
        ("Empty beside another label", has["Empty"] & (labels.sum(axis=1) > 1)),
        ("both Round and Elliptical", has["Round"] & has["Elliptical"]),
        ("both Spherical/Oblate and Prolate", spheroid & has["Prolate"]),
        ("Round without Spherical/Oblate", has["Round"] & ~spheroid),
        ("Elliptical without Spherical/Oblate", has["Elliptical"] & ~spheroid),
    )
    for what, broken in rules:
        if broken.any():
            raise DataError(
                f"{where(int(np.flatnonzero(broken)[0]))} says {what}, which the helium labels exclude "
                f"({int(broken.sum())} such entries); correct them, or give other --class-names if these are other "
                f"labels"
            )


def read_csv(
    path: Path, class_names: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.uint8], tuple[str, ...]]:
    """Ids and labels from a CSV file with a heading.

    Columns: `id`, and either one column a class holding 0 and 1, or `label` holding the name of the class (several
    joined by `;`, none for no label).

    Args:
        path: the file, UTF-8.
        class_names: the classes and their order; the columns', or the names found, sorted, when left out.

    Returns:
        Ids (n,), labels (n, C) and the names of the columns.

    Raises:
        DataError: naming the line that cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            head = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = head
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give the CSV file of the labels") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV text file ({error}); save it as CSV in UTF-8") from error
    if "id" not in head or len(set(head)) != len(head) or len(head) < 2:
        raise DataError(
            f"{path}: columns are {', '.join(head) or 'none'}; a column id is needed, and one column a class or one "
            f"column label"
        )
    if not rows:
        raise DataError(f"{path}: no line below the heading; give one line a shot")
    ids = np.array([_whole(path, line, "id", row["id"]) for line, row in rows], np.int64)
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        twice = values[counts > 1][0]
        at = [rows[i][0] for i in np.flatnonzero(ids == twice)[:2]]
        raise DataError(f"{path}: id {twice} stands in line {at[0]} and in line {at[1]}; keep one line a shot")
    if "label" in head:
        return ids, *_named(path, rows, class_names)
    names = tuple(class_names or (name for name in head if name != "id"))
    absent = [name for name in names if name not in head]
    if absent:
        raise DataError(f"{path}: no column {absent[0]!r}; columns are {', '.join(head)}")
    labels = np.empty((len(rows), len(names)), np.uint8)
    for index, (line, row) in enumerate(rows):
        for column, name in enumerate(names):
            if (row[name] or "").strip() not in ("0", "1"):
                raise DataError(f"{path}: line {line}, column {name}: found {row[name]!r}, expected 0 or 1")
            labels[index, column] = int(row[name])
    return ids, labels, names


def one_hot(labels: NDArray[np.uint8]) -> bool:
    """Whether every shot has exactly one label."""
    return bool(labels.size) and bool((labels.sum(axis=1) == 1).all())


def _named(
    path: Path, rows: list[tuple[int, dict[str, str]]], class_names: Sequence[str] | None
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    words = [[word.strip() for word in (row["label"] or "").split(BETWEEN) if word.strip()] for _, row in rows]
    names = tuple(class_names or sorted({word for some in words for word in some}))
    labels = np.zeros((len(rows), len(names)), np.uint8)
    for index, some in enumerate(words):
        for word in some:
            if word not in names:
                raise DataError(
                    f"{path}: line {rows[index][0]}: label {word!r} is none of {', '.join(names)}; correct it or name "
                    f"it with --class-names"
                )
            labels[index, names.index(word)] = 1
    return labels, names


def _whole(path: Path, line: int, column: str, text: str | None) -> int:
    try:
        value = int(text or "")
        np.int64(value)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path}: line {line}, column {column}: found {text!r}, expected a 64-bit integer") from error
    return value
