"""Which column of a table holds the ids of a source, or which columns together."""

from collections.abc import Sequence
from dataclasses import dataclass

from airybench.data.labelling.dialect import Table
from airybench.data.labelling.headings import EXACT, ID_NAMES, INDEX_NAMES, LABEL_NAMES, PART_NAMES, plain
from airybench.data.labelling.matching import Match, match_ids
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import DataError


@dataclass(frozen=True)
class FoundIds:
    """The ids of a table, once they are found in the source.

    Attributes:
        columns: that hold them.
        texts: as the file has them, one for each row.
        match: the shots that they mean.
    """

    columns: tuple[int, ...]
    texts: list[str]
    match: Match

    def words(self, table: Table) -> str:
        """What was taken, for people."""
        names = " and ".join(name or "without a name" for name in (table.names()[index] for index in self.columns))
        by = f", compared by {self.match.how}" if self.match.how else ""
        return f"ids from {names}{by}"


def id_columns(table: Table) -> tuple[tuple[int, ...], ...]:
    """Columns that may be the ids, the likeliest first.

    >>> from pathlib import Path
    >>> heading = ("", "trainId", "pulseId", "label")
    >>> id_columns(Table(Path("l.csv"), "UTF-8", "comma", heading, [2], [["0", "7", "1", "a"]]))
    ((1,), (2,), (1, 2), (0,))

    Raises:
        DataError: there are none.
    """
    names = [plain(name) for name in table.names()]
    if EXACT in names:
        first = names.index(EXACT)
        others = [(index,) for index, name in enumerate(names) if name in ID_NAMES and index != first]
        return ((first,), *others)
    single = [index for index, name in enumerate(names) if name in ID_NAMES]
    parts = [index for index, name in enumerate(names) if name in PART_NAMES]
    joined = [one for one in (tuple(parts), tuple(sorted({*single, *parts}))) if len(one) > 1]
    rows = [index for index, name in enumerate(names) if name in INDEX_NAMES]
    found = [(index,) for index in single] + joined + [(index,) for index in rows]
    if not found and names[0] not in LABEL_NAMES and tells_apart(table, 0):
        found = [(0,)]  # a name in another language
    if not found:
        raise DataError(
            f"{table.path}: columns are {', '.join(table.names())}",
            "a column id is needed, and one column for each class or one column label",
        )
    return tuple(dict.fromkeys(found))


def tells_apart(table: Table, index: int) -> bool:
    """Whether the cells of a column are filled and differ, but for a few."""
    return len({row[index] for row in table.rows} - {""}) > 0.9 * len(table.rows)


def find_ids(table: Table, candidates: Sequence[tuple[int, ...]], source: ShotSource) -> FoundIds:
    """The column, or columns joined by `:`, whose ids are those of a source.

    Args:
        table: the file.
        candidates: columns that may be the ids, the likeliest first.
        source: with unique ids.

    Raises:
        DataError: two columns mean different shots.
    """
    composite = source.ids.dtype.kind != "i"
    best: FoundIds | None = None
    for one in candidates:
        if len(one) > 1 and not composite:
            continue
        texts = [":".join(row[index] for index in one) for row in table.rows] if one[1:] else table.column(one[0])
        found = FoundIds(one, texts, match_ids(texts, source.ids))
        if best is None or found.match.found > best.match.found:
            best = found
        elif found.match.found == best.match.found == len(texts) and not _agree(table, best, found):
            first, second = (table.names()[some.columns[0]] for some in (best, found))
            raise DataError(
                f"{table.path}: columns {first} and {second} both hold ids of the source, but mean different shots",
                "call the right one id",
            )
    if best is None:
        raise DataError(f"{table.path}: no column of ids", "give a column id")
    return best


def _agree(table: Table, first: FoundIds, second: FoundIds) -> bool:
    """Whether two columns mean the same shots, or the first is called id."""
    return table.names()[first.columns[0]].casefold() == "id" or bool((first.match.rows == second.match.rows).all())
