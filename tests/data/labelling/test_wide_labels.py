"""Tables with a column for each class: yes, no, nothing and doubt, in any writing."""

from pathlib import Path

import numpy as np
import pytest

from airybench.data.labelling.dialect import Table
from airybench.data.labelling.wide_labels import wide_labels
from airybench.data.reading.options import LabelOptions
from airybench.errors import DataError

TRUTH = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])


def table(rows: list[list[str]], names: tuple[str, ...] = ("a", "b")) -> Table:
    return Table(Path("l.csv"), "UTF-8", "comma", names, [*range(2, len(rows) + 2)], rows)


def written(yes: str, no: str) -> Table:
    return table([[yes if value else no for value in row] for row in TRUTH])


@pytest.mark.parametrize(
    "words",
    ["1 0", "1.0 0.0", "1,0 0,00", "True FALSE", "x ", "X -", "+ —", "y n", "ja nein", "✓ ", "oui no", "T f", "1. -0"],
)
def test_words_for_yes_and_no(words: str) -> None:
    yes, no = words.split(" ")
    labels = wide_labels(written(yes, no), (0, 1), LabelOptions())
    np.testing.assert_array_equal(labels.values, TRUTH)
    assert labels.class_names == ("a", "b")
    assert not labels.unsure.any()


def test_a_blank_beside_yes_and_no_says_nothing() -> None:
    rows = [["1", "0"], ["0", ""], ["?", "1"], ["", ""]]
    with pytest.raises(DataError, match="3 of 4 shots are unsure, such as line 3 by a blank cell; give --unsure"):
        wide_labels(table(rows), (0, 1), LabelOptions())
    labels = wide_labels(table(rows), (0, 1), LabelOptions(unsure="unlabelled"))
    assert labels.unsure.tolist() == [False, True, True, True]
    labels = wide_labels(table(rows), (0, 1), LabelOptions(unsure="class"))
    assert labels.class_names == ("a", "b", "unsure")
    assert labels.values.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_a_shot_without_any_mark_among_shots_of_one_class_is_unsure() -> None:
    rows = [["x", ""], ["", "x"], ["", ""]]
    labels = wide_labels(table(rows), (0, 1), LabelOptions(unsure="unlabelled"))
    assert labels.unsure.tolist() == [False, False, True]


def test_classes_of_doubt_and_of_two_spellings() -> None:
    rows = [["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]]
    names = ("Round", "MAYBE", "round")
    with pytest.raises(DataError, match="--fold-case"):
        wide_labels(table(rows, names), (0, 1, 2), LabelOptions(unsure="unlabelled"))
    labels = wide_labels(table(rows, names), (0, 1, 2), LabelOptions(unsure="unlabelled", fold_case=True))
    assert labels.class_names == ("Round",)
    assert labels.unsure.tolist() == [False, True, False]
    assert labels.values[[0, 2]].tolist() == [[1], [1]]
    both = LabelOptions(class_names=("round", "MAYBE", "Round"))
    labels = wide_labels(table(rows, names), (0, 1, 2), both)
    assert labels.class_names == both.class_names
    np.testing.assert_array_equal(labels.values, np.eye(3)[[2, 1, 0]])


def test_another_word_is_named_with_its_line() -> None:
    with pytest.raises(DataError, match=r"l\.csv: line 3, column b: found '2', expected 0 or 1, yes or no; correct it"):
        wide_labels(table([["1", "0"], ["0", "2"], ["1", "2"]]), (0, 1), LabelOptions())
