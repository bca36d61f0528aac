"""Which pixels `--invalid` masks, by value and type."""

import numpy as np
import pytest

from airybench.data.reading.invalid_values import InvalidValues
from airybench.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "dtype", "values", "bad"),
    [
        (["max"], "u1", [0, 255, 254], [1]),
        (["max"], "u2", [0, 65535, 65534], [1]),
        (["max"], ">u2", [0, 65535, 65534], [1]),
        (["max"], "i2", [0, 32767, -1], [1]),
        (["max"], "u4", [2**32 - 1, 65535, 1], [0]),
        (["max"], "f4", [np.finfo("f4").max, 65535, 1], [0]),
        (["negative"], "i4", [-1, -2, 0, 5], [0, 1]),
        (["negative"], "f4", [-0.5, np.nan, 0, 5], [0]),
        (["negative"], "u2", [0, 65535], []),
        (["0xffffffff"], "u4", [2**32 - 1, 1], [0]),
        (["0xffffffff"], "f4", [2**32 - 1, 1], [0]),
        (["0xFFFF,-1"], "i4", [65535, -1, 3], [0, 1]),
        (["65535", "-2.0"], "i4", [65535, -1, -2], [0, 2]),
        (["1.5"], "i4", [1, 2], []),
        (["1.5"], "f8", [1.5, 2], [0]),
        (["00042"], "u2", [42, 34], [0]),
        (["-1"], "u2", [65535, 1], []),
        (["nan"], "f4", [np.nan, np.inf, 1], [0, 1]),
        (["max", "nan"], "?", [True, False], []),
        (["65535"], "?", [True, False], []),
    ],
)
def test_values_by_type(words: list[str], dtype: str, values: list[float], bad: list[int]) -> None:
    image = np.array([values]).astype(dtype)
    good = InvalidValues.of(words).valid(image)
    found = [] if good is None else np.flatnonzero(~good).tolist()
    assert found == bad


@pytest.mark.parametrize("word", ["gap", "", "1e", "0xg"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=r"--invalid .* expected a number, max, negative, nan or none"):
        InvalidValues.of([word])


def test_the_largest_values_of_64_bits_are_not_rounded() -> None:
    image = np.array([[2**64 - 1, 2**64 - 2]], np.uint64)
    good = InvalidValues.of([str(2**64 - 2)]).valid(image)
    assert good is not None
    assert good.tolist() == [[True, False]]
