"""Which columns of a label file hold ids, which hold labels, and which are of no use here."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from airybench.data.labelling.answers import answer
from airybench.data.labelling.dialect import NUMBER, Table
from airybench.data.labelling.headings import FLAG_NAMES, ID_NAMES, INDEX_NAMES, LABEL_NAMES, OTHER_NAMES, plain
from airybench.data.labelling.id_columns import id_columns, tells_apart
from airybench.data.reading.unsure import is_unsure
from airybench.errors import DataError

_SHARE = re.compile(r"0?[.,]\d+")


@dataclass(frozen=True)
class TableColumns:
    """Columns by their index.

    Attributes:
        ids: what may be the ids, the likeliest first; several columns are joined by `:`.
        label: the column that names the classes; None where each class has a column.
        classes: columns of the classes.
    """

    ids: tuple[tuple[int, ...], ...]
    label: int | None
    classes: tuple[int, ...] = ()

    def ignored(self, ids: Sequence[int], width: int) -> list[int]:
        """Columns that are of no use, once the ids are found."""
        used = {*ids, *self.classes, *(() if self.label is None else (self.label,))}
        return [index for index in range(width) if index not in used]


def columns_of(table: Table, class_names: Sequence[str] | None) -> TableColumns:
    """Tell the columns of a label file.

    Args:
        table: the file.
        class_names: names of the classes, where they are given.

    Raises:
        DataError: there is no column of ids or of labels, or a column of a class holds something else.
    """
    if table.width < 2:
        raise DataError(
            f"{table.path}: one column ({table.words()})", "a column id is needed, and one for the labels or each class"
        )
    names = table.names()
    repeated = [name for name, number in Counter(names).items() if name and number > 1]
    if repeated:
        raise DataError(f"{table.path}: two columns are called {repeated[0]!r}", "keep one of them")
    if table.heading is None:
        return _without_heading(table, class_names)
    ids = id_columns(table)
    taken = {index for one in ids[:1] for index in one}
    if class_names and len(class_names) > 1 and set(class_names) <= set(names):
        return TableColumns(ids, None, tuple(names.index(name) for name in class_names))
    labels = [index for index, name in enumerate(names) if plain(name) in LABEL_NAMES and index not in taken]
    if labels:
        return TableColumns(ids, _one_label(table, labels))
    unused = [i for i, name in enumerate(names) if plain(name) not in OTHER_NAMES | INDEX_NAMES | ID_NAMES]
    rest = [index for index in unused if index not in taken]
    classes = [index for index in rest if _is_class(table, index)]
    unflagged = [index for index in classes if plain(names[index]) not in FLAG_NAMES]
    classes = unflagged if len(unflagged) > 1 else classes
    if not classes and len(rest) == 1:
        return TableColumns(ids, rest[0])
    if not classes:
        raise DataError(
            f"{table.path}: columns are {', '.join(names)}; none is called label and none holds 0 and 1",
            "call the column of the labels label, or give one column for each class",
        )
    if class_names and len(classes) > 1:
        absent = [name for name in class_names if name not in names]
        if absent:
            raise DataError(f"{table.path}: no column {absent[0]!r}", f"columns are {', '.join(names)}")
    return TableColumns(ids, None, tuple(classes))


def _one_label(table: Table, columns: Sequence[int]) -> int:
    """The column that names the classes; of several that say the same, one with words."""
    first = columns[0]
    for other in columns[1:]:
        pairs = set(zip(table.column(first), table.column(other), strict=True))
        if not len(pairs) == len({one for one, _ in pairs}) == len({two for _, two in pairs}):
            one, two = (table.names()[index] for index in (first, other))
            raise DataError(f"{table.path}: columns {one} and {two} look like labels, and differ", "keep one of them")
    return next((index for index in columns if not _numeric(table, index)), first)


def _without_heading(table: Table, class_names: Sequence[str] | None) -> TableColumns:
    """Columns of a table without a heading: ids and a label, or ids and a column for each of the class names."""
    if table.width == 2:
        backward = not _numeric(table, 0) and _numeric(table, 1) and not tells_apart(table, 0)
        return TableColumns(((1,),), 0) if backward else TableColumns(((0,),), 1)
    if class_names and len(class_names) == table.width - 1:
        for index in range(1, table.width):
            _is_class(table, index, sure=True)
        return TableColumns(((0,),), None, tuple(range(1, table.width)))
    raise DataError(
        f"{table.path}: {table.width} columns without a heading",
        "give a first line that names the columns, such as id,label"
        + (", or --class-names with a name for each column after the first" if table.width > 3 else ""),
    )


def _numeric(table: Table, index: int) -> bool:
    return all(NUMBER.fullmatch(row[index]) for row in table.rows)


def _is_class(table: Table, index: int, *, sure: bool = False) -> bool:
    """Whether a column says yes or no; one that mostly does has a mistake in it."""
    column = table.column(index)
    cells = Counter(column)
    blank = cells.pop("", 0)
    if not cells:
        return sure
    bad = [cell for cell in cells if answer(cell) is None and not is_unsure(cell)]
    if not bad:
        return sure or any(answer(cell) is not None for cell in cells)
    share = 1 - sum(cells[cell] for cell in bad) / (len(column) - blank)
    if sure or share >= 0.5 or all(_SHARE.fullmatch(cell) for cell in bad):
        row = min(map(column.index, bad))
        raise DataError(
            f"{table.path}: line {table.lines[row]}, column {table.names()[index]}: found {table.rows[row][index]!r}, "
            f"expected 0 or 1, yes or no",
            "correct it",
        )
    return False
