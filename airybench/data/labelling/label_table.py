"""Labels of a source from a file beside it: which lines mean which shots, and what they say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.labelling.class_characters import characters_of, rows_meant
from airybench.data.labelling.columns import TableColumns, columns_of
from airybench.data.labelling.dialect import Table, read_table
from airybench.data.labelling.headings import FLAG_NAMES, plain
from airybench.data.labelling.id_columns import FoundIds, find_ids
from airybench.data.labelling.matching import others
from airybench.data.labelling.text_file import TextFile, read_text
from airybench.data.labelling.wide_labels import wide_labels
from airybench.data.reading.contradictions import refuse_without_labels
from airybench.data.reading.label_words import WordLabels, labels_from_text, with_labels
from airybench.data.reading.options import LabelOptions
from airybench.data.reading.shot_source import LeftOut, ShotSource
from airybench.errors import ConfigError, DataError
from airybench.reporter import SILENT, Reporter


def labelled(source: ShotSource, options: LabelOptions, reporter: Reporter = SILENT) -> ShotSource:
    """A source with the labels of a file, where one is given.

    Args:
        source: with unique ids.
        options: the file, class names, and what is done about shots without a line and about unsure labels.
        reporter: receives notices: how the file was read, and the classes with their counts.

    Raises:
        ConfigError: shots are to be left out by a file that is not given, or an option is impossible.
        DataError: the file cannot be read, does not fit the ids of the source, or may mean several things.
    """
    if options.csv is None:
        if options.labelled_only:
            raise ConfigError("--labelled-only goes with --labels-csv FILE")
        if not source.class_names:
            refuse_without_labels(options, source.path)
        return source
    text = read_text(options.csv)
    characters = characters_of(text)
    if characters is not None:
        return _by_character(source, options, text, characters, reporter)
    table = read_table(text)
    columns = columns_of(table, options.class_names)
    found = find_ids(table, columns.ids, source)
    labels = _labels(table, columns, options)
    remarks = [
        f"{table.path.name}: {table.words()}, {len(table.rows)} rows, {found.words(table)}",
        *_unused(table, columns, found),
    ]
    rows, labels = _once(table, found, labels, remarks)
    rows, labels = _known(table, found, rows, labels, source, options, remarks)
    column = "" if columns.label is None or not table.heading else f": column {table.names()[columns.label]}"
    return _joined(source, rows, labels, options, reporter, remarks, f"{table.path.name}{column}")


def _by_character(
    source: ShotSource, options: LabelOptions, text: TextFile, characters: Sequence[str], reporter: Reporter
) -> ShotSource:
    """A source with the labels of a list of one character for each row; those without one have no line."""
    lines = [number for number, word in enumerate(characters, 1) if word]
    rows = rows_meant(text.path, lines, len(characters), source)
    kept = np.flatnonzero(rows >= 0)
    cells = [characters[lines[place] - 1] for place in kept]
    labels = labels_from_text(cells, options, str(text.path), lambda row: f"line {lines[kept[row]]}")
    remark = f"{text.path.name}: {text.encoding}, one character for each of {len(characters)} shots in their order"
    return _joined(source, rows[kept], labels, options, reporter, [remark])


def _labels(table: Table, columns: TableColumns, options: LabelOptions) -> WordLabels:
    """What the lines say."""
    if columns.label is None:
        return wide_labels(table, columns.classes, options)
    where = f"{table.path}: column {table.names()[columns.label]}" if table.heading else str(table.path)
    cells = table.column(columns.label)
    return labels_from_text(cells, options, where, lambda row: f"line {table.lines[row]}")


def _unused(table: Table, columns: TableColumns, found: FoundIds) -> list[str]:
    """What to say of columns that are of no use."""
    names = [table.names()[index] or "without a name" for index in columns.ignored(found.columns, table.width)]
    said = [f"{table.path.name}: columns that are not used: {', '.join(names)}"] if names else []
    flags = [name for name in names if plain(name) in FLAG_NAMES]
    if flags and columns.classes:
        classes = ",".join([*flags, *(table.names()[index] for index in columns.classes)])
        said.append(f"{table.path.name}: {flags[0]} is no class, since it may say which shots are of use; to make it "
                    f"one add --class-names {classes}")  # fmt: skip
    return said


def _once(
    table: Table, found: FoundIds, labels: WordLabels, remarks: list[str]
) -> tuple[NDArray[np.int64], WordLabels]:
    """Rows and labels with one line for each shot; lines that say the same again fall away."""
    rows = found.match.rows
    order = np.argsort(rows, kind="stable")
    again = np.flatnonzero((np.diff(rows[order]) == 0) & (rows[order][1:] >= 0))
    for place in again:
        first, second = order[place], order[place + 1]
        if (labels.values[first] != labels.values[second]).any() or labels.unsure[first] != labels.unsure[second]:
            raise DataError(
                f"{table.path}: id {found.texts[second]} is in line {table.lines[first]} and in line "
                f"{table.lines[second]} with other labels",
                "keep one line for each shot; several names are joined by ;",
            )
    if not len(again):
        return rows, labels
    kept = np.delete(np.arange(len(rows)), order[again + 1])
    remarks.append(f"{table.path.name}: {len(again)} lines say again what others say")
    return rows[kept], _some(labels, kept)


def _known(
    table: Table,
    found: FoundIds,
    rows: NDArray[np.int64],
    labels: WordLabels,
    source: ShotSource,
    options: LabelOptions,
    remarks: list[str],
) -> tuple[NDArray[np.int64], WordLabels]:
    """Rows and labels of the lines that mean a shot; the others are refused, or said."""
    absent = np.flatnonzero(found.match.rows < 0)
    if not len(absent):
        return rows, labels
    strange = found.texts[absent[0]] or "(blank)"
    message = f"{table.path}: id {strange} is in no source ({len(absent)} such lines)"
    if not found.match.found or not options.labelled_only:
        remedy = "drop them, or take the shots that both have with --labelled-only"
        if not found.match.found:
            remedy = "give the --ids that the file means"
        if table.heading is None:
            remedy += ", or a first line that names the columns, such as id,label"
        raise DataError(f"{message}; ids of the source are such as {source.ids[0]}", remedy)
    remarks.append(f"{table.path.name}: {len(absent)} lines mean no shot of the source, such as id {strange}")
    kept = np.flatnonzero(rows >= 0)
    return rows[kept], _some(labels, kept)


def _joined(
    source: ShotSource,
    rows: NDArray[np.int64],
    labels: WordLabels,
    options: LabelOptions,
    reporter: Reporter,
    remarks: Sequence[str],
    where: str = "",
) -> ShotSource:
    """The source with labels, without the shots that have no line where these are left out."""
    path = Path(str(options.csv))
    absent = others(rows, source.count)
    if len(absent) and not options.labelled_only:
        raise DataError(
            f"{path}: {len(absent)} of {source.count} shots have no line, such as id {source.ids[absent[0]]}",
            "add them, or import only the labelled ones with --labelled-only",
        )
    order = np.argsort(rows)
    if len(absent):
        missing = LeftOut(f"without a line in {path.name}", tuple(str(one) for one in source.ids[absent]))
        source = replace(source.select(rows[order]), left_out=(*source.left_out, missing))
    return with_labels(source, _some(labels, order), where or path.name, reporter, remarks)


def _some(labels: WordLabels, rows: NDArray[np.int64]) -> WordLabels:
    """The labels of some rows."""
    return WordLabels(labels.class_names, labels.values[rows], labels.unsure[rows], labels.notices)
