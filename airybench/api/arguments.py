"""What a notebook hands over, checked before it is used."""

import operator
from collections.abc import Mapping
from typing import Any, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from airybench.config import Value
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


class StudySettings(TypedDict, total=False):
    """How a space is searched: the options of `airybench sweep` by their names; None is as good as left out."""

    sampler: str | None
    pruner: str | None
    trials: int | None
    seeds: int | None
    confirm: int | None
    objective: str | None
    time_limit: float | str | None
    trial_time_limit: float | str | None
    stress: bool | None
    keep: str | int | None


def given(settings: StudySettings) -> dict[str, Value]:
    """The settings that have a value.

    >>> given({"seeds": 3, "trials": None})
    {'seeds': 3}
    """
    return {name: value for name, value in cast(Mapping[str, Value | None], settings).items() if value is not None}


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
