"""Labels from a table with a column for each class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from airybench.data.labelling.answers import answer
from airybench.data.labelling.dialect import Table
from airybench.data.reading.label_words import WordLabels
from airybench.data.reading.options import LabelOptions
from airybench.data.reading.unsure import check_word_options, is_unsure
from airybench.errors import DataError

_DASHES = ("-", "--", "---", "\u2013", "\u2014")
"""What stands in a cell that is left blank."""

_NO, _YES, _BLANK, _UNSURE = range(4)


def wide_labels(table: Table, columns: Sequence[int], options: LabelOptions) -> WordLabels:
    """Class names and label vectors from one column for each class.

    A blank cell, or a dash, says no in a column that never says so otherwise; beside 0 and 1 it says nothing: the shot
    is unsure.

    Args:
        table: the file, n rows.
        columns: of the classes.
        options: what is done about case and about unsure cells.

    Raises:
        ConfigError: an option is impossible.
        DataError: a cell that says neither yes nor no, unsure shots, or names that differ in case only.
    """
    check_word_options(options)
    given = options.class_names or ()
    names = [table.names()[index] for index in columns]
    said = np.stack([_said(table, index) for index in columns], axis=1)
    negative = (said == _NO).any(axis=0)
    unsure = (said == _UNSURE).any(axis=1) | ((said == _BLANK) & negative).any(axis=1)
    empty = (said == _BLANK).all(axis=1)
    if ((said == _YES).sum(axis=1) < 2).all() or negative.any():
        unsure |= empty
    doubts = [c for c, name in enumerate(names) if is_unsure(name) and name not in given]
    unsure |= (said[:, doubts] == _YES).any(axis=1)
    _ask(table, columns, said, unsure, options.unsure)
    values = (said == _YES).astype(np.uint8)
    if options.unsure == "class":
        own = (said == _UNSURE).any(axis=1)
        if own.any():
            names.append("unsure")
            values = np.concatenate([values, own[:, None].astype(np.uint8)], axis=1)
        unsure = np.zeros(len(said), bool)
    else:
        names, values = _without(names, values, doubts)
    names, values, folded = _one_spelling(table, names, values, options)
    if given and set(given) == set(names):
        order = [names.index(name) for name in given]
        names, values = list(given), values[:, order]
    return WordLabels(tuple(names), values, unsure, tuple(folded))


def _said(table: Table, index: int) -> NDArray[np.uint8]:
    """What the cells of a column say: no, yes, nothing, or unsure, shape (n,)."""
    cells = table.column(index)
    meaning: dict[str, int] = dict.fromkeys(("", *_DASHES), _BLANK)
    for cell in dict.fromkeys(cells):
        yes = answer(cell)
        if cell not in meaning and yes is None and not is_unsure(cell):
            raise DataError(
                f"{table.path}: line {table.lines[cells.index(cell)]}, column {table.names()[index]}: found {cell!r}, "
                f"expected 0 or 1, yes or no",
                "correct it",
            )
        if cell not in meaning:
            meaning[cell] = _UNSURE if yes is None else int(yes)
    return np.fromiter(map(meaning.__getitem__, cells), np.uint8, len(cells))


def _ask(
    table: Table, columns: Sequence[int], said: NDArray[np.uint8], unsure: NDArray[np.bool_], choice: str | None
) -> None:
    """Refuse unsure shots until the user says what they mean."""
    if not unsure.any() or choice in ("unlabelled", "class"):
        return
    row = int(np.flatnonzero(unsure)[0])
    cells = [table.rows[row][index] for index in columns]
    shown = next((repr(cell) for cell, what in zip(cells, said[row], strict=True) if what == _UNSURE), "a blank cell")
    if shown == "a blank cell" and (said[row] != _BLANK).all():
        shown = "a class that says so"
    raise DataError(
        f"{table.path}: {int(unsure.sum())} of {len(table.rows)} shots are unsure, such as line {table.lines[row]} by "
        f"{shown}",
        "give --unsure unlabelled (leave them out) or --unsure class (? is a class of its own, blank is no)",
    )


def _without(
    names: list[str], values: NDArray[np.uint8], columns: Sequence[int]
) -> tuple[list[str], NDArray[np.uint8]]:
    """Names and values without some columns."""
    kept = [index for index in range(len(names)) if index not in columns]
    return [names[index] for index in kept], values[:, kept]


def _one_spelling(
    table: Table, names: list[str], values: NDArray[np.uint8], options: LabelOptions
) -> tuple[list[str], NDArray[np.uint8], list[str]]:
    """One column for each class, and which spellings were folded into which."""
    alike: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        alike.setdefault(" ".join(name.split()).casefold(), []).append(column)
    notices, kept = [], []
    for some in alike.values():
        several = [names[column] for column in some]
        if len(some) > 1 and not set(several) <= set(options.class_names or ()):
            if not options.fold_case:
                raise DataError(
                    f"{table.path}: columns differ in case only: {' and '.join(map(repr, several))}",
                    "make them one class with --fold-case, or name both in --class-names",
                )
            first = next((c for c in some if names[c] in (options.class_names or ())), some[0])
            values[:, first] = values[:, some].max(axis=1)
            notices.append(f"{', '.join(names[c] for c in some if c != first)} folded into {names[first]}")
            kept.append(first)
        else:
            kept += some
    return [names[column] for column in kept], values[:, kept], notices
