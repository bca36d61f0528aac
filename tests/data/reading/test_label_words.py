"""Labels in words: class names, vectors and doubts, against the same rules written out in plain Python."""

from collections.abc import Sequence

import numpy as np
import pytest

from airybench.data.reading.label_words import WordLabels, labels_from_text
from airybench.data.reading.options import LabelOptions
from airybench.errors import ConfigError, DataError


def read(cells: Sequence[str], **options: object) -> WordLabels:
    return labels_from_text(cells, LabelOptions(**options), "l.csv", "line {}".format)  # type: ignore[arg-type]


def sets(labels: WordLabels) -> list[set[str]]:
    return [{labels.class_names[column] for column in np.flatnonzero(row)} for row in labels.values]


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        (["a", "b", "a"], {}, [{"a"}, {"b"}, {"a"}]),
        (["a;b", "b", ""], {}, [{"a", "b"}, {"b"}, set()]),
        (["a|b", "b, a"], {"separators": "|,"}, [{"a", "b"}, {"a", "b"}]),
        (["['a', 'b']", "['b']"], {}, [{"a", "b"}, {"b"}]),
        (["['a' 'b']", '["b"]'], {}, [{"a", "b"}, {"b"}]),
        (["['a, c']", "('b',)"], {"class_names": ("b", "a, c")}, [{"a, c"}, {"b"}]),
        (["a|b", "b"], {"class_names": ("a|b", "b")}, [{"a|b"}, {"b"}]),
        (["ROUND", "Round", "Round"], {"fold_case": True}, [{"Round"}] * 3),
        (["ROUND", "Round"], {"class_names": ("Round", "ROUND")}, [{"ROUND"}, {"Round"}]),
        (["0", "2", "1.0"], {}, [{"0"}, {"2"}, {"1"}]),
        (["0", "2", "1"], {"class_names": ("x", "y", "z")}, [{"x"}, {"z"}, {"y"}]),
        (["10", "9"], {"class_names": ("9", "10")}, [{"10"}, {"9"}]),
        (["a", "MAYBE"], {"unsure": "class"}, [{"a"}, {"MAYBE"}]),
        (["a", "MAYBE"], {"class_names": ("MAYBE", "a")}, [{"a"}, {"MAYBE"}]),
        (["a", "MAYBE"], {"class_names": ("b", "a"), "unsure": "class"}, [{"a"}, {"MAYBE"}]),
        (["0", "-1", "1"], {"class_names": ("x", "y"), "unsure": "class"}, [{"x"}, {"-1"}, {"y"}]),
    ],
)
def test_words_become_labels(cells: list[str], options: dict[str, object], expected: list[set[str]]) -> None:
    labels = read(cells, **options)
    assert sets(labels) == expected
    assert not labels.unsure.any()
    given = options.get("class_names")
    assert given is None or labels.class_names[: len(given)] == given


def test_numbers_are_sorted_as_numbers() -> None:
    assert read(["10", "9", "9"]).class_names == ("9", "10")


@pytest.mark.parametrize("doubt", ["MAYBE", "?", "Round?", "nan", "N/A", "", "-", "none", "unknown", "[]"])
def test_doubts_are_refused_until_one_chooses(doubt: str) -> None:
    with pytest.raises(DataError, match=r"1 of 3 labels are unsure: .*line 1.*--unsure unlabelled .* --unsure class"):
        read(["Round", doubt, "Empty"])
    labels = read(["Round", doubt, "Empty"], unsure="unlabelled")
    assert labels.unsure.tolist() == [False, True, False]
    assert labels.class_names == ("Empty", "Round")


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (["a|b", "a"], {}, r"line 0: label 'a\|b' looks like several; split it with --label-separators '\|,'"),
        (["a,b", "a"], {}, "looks like several"),
        (["a&b", "a", "b"], {}, "--label-separators '&;'"),
        (["Round", "round"], {}, r"'Round' \(1\) and 'round' \(1\); make them one class with --fold-case"),
        (["a", "c"], {"class_names": ("a", "b")}, "line 1: label 'c' is none of a, b"),
        (["0", "2"], {"class_names": ("a", "b")}, "line 1 is class 2, 2 class names were given"),
        ([f"c{number}" for number in range(30)], {}, "30 different labels for 30 shots do not look like classes"),
        (["a" * 101, "b"], {}, "looks like a comment"),
        (["a", "b;MAYBE"], {"class_names": ("a",), "unsure": "class"}, "label 'b' is none of a, MAYBE"),
        (["-1", "0"], {}, "labels are unsure: '-1'"),
    ],
)
def test_what_may_mean_several_things_is_refused(cells: list[str], options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(cells, **options)


def test_separators_are_signs() -> None:
    with pytest.raises(ConfigError, match="--label-separators"):
        read(["a"], separators="x")
