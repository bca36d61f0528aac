"""Wrong arguments from a notebook are one clear line."""

from typing import Any

import numpy as np
import pytest

from airybench.api.arguments import row_numbers, whole
from airybench.errors import ConfigError, DataError


@pytest.mark.parametrize("value", [1.5, "3", None, True, np.bool_(1), 0, -2, [1]])
def test_only_whole_numbers_are_counts(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^count is .*, expected a whole number of at least 1$"):
        whole("count", value, 1)


def test_whole_numbers_of_any_kind() -> None:
    assert [whole("count", value, 1) for value in (3, np.int64(3), np.uint8(3))] == [3, 3, 3]


@pytest.mark.parametrize(
    "rows",
    [3, -1, [0, 4, 0], (1, 2), slice(None, None, 2), np.array([2]), [], np.array([True, False, True, False, True])],
)
def test_rows_are_those_of_numpy(rows: Any) -> None:
    everything = np.arange(5)
    index = np.array(rows, int) if isinstance(rows, list | tuple) else rows
    np.testing.assert_array_equal(row_numbers(rows, 5), np.atleast_1d(everything[index]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([5], "there is no row 5, rows are 0 to 4"),
        ([-6], "there is no row -6"),
        ([0.0, 1.0], "expected row numbers, a slice, or a mask"),
        ("a", "expected row numbers"),
        ([[0, 1]], "expected row numbers"),
        ([[0], [1, 2]], "expected row numbers"),
        (np.zeros(3, bool), "expected row numbers"),
    ],
)
def test_other_rows_are_refused(rows: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        row_numbers(rows, 5)
