"""Backgrounds of runs against plain NumPy; labels of val and test are never asked."""

from pathlib import Path

import numpy as np
import pytest
import torch
from run_store import ALL, EMPTY, GROUPS, IMAGES, KNOWN, SIDE, SPLIT, by_hand, config, run_store

from airybench.data.loading.background import (
    MOST,
    RunBackgrounds,
    background_rows,
    lower_median,
    store_reader,
    trained_background,
)
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.placement import DiskInputs
from airybench.data.loading.preprocess import preprocess
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError

CPU = torch.device("cpu")


def loaded(store: Store, how: str, placement: str = "device") -> dict[str, torch.Tensor]:
    data = config(how).data
    rows = trained_background(store, SPLIT.train, data)
    background = None if rows is None else RunBackgrounds.of(store_reader(store), store.groups(), rows)
    corrections = ShotCorrections.of(store, None, data, background)
    found = LoadedDataset.from_store(store, SPLIT, data, "log1p", CPU, placement, corrections=corrections)
    return {part: torch.cat(list(getattr(found, part).evaluation_batches())) for part in ("train", "val", "test")}


@pytest.mark.parametrize(
    ("how", "placement", "chosen"),
    [("all", "device", ALL), ("empty", "host", KNOWN), ("empty", "disk", KNOWN), ("none", "device", None)],
)
def test_training_sees_counts_above_the_background(
    tmp_path: Path, how: str, placement: str, chosen: np.ndarray | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DiskInputs.__init__, "__defaults__", (0,))  # reads in this process
    found = loaded(run_store(tmp_path / "s.h5"), how, placement)
    counts = IMAGES if chosen is None else by_hand(chosen)
    expected = preprocess(torch.from_numpy(counts), 32, antialias=False, scaling="log1p")
    for part, inputs in found.items():
        torch.testing.assert_close(inputs, expected[getattr(SPLIT, part)])


def test_labels_of_val_and_test_are_not_asked(tmp_path: Path) -> None:
    labels = np.stack([~EMPTY, EMPTY], axis=1)
    changed = labels.copy()
    changed[np.r_[SPLIT.val, SPLIT.test]] = ~changed[np.r_[SPLIT.val, SPLIT.test]]
    before, after = (
        loaded(run_store(tmp_path / name, one), "empty") for name, one in (("a.h5", labels), ("b.h5", changed))
    )
    assert all(torch.equal(before[part], after[part]) for part in before)
    changed[SPLIT.train[1]] = (False, True)  # a training shot, for comparison
    other = loaded(run_store(tmp_path / "c.h5", changed), "empty")
    assert not torch.equal(before["train"], other["train"])


def test_shots_without_runs_are_one_run(tmp_path: Path) -> None:
    one = np.zeros_like(GROUPS)
    found = loaded(run_store(tmp_path / "s.h5", groups=None), "all")
    expected = preprocess(torch.from_numpy(by_hand(ALL, groups=one)), 32, antialias=False, scaling="log1p")
    torch.testing.assert_close(found["test"], expected[SPLIT.test])


def test_bad_pixels_of_single_shots_are_no_measurement(tmp_path: Path) -> None:
    good = np.random.default_rng(2).random(IMAGES.shape) > 0.4
    good[:, 3, 3] = False
    store = run_store(tmp_path / "s.h5", mask=good.astype(np.uint8))
    found = RunBackgrounds.of(store_reader(store), GROUPS, np.arange(len(GROUPS)))
    for row in (0, 20, 31):
        own = np.where(good, IMAGES, np.nan)[GROUPS[row] == GROUPS]
        own[:, np.isnan(own).all(axis=0)] = 0  # good in no shot of the run
        expected = np.nanpercentile(own, 50, axis=0, method="lower")
        assert np.array_equal(found.images[found.places[row]], expected)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_median_is_one_of_the_counts(count: int) -> None:
    counts = np.random.default_rng(count).integers(0, 65536, (count, 3, 4)).astype(np.uint16)
    expected = np.percentile(counts, 50, axis=0, method="lower")
    assert np.array_equal(lower_median(counts), expected)
    assert np.array_equal(lower_median(counts, np.ones(counts.shape, bool)), expected)


def test_long_runs_are_sampled_evenly_and_short_ones_refused() -> None:
    groups = np.repeat(np.array([3, 1], np.int32), (3 * MOST, 5))
    rows = background_rows("s.h5", groups)
    assert (groups[rows] == 3).sum() == MOST
    assert np.diff(rows[:MOST]).max() <= 4
    with pytest.raises(DataError, match=r"s.h5: run 1 has 4 shots, and the background of a run is the median of at"):
        background_rows("s.h5", groups[:-1])
    found = RunBackgrounds.of(
        lambda some: (np.zeros((len(some), 1, 1), np.uint16), None), groups, rows, np.array([3 * MOST])
    )
    assert (len(found.images), set(found.places[:-5].tolist()), set(found.places[-5:].tolist())) == (1, {-1}, {0})


def test_empty_needs_a_class_of_misses(tmp_path: Path) -> None:
    store = run_store(tmp_path / "s.h5", class_names=("A", "B"))
    with pytest.raises(ConfigError, match="no class Empty, Background or Miss; use --background all"):
        trained_background(store, SPLIT.train, config("empty").data)
    assert trained_background(store, SPLIT.train, config("none").data) is None
    assert store.image_shape == (SIDE, SIDE)
