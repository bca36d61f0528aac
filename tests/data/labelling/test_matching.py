"""Ids in text files are the shots that they mean, whichever way either is written, and never others."""

import numpy as np
import pytest

from airybench.data.labelling.matching import match_ids

IDS = np.array([7, 10, 42, 1862564])


@pytest.mark.parametrize(
    ("form", "how"),
    [
        ("{}", ""),
        ("{:09d}", "their numbers"),
        ("+{}", "their numbers"),
        ("{}.0", "their numbers"),
        ("{},00", "their numbers"),
        ("shot_{:08d}.png", "words and numbers in them|the numbers in them"),
        ("run/img-{}.tif", "words and numbers in them|the numbers in them"),
        ("run_12/shot_{}", "the numbers in them|the last number in them"),
        ("2021-03-04 shot {}", "the last number in them"),
    ],
)
def test_numbers_are_found_in_any_writing(form: str, how: str) -> None:
    texts = [form.format(number) for number in IDS[::-1]]
    match = match_ids(texts, IDS)
    assert match.rows.tolist() == [3, 2, 1, 0]
    assert match.how in how.split("|")


@pytest.mark.parametrize("form", ["-{}", "{}.5", "1e{}", "-{}.0", "{}:1", "7.{}", "0x{}", "{}e0", ""])
def test_other_numbers_mean_no_shot(form: str) -> None:
    match = match_ids([form.format(number) for number in (7, 10, 42)], IDS)
    assert match.rows.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("texts", "ids", "rows"),
    [
        (["a/1.png", "b/1.png"], ["a/1", "b/1"], [0, 1]),
        (["C:\\x\\S_01.TIF"], ["s_01", "s_02"], [0]),
        (["7:004", "8:0.0"], ["7:4", "8:0"], [0, 1]),
        (["run1_7"], ["run2_7", "run3_7"], [-1]),
        (["7", "8"], ["run1_7", "run1_8"], [0, 1]),
        (["7"], ["run1_7", "run2_7"], [-1]),
        (["shot7", "shot_7"], ["7"], [-1, -1]),
        (["9007199254740993.0"], ["9007199254740993"], [-1]),
        (["9007199254740993"], ["9007199254740993", "9007199254740992"], [0]),
        (["a", "a", "b"], ["b", "a"], [1, 1, 0]),
        (["", "b"], ["b", "a"], [-1, 0]),
    ],
)
def test_names_mean_one_shot_or_none(texts: list[str], ids: list[str], rows: list[int]) -> None:
    assert match_ids(texts, np.array(ids)).rows.tolist() == rows


def test_the_strictest_rule_that_fits_all_is_taken() -> None:
    # 42 is exact here, and the last number of the other text would be 42 too.
    assert match_ids(["42", "42"], np.array(["42", "run_42"])).rows.tolist() == [0, 0]
    assert match_ids(["42", "run_42"], np.array(["42", "run_42"])).rows.tolist() == [0, 1]


@pytest.mark.parametrize("text", ["9" * 5000, f"run{'9' * 5000}_7", f"{'1' * 5000}:{'2' * 5000}"])
def test_thousands_of_digits_are_no_number_and_no_crash(text: str) -> None:
    """Python refuses to make a number of more than 4300 digits."""
    for ids in (np.arange(3), np.array(["run1_7", "a"])):
        assert (match_ids([text], ids).rows < 0).all()
