"""Keyword arguments become the options of a source."""

from pathlib import Path

import pytest

from airybench.api.read_options import ReadOptions, source_options
from airybench.data.reading.masks import CONVENTIONS
from airybench.data.reading.options import (
    DEFAULT_OPTIONS,
    FrameOptions,
    LabelOptions,
    Selection,
    SourceOptions,
    StackKeys,
)
from airybench.errors import ConfigError


def test_nothing_given_is_the_default() -> None:
    assert source_options({}) == DEFAULT_OPTIONS


def test_every_argument_arrives() -> None:
    found = source_options(
        {"images": "patterns", "ids": "id", "mask": "bad", "mask_convention": "cxi", "events": ["train"],
         "counts_per_photon": 7.5, "clip": True, "nan": "mask", "bin": 4, "labels_csv": "labels.csv",
         "class_names": ["a", "b"], "labelled_only": True, "ignore_labels": True, "name": "run42"}
    )  # fmt: skip
    assert (found.keys.images, found.keys.ids, found.keys.mask, found.keys.events) == (
        "patterns", ("id",), "bad", ("train",),
    )  # fmt: skip
    assert found.keys.mask_convention == "cxi"
    assert (found.rule.counts_per_photon, found.rule.clip, found.rule.nan_mask) == (7.5, True, True)
    assert (found.factor, found.name) == (4, "run42")
    assert (str(found.labels.csv), found.labels.class_names) == ("labels.csv", ("a", "b"))
    assert found.labels.labelled_only
    assert found.labels.ignore


def test_options_of_the_fields_layouts_arrive() -> None:
    found = source_options(
        {"kind": "eiger", "wavelength": "w", "unit": "angstrom", "group_by": "folder", "index": 0, "channel": 0,
         "axis": "last", "keep": "good", "drop": ["dark", "laser"], "select": "hits.txt", "every": 5, "skip": 3,
         "drop_blank": True, "labels": "y", "fold_case": True, "label_separators": "|", "unsure": "class",
         "on_conflict": "drop", "wait": 5}
    )  # fmt: skip
    assert found == SourceOptions(
        kind="eiger",
        keys=StackKeys(wavelength="w", unit="angstrom", group_by="folder", labels="y"),
        frames=FrameOptions(index=0, channel=0, axis="last"),
        selection=Selection(("good",), ("dark", "laser"), Path("hits.txt"), "5", 3, drop_blank=True),
        labels=LabelOptions(fold_case=True, separators="|", unsure="class", conflicts="drop"),
        wait=5.0,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"index": -1}, "index"),
        ({"channel": "x"}, "channel"),
        ({"bin": 0}, "bin"),
        ({"wait": "soon"}, "wait is 'soon', expected a number of seconds from 0"),
        ({"wait": float("nan")}, "wait is nan"),
        ({"axis": "middle"}, "unknown --axis 'middle'"),
    ],
)
def test_values_that_cannot_be(given: ReadOptions, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        source_options(given)


def test_none_counts_as_left_out() -> None:
    assert source_options({"images": None, "bin": None}) == DEFAULT_OPTIONS  # type: ignore[typeddict-item]


def test_a_mistyped_argument_is_refused() -> None:
    wrong: ReadOptions = {"imges": "patterns"}  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ConfigError, match=r"unknown option 'imges'.*Did you mean 'images'"):
        source_options(wrong)


def test_the_docstring_names_every_mask_convention() -> None:
    assert ReadOptions.__doc__
    for name in CONVENTIONS:
        assert f"`{name}`" in ReadOptions.__doc__
