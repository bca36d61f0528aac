"""Lists of the shots to take: ids, hits of OM, tables with a column of ids, and lists of files and events."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.labelling.answers import answer
from airybench.data.labelling.dialect import Table, read_table
from airybench.data.labelling.headings import plain
from airybench.data.labelling.id_columns import find_ids, id_columns
from airybench.data.labelling.matching import match_ids, others
from airybench.data.labelling.text_file import TextFile, read_text
from airybench.data.reading.shot_source import LeftOut, ShotSource
from airybench.errors import DataError
from airybench.reporter import SILENT, Reporter

_HIT_NAMES = frozenset(("hit", "hits", "ishit", "hitflag", "selected", "good", "keep"))
_FILE_NAMES, _NUMBER_NAMES = frozenset(("filename", "file", "filepath")), frozenset(("index", "frame", "event"))
_EVENT = re.compile(r"(?P<file>\S.*?)\s+(?P<path>\S*?)//(?P<index>\d*)\s*")
_DIGITS = 20
"""More than any number of a shot has; Python refuses to read thousands of them."""

_RANGE = re.compile(r"(\d{1,30})\s*(?:-|\.\.+|\u2013|to)\s*(\d{1,30})")
_PLACE = re.compile(r"(?:(?P<file>.+) )?entry (?P<index>\d+)")


@dataclass(frozen=True)
class Listed:
    """What a list names.

    Attributes:
        rows: of the source, rising, int64, shape (n,).
        how: the list was read, in words.
        strange: what it names and the source does not have.
    """

    rows: NDArray[np.int64]
    how: str
    strange: tuple[str, ...] = ()


def listed(source: ShotSource, path: Path | None, reporter: Reporter = SILENT) -> ShotSource:
    """A source with the shots of a list only, where one is given.

    Args:
        source: of any format.
        path: the list.
        reporter: receives notices: how the list was read, and how many of its ids are in no source.

    Raises:
        DataError: the list cannot be read, or names no shot of the source.
    """
    if path is None:
        return source
    found = read_list(path, source)
    number = len(found.rows) + len(found.strange)
    if not len(found.rows):
        raise DataError(
            f"{path}: none of its {number} ids is in the source, such as {found.strange[0]}; the source has such as "
            f"{source.ids[0]}",
            "give the list of this source, or the --ids that it means",
        )
    reporter.notify(f"{path.name}: {found.how}; {len(found.rows)} of {source.count} shots are taken")
    if found.strange:
        reporter.notify(f"{path.name}: {len(found.strange)} of its ids are in no source, such as {found.strange[0]}")
    absent = others(found.rows, source.count)
    if not len(absent):
        return source
    missing = LeftOut(f"not listed in {path.name}", tuple(str(one) for one in source.ids[absent]))
    return replace(source.select(found.rows), left_out=(*source.left_out, missing))


def read_list(path: Path, source: ShotSource) -> Listed:
    """The rows of a source that a list names.

    Args:
        path: the list.
        source: of any format.

    Raises:
        DataError: the list cannot be read, or does not tell which shots it means.
    """
    text = read_text(path)
    events = _events(text)
    if events:
        return _by_event(events, source)
    table = read_table(text)
    table = _hits(table)
    if table.width == 1 or (table.heading is None and len(table.rows) == 1):
        return _by_text(table, [cell for row in table.rows for cell in row], source)
    names = [plain(name) for name in table.names()]
    if table.heading is None:
        _refuse_flags(table, table.column(1))
        candidates: tuple[tuple[int, ...], ...] = (
            *((index,) for index in range(table.width)),
            tuple(range(table.width)),
        )
    else:
        candidates = id_columns(table)
    file = next((index for index, name in enumerate(names) if name in _FILE_NAMES), None)
    number = next((index for index, name in enumerate(names) if name in _NUMBER_NAMES), None)
    if file is not None and number is not None:
        candidates = tuple(one for one in candidates if one not in ((file,), (number,)))
    found = find_ids(table, candidates, source) if candidates else None
    if file is not None and number is not None and (found is None or not found.match.found):
        return _by_event([(row[file], "", row[number]) for row in table.rows], source)
    if found is None:
        raise DataError(f"{path}: no column of ids", "give one id on each line")
    return _result(found.match.rows, found.texts, f"{table.words()}, {found.words(table)}")


def _hits(table: Table) -> Table:
    """The rows that are hits, where a column says so."""
    column = next((i for i, name in enumerate(table.heading or ()) if plain(name) in _HIT_NAMES), None)
    if column is None:
        return table
    bad = [row for row, cells in enumerate(table.rows) if answer(cells[column]) is None]
    if bad:
        where = f"{table.path}: line {table.lines[bad[0]]}, column {table.names()[column]}"
        raise DataError(f"{where}: found {table.rows[bad[0]][column]!r}, expected 0 or 1", "correct it")
    kept = [row for row, cells in enumerate(table.rows) if answer(cells[column])]
    if not kept:
        raise DataError(f"{table.path}: no line is a hit", "give a list of hits")
    return replace(table, lines=[table.lines[row] for row in kept], rows=[table.rows[row] for row in kept])


def _by_text(table: Table, texts: list[str], source: ShotSource) -> Listed:
    """Shots by ids, or by the files that they are in."""
    _refuse_flags(table, texts)
    _refuse_ranges(table, texts, source)
    match = match_ids(texts, source.ids)
    if not match.found:
        files = _rows_of_files(source)
        rows = [row for text in texts for row in files.get(_file_name(text), [])]
        if rows:
            strange = tuple(text for text in texts if _file_name(text) not in files)
            return Listed(np.unique(np.array(rows, np.int64)), f"{table.words()}, all shots of files", strange)
    by = f", compared by {match.how}" if match.how else ""
    return _result(match.rows, texts, f"{table.words()}, one id on each line{by}")


def _refuse_flags(table: Table, texts: Sequence[str]) -> None:
    """Refuse a column of 0 and 1: it flags shots instead of naming them."""
    flags = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
    if len(texts) > 2 and {flags.get(text) for text in texts} == {0, 1}:
        raise DataError(
            f"{table.path}: holds flags 0 and 1 without a heading, not ids alone",
            "list the ids to take, one on each line, or name the columns, such as id,hit",
        )


def _refuse_ranges(table: Table, texts: Sequence[str], source: ShotSource) -> None:
    """Refuse `8-11` where ids are numbers: of a range, the last number alone would be taken."""
    ranges = [found for text in texts if (found := _RANGE.fullmatch(text)) and int(found[1]) < int(found[2])]
    alike = len(ranges) == len(texts) > 1 and len({found[1] for found in ranges}) == 1  # a run, and the shots in it
    if source.ids.dtype.kind == "i" and ranges and not alike:
        raise DataError(f"{table.path}: {ranges[0][0]} looks like a range of ids", "list each of them on a line")


def _events(text: TextFile) -> list[tuple[str, str, str]]:
    """File, path and number of each event of a list as CrystFEL reads it (`FILE PATH//NUMBER`); none of other lists."""
    lines = [line for line in text.lines if line.strip() and not line.lstrip().startswith("#")]
    found = [_EVENT.fullmatch(line) for line in lines]
    return [(event["file"], event["path"], event["index"]) for event in found if event] if all(found) else []


def _by_event(events: Sequence[tuple[str, str, str]], source: ShotSource) -> Listed:
    """Shots by their file and their number in it, or by the path that names them."""
    places = {source.place(row): row for row in range(source.count)}
    single = source.paths[0].name if len(source.paths) == 1 else None
    known = match_ids([path.strip("/") for _, path, _ in events], source.ids)
    rows = []
    for (file, path, index), by_id in zip(events, known.rows.tolist(), strict=True):
        name = _file_name(file)
        number = index.isdecimal() and len(index) < _DIGITS
        keys = [f"{name} entry {int(index)}"] if number else []
        if name == single:
            keys += [f"entry {int(index)}"] if number and not path else [path.strip("/")]
        row = next((places[key] for key in keys if key in places), -1)
        rows.append(row if row >= 0 or not path else by_id)
    texts = [f"{file} {path}//{index}" for file, path, index in events]
    return _result(np.array(rows, np.int64), texts, "events of files, numbered from 0")


def _rows_of_files(source: ShotSource) -> dict[str, list[int]]:
    """Rows of the shots of each file, by the name of the file."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row in range(source.count):
        place = _PLACE.fullmatch(source.place(row))
        if place and (place["file"] or len(source.paths) == 1):
            rows[place["file"] or source.paths[0].name].append(row)
    return rows


def _file_name(text: str) -> str:
    return text.replace("\\", "/").rpartition("/")[2]


def _result(rows: NDArray[np.int64], texts: Sequence[str], how: str) -> Listed:
    strange = tuple(texts[place] for place in np.flatnonzero(rows < 0).tolist())
    some = rows[rows >= 0]
    present = np.zeros(some.max(initial=-1) + 1, bool)
    present[some] = True
    return Listed(np.flatnonzero(present), how, strange)
