"""Repeated images are counted, and those with contradicting labels are found, listed, refused or left out."""

from pathlib import Path

import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.store.check import check
from airybench.data.store.content import image_hashes
from airybench.data.store.repeats import (
    Repeats,
    contradictions,
    contradictions_in_words,
    first_of_each,
    repeats,
    settle,
)
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError

RNG = np.random.default_rng(20)
BASE = RNG.poisson(8, (5, 16, 16)).astype(np.uint16)
IMAGES = BASE[[0, 1, 2, 3, 0, 1, 4, 0]]
LABELS = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [1, 1], [0, 1], [0, 0]], np.uint8)


def test_every_repeat_is_counted() -> None:
    hashes = image_hashes(IMAGES)
    assert first_of_each(hashes).tolist() == [0, 1, 2, 3, 0, 1, 6, 0]
    assert repeats(hashes) == Repeats(2, 5, 0)
    assert repeats(hashes, LABELS) == Repeats(2, 5, 2)
    assert repeats(image_hashes(BASE), LABELS[:5]) == Repeats(0, 0, 0)
    assert repeats(np.zeros(0, np.uint64)) == Repeats(0, 0, 0)


def test_contradictions_are_listed_with_ids_and_labels() -> None:
    rows = contradictions(image_hashes(IMAGES), LABELS)
    assert [some.tolist() for some in rows] == [[0, 4, 7], [1, 5]]
    words = contradictions_in_words(rows, np.arange(10, 18), LABELS, ("hit", "miss"))
    assert words == "10 (hit) = 14 (hit) = 17 (no label); 11 (miss) = 15 (hit, miss)"
    assert contradictions(image_hashes(IMAGES), LABELS[:, :1] * 0) == []


def settled(path: Path, conflicts: str | None, reporter: CollectingReporter, labels: np.ndarray = LABELS) -> Store:
    header = StoreHeader("mine", ("hit", "miss"), "multilabel", source="stack", counts_rule="as they are")
    with StoreWriter(path, header, image_shape=(16, 16)) as writer:
        for rows in np.array_split(np.arange(8), 3):
            writer.append(IMAGES[rows], ids=rows + 10, photon_energy=np.ones(len(rows)), labels=labels[rows])
        settle(writer, ("hit", "miss"), conflicts, reporter)
    return Store.open(path)


def test_contradictions_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 images have .* \(5 shots\): 10 \(hit\) = .* --on-conflict drop to leave"):
        settled(tmp_path / "a.h5", None, CollectingReporter())
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize(("conflicts", "kept"), [("drop", [2, 3, 6]), ("first", [0, 1, 2, 3, 6])])
def test_contradictions_are_left_out(conflicts: str, kept: list[int], tmp_path: Path) -> None:
    reporter = CollectingReporter()
    store = settled(tmp_path / "a.h5", conflicts, reporter)
    assert store.ids().tolist() == [row + 10 for row in kept]
    np.testing.assert_array_equal(store.read_images(), IMAGES[kept])
    np.testing.assert_array_equal(store.labels(), LABELS[kept])
    assert store.left_out[0].count == 8 - len(kept)
    assert "5 shots share 2 images" in reporter.notices[0]
    check(store)


def test_repeats_of_one_mind_stay(tmp_path: Path) -> None:
    reporter = CollectingReporter()
    store = settled(tmp_path / "a.h5", None, reporter, np.ones_like(LABELS))
    assert (store.count, len(reporter.notices)) == (8, 1)
    with pytest.raises(ConfigError, match="expected drop or first"):
        settled(tmp_path / "b.h5", "last", reporter)
