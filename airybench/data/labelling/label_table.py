"""Labels from a CSV file of ids, for a source that has none of its own."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.options import LabelOptions
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.labels import kind_of_labels, named_once
from airybench.errors import ConfigError, DataError

SEPARATOR = ";"
"""Between the names of several classes in the column `label`."""

Row = tuple[int, dict[str, str]]
"""Line number and cells by column."""


@dataclass(frozen=True)
class LabelTable:
    """The labels that a CSV file gives.

    Attributes:
        ids: unique, int64, shape (n,).
        labels: 0 or 1, uint8, shape (n, C).
        class_names: C names.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.uint8]
    class_names: tuple[str, ...]


def labelled(source: ShotSource, options: LabelOptions) -> ShotSource:
    """A source with the labels of a CSV file, where one is given.

    Args:
        source: unlabelled, with unique ids.
        options: the CSV file, class names, and whether shots without a line are left out.

    Raises:
        ConfigError: shots are to be left out by a CSV file that is not given.
        DataError: the file cannot be read, or does not fit the ids of the source.
    """
    if options.csv is None:
        if options.labelled_only:
            raise ConfigError("--labelled-only goes with --labels-csv FILE")
        return source
    table = read_csv(options.csv, options.class_names)
    names = named_once(table.labels.shape[1], table.class_names, str(options.csv))
    rows = _rows(source, table, options)
    order = np.argsort(rows)
    labels = table.labels[order]
    if len(rows) < source.count:
        source = source.select(rows[order])
    return replace(source, labels=labels, class_names=names, label_kind=kind_of_labels(labels, names))


def _rows(source: ShotSource, table: LabelTable, options: LabelOptions) -> NDArray[np.int64]:
    """Row of the source for every line of the table."""
    ids = source.ids
    order = np.argsort(ids)
    rows = order[np.minimum(np.searchsorted(ids, table.ids, sorter=order), len(ids) - 1)]
    absent = table.ids[ids[rows] != table.ids]
    if len(absent):
        raise DataError(
            f"{options.csv}: id {absent[0]} is in no source ({len(absent)} such lines)",
            "drop them, or give the --ids that the file means",
        )
    if len(rows) < len(ids) and not options.labelled_only:
        unnamed = np.setdiff1d(ids, table.ids)[0]
        raise DataError(
            f"{options.csv}: {len(ids) - len(rows)} of {len(ids)} shots have no line, such as id {unnamed}",
            "add them, or import only the labelled ones with --labelled-only",
        )
    return rows


def read_csv(path: Path, class_names: Sequence[str] | None = None) -> LabelTable:
    """Ids and labels from a CSV file with a heading.

    Columns: `id`, and either one column for each class holding 0 and 1, or `label` holding the name of the class
    (several joined by `;`, none for no label).

    Args:
        path: the file, UTF-8.
        class_names: the classes and their order; by default the columns', or the names that occur, sorted.

    Raises:
        DataError: naming the line that cannot be read.
    """
    heading, rows = _read(path)
    ids = np.array([_whole(path, line, row["id"]) for line, row in rows], np.int64)
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        repeated = values[counts > 1][0]
        first, second = (rows[row][0] for row in np.flatnonzero(ids == repeated)[:2])
        raise DataError(f"{path}: id {repeated} is in line {first} and in line {second}", "keep one line for each shot")
    if "label" in heading:
        return LabelTable(ids, *_by_name(path, rows, class_names))
    names = tuple(class_names or (name for name in heading if name != "id"))
    absent = [name for name in names if name not in heading]
    if absent:
        raise DataError(f"{path}: no column {absent[0]!r}", f"columns are {', '.join(heading)}")
    return LabelTable(ids, _by_column(path, rows, names), names)


def _read(path: Path) -> tuple[list[str], list[Row]]:
    """The heading, and the lines below it."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            heading = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = heading
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", "give the CSV file of the labels") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV text file ({error})", "save it as CSV in UTF-8") from error
    if "id" not in heading or len(set(heading)) != len(heading) or len(heading) < 2:
        raise DataError(
            f"{path}: columns are {', '.join(heading) or 'none'}",
            "a column id is needed, and one column for each class or one column label",
        )
    if not rows:
        raise DataError(f"{path}: no line below the heading", "give one line for each shot")
    return heading, rows


def _by_column(path: Path, rows: Sequence[Row], names: Sequence[str]) -> NDArray[np.uint8]:
    """Labels from one column for each class."""
    labels = np.empty((len(rows), len(names)), np.uint8)
    for index, (line, row) in enumerate(rows):
        for column, name in enumerate(names):
            if (row[name] or "").strip() not in ("0", "1"):
                raise DataError(f"{path}: line {line}, column {name}: found {row[name]!r}, expected 0 or 1")
            labels[index, column] = int(row[name])
    return labels


def _by_name(
    path: Path, rows: Sequence[Row], class_names: Sequence[str] | None
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Labels and class names from the column that names the classes of each shot."""
    cells = [_words(row["label"]) for _, row in rows]
    names = tuple(class_names or sorted({word for words in cells for word in words}))
    columns = {name: column for column, name in enumerate(names)}
    labels = np.zeros((len(rows), len(names)), np.uint8)
    for index, words in enumerate(cells):
        for word in words:
            if word not in columns:
                raise DataError(
                    f"{path}: line {rows[index][0]}: label {word!r} is none of {', '.join(names)}",
                    "correct it or name it with --class-names",
                )
            labels[index, columns[word]] = 1
    return labels, names


def _words(cell: str | None) -> list[str]:
    """The class names in a cell.

    >>> _words("round; prolate")
    ['round', 'prolate']
    """
    return [word.strip() for word in (cell or "").split(SEPARATOR) if word.strip()]


def _whole(path: Path, line: int, text: str | None) -> int:
    """A 64-bit integer out of the column of ids."""
    try:
        return int(np.int64(int(text or "")))
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path}: line {line}, column id: found {text!r}, expected a 64-bit integer") from error
