"""What a notebook hands over, checked before it is used."""

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.errors import ConfigError, DataError


def whole(name: str, value: object, least: int) -> int:
    """A whole number of at least `least`, from Python or NumPy; a truth value is none.

    Raises:
        ConfigError: anything else.

    >>> whole("count", np.int64(3), 1)
    3
    """
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least:
        raise ConfigError(f"{name} is {value!r}, expected a whole number of at least {least}")
    return number


def row_numbers(rows: Any, count: int) -> NDArray[np.int64]:
    """Row numbers from 0 to count - 1, from what NumPy takes as an index.

    Args:
        rows: a number, a sequence of numbers, a slice, or a mask of truth values of shape (count,).
        count: how many rows there are.

    Raises:
        DataError: another kind of value, or a row that is not there.

    >>> row_numbers([0, -1], 5), row_numbers(slice(1, 3), 5), row_numbers(2, 5)
    (array([0, 4]), array([1, 2]), array([2]))
    """
    if isinstance(rows, slice):
        return np.arange(count)[rows]
    try:
        array = np.atleast_1d(np.asarray(rows))
    except ValueError:
        array = np.empty((0, 0))
    if array.dtype == np.bool_ and array.shape == (count,):
        return np.flatnonzero(array)
    if array.ndim != 1 or (len(array) and not np.issubdtype(array.dtype, np.integer)):
        raise DataError(f"rows are {rows!r}, expected row numbers, a slice, or a mask with one truth value per shot")
    found = array.astype(np.int64)
    outside = found[(found < -count) | (found >= count)]
    if len(outside):
        raise DataError(f"there is no row {outside[0]}, rows are 0 to {count - 1}")
    return np.where(found < 0, found + count, found)
