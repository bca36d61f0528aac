"""The file of predictions: what it says of its shots, and what files of older versions do not."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.errors import DataError
from airybench.inference.predictions import Predictions

GROUPS = np.array([4, 4, 9], np.int32)
NEW = ("store_sha256", "split_digest", "labels_sha256")


def told() -> Predictions:
    """Three shots of two runs, of which everything is known."""
    logits = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    labels = np.array([[1, 0], [0, 1], [1, 1]], np.uint8)
    return Predictions(np.array([5, 2, 9]), logits, labels, ("a", "b"), "multilabel", GROUPS, "669e", "c128")


def test_a_file_says_store_split_and_runs(tmp_path: Path) -> None:
    told().write(tmp_path / "test.h5")
    after = Predictions.read(tmp_path / "test.h5")
    assert (after.store_sha256, after.split_digest) == ("669e", "c128")
    np.testing.assert_array_equal(after.groups, GROUPS)
    assert after.labels_sha256 == told().labels_sha256


def test_a_file_of_an_older_version_says_less(tmp_path: Path) -> None:
    told().write(path := tmp_path / "test.h5")
    with h5py.File(path, "a") as file:
        del file["groups"]
        for key in NEW:
            del file.attrs[key]
    after = Predictions.read(path)
    assert (after.groups, after.store_sha256, after.split_digest) == (None, "", "")
    np.testing.assert_array_equal(after.labels, told().labels)


def test_other_labels_than_those_written_are_refused(tmp_path: Path) -> None:
    told().write(path := tmp_path / "test.h5")
    with h5py.File(path, "a") as file:
        file["labels"][1, 0] ^= 1
    with pytest.raises(DataError, match="its labels were changed since it was written"):
        Predictions.read(path)


@pytest.mark.parametrize("key", NEW)
def test_what_is_no_hash_is_refused(tmp_path: Path, key: str) -> None:
    told().write(path := tmp_path / "test.h5")
    with h5py.File(path, "a") as file:
        file.attrs[key] = 5
    with pytest.raises(DataError, match="holds no predictions"):
        Predictions.read(path)


def test_the_hash_of_labels_is_of_labels_and_their_kind() -> None:
    one = told()
    others = [
        Predictions(one.ids, one.logits, 1 - one.labels, one.class_names, "multilabel"),
        Predictions(one.ids, one.logits, one.labels, one.class_names, "multiclass"),
        Predictions(one.ids, one.logits, one.labels.T.copy(), one.class_names, "multilabel"),
        Predictions(one.ids, one.logits, one.labels[:, :0], one.class_names, "multilabel"),
    ]
    assert len({one.labels_sha256, *(other.labels_sha256 for other in others)}) == 5
    same = Predictions(one.ids + 1, one.logits * 2, np.asfortranarray(one.labels), one.class_names, "multilabel")
    assert same.labels_sha256 == one.labels_sha256
