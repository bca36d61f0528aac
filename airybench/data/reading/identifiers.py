"""Identifiers of shots: whole numbers or text, from one column or several, and entries that hold no event."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.ids import ShotIds
from airybench.errors import DataError

_EXACT = 2**53
"""Up to this, decimals tell all whole numbers apart."""

JOINT = ":"
"""Between the parts of an identifier that several columns make together."""


def identifiers(columns: Sequence[tuple[str, NDArray[Any]]]) -> ShotIds:
    """Identifiers out of the columns that make them together.

    Args:
        columns: what messages call each, and its values, all of shape (N,).

    Returns:
        int64 where there is one column of whole numbers that fit, decimals that are whole among them; otherwise text.

    Raises:
        DataError: a column holds no whole numbers and no text.

    >>> identifiers([("t", np.array([7, 7])), ("p", np.array([0, 4]))]).tolist()
    ['7:0', '7:4']
    """
    parts = [_whole_or_text(where, values) for where, values in columns]
    if len(parts) == 1:
        return parts[0]
    joined = parts[0].astype("U")
    for part in parts[1:]:
        joined = np.char.add(np.char.add(joined, JOINT), part.astype("U"))
    return joined


def without_event(columns: Sequence[tuple[str, NDArray[Any]]]) -> NDArray[np.bool_]:
    """Entries that hold no event, as writers leave them at the end of a stack that was made too long.

    Their identifier is empty text; or all of its parts are 0 while others' are not. Whole numbers may well begin at 0:
    several columns of them at the first entry, and one column anywhere, so that there only zeros that repeat at the end
    count.

    Args:
        columns: as for `identifiers`.

    Returns:
        bool, shape (N,).

    >>> without_event([("id", np.array([3, 4, 0, 0]))]).tolist()
    [False, False, True, True]
    """
    void = [values == "" if values.dtype.kind == "U" else values == 0 for _, values in columns]
    none = np.logical_and.reduce(void)
    if none.all() and all(values.dtype.kind != "U" for _, values in columns):
        return np.zeros(len(none), bool)
    if len(columns) > 1 or columns[0][1].dtype.kind == "U":
        begins = all(values.dtype.kind != "U" for _, values in columns) and not none[1:].any()
        return np.zeros(len(none), bool) if begins else np.asarray(none)
    used = len(none) - int(np.argmax(~none[::-1]))
    if len(none) - used < 2:
        return np.zeros(len(none), bool)
    return np.arange(len(none)) >= used


def ids_of_names(names: Sequence[str]) -> ShotIds:
    """Parts of names as identifiers: whole numbers where all are digits and fit into 64 bits, otherwise text.

    >>> ids_of_names(["007", "8"]).tolist(), ids_of_names(["7a", "8"]).tolist()
    ([7, 8], ['7a', '8'])
    """
    if all(
        name.isdecimal() and name.isascii() and len(name) < 30 and int(name) <= np.iinfo(np.int64).max for name in names
    ):
        return np.array([int(name.lstrip("0") or "0") for name in names], np.int64)
    return np.array(names, "U")


def rows_of(wanted: ShotIds, listed: ShotIds) -> NDArray[np.int64]:
    """Row in a list of identifiers for each of some others, -1 where it has none.

    >>> rows_of(np.array([5, 9, 4]), np.array([4, 5])).tolist()
    [1, -1, 0]
    """
    wanted, listed = (one.astype("U") if wanted.dtype.kind != listed.dtype.kind else one for one in (wanted, listed))
    if not len(listed):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(listed, kind="stable")
    rows = order[np.minimum(np.searchsorted(listed, wanted, sorter=order), len(listed) - 1)]
    return np.where(listed[rows] == wanted, rows, -1).astype(np.int64)


def _whole_or_text(where: str, values: NDArray[Any]) -> ShotIds:
    kind = values.dtype.kind
    if kind == "U":
        return values
    if kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        return values.astype("U")
    if kind in "iu":
        return values.astype(np.int64)
    if kind == "f":
        odd = values[~(np.abs(values) <= _EXACT) | (values != np.rint(values))]
        if not len(odd):
            return values.astype(np.int64)
        raise DataError(f"{where} holds {odd[0]}, identifiers are whole numbers or text", "give another key")
    raise DataError(f"{where} is {values.dtype}, identifiers are whole numbers or text", "give another key")
