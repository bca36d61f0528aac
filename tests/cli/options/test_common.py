"""Options that commands share."""

import pytest

from airybench.cli.options.common import split_names


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (None, []),
        (["a"], ["a"]),
        (["a,b", "c"], ["a", "b", "c"]),
        ([" a , b ,"], ["a", "b"]),
        (["config"], []),
        (["config,a"], ["a"]),
    ],
)
def test_names_of_a_repeated_option(words: list[str] | None, expected: list[str]) -> None:
    assert split_names(words) == expected
