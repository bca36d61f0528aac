"""Keyword arguments become the options of a source."""

import pytest

from airybench.api.read_options import ReadOptions, source_options
from airybench.data.reading.counts_rule import CONVENTIONS
from airybench.data.reading.options import DEFAULT_OPTIONS
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


def test_a_mistyped_argument_is_refused() -> None:
    wrong: ReadOptions = {"imges": "patterns"}  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ConfigError, match=r"unknown option 'imges'.*Did you mean 'images'"):
        source_options(wrong)


def test_the_docstring_names_every_mask_convention() -> None:
    assert ReadOptions.__doc__
    for name in CONVENTIONS:
        assert f"`{name}`" in ReadOptions.__doc__
