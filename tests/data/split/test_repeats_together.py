"""Shots with the same image are in one part of every split and enter a fraction together."""

import numpy as np
import pytest

from airybench.data.split.fraction import training_fraction
from airybench.data.split.repeats_together import merged_groups
from airybench.data.split.split import PARTS, Split, make_folds, make_split
from airybench.errors import DataError

RNG = np.random.default_rng(20)
COUNT = 200
HASHES = np.tile(RNG.integers(0, 2**63, 50).astype(np.uint64), 4)  # every image four times
NOISE = np.eye(3, dtype=np.uint8)[np.tile(RNG.integers(0, 3, 50), 4)]
IDS = RNG.permutation(1000)[:COUNT]


def parts_of_images(split: Split, hashes: np.ndarray) -> list[set[int]]:
    return [set(hashes[getattr(split, part)].tolist()) for part in PARTS]


def assert_apart(split: Split, hashes: np.ndarray = HASHES) -> None:
    train, val, test = parts_of_images(split, hashes)
    assert not train & val
    assert not train & test
    assert not val & test
    assert sum(len(getattr(split, part)) for part in PARTS) == len(hashes)


def test_by_shot() -> None:
    split = make_split(IDS, NOISE, "", hashes=HASHES)
    assert_apart(split)
    assert [len(getattr(split, part)) / COUNT for part in PARTS] == pytest.approx([0.7, 0.15, 0.15], abs=0.03)
    with pytest.raises(AssertionError):
        assert_apart(make_split(IDS, NOISE, ""))  # what this test would find without the hashes


def test_whatever_the_order_of_the_rows() -> None:
    order = np.random.default_rng(1).permutation(COUNT)
    moved = make_split(IDS[order], NOISE[order], "", hashes=HASHES[order])
    assert moved.digest == make_split(IDS, NOISE, "", hashes=HASHES).digest


def test_contradicting_labels_keep_their_image_whole() -> None:
    labels = np.eye(3, dtype=np.uint8)[np.random.default_rng(3).integers(0, 3, COUNT)]
    assert_apart(make_split(IDS, labels, "", hashes=HASHES))


def test_by_fold() -> None:
    for split in make_folds(IDS, NOISE, "", 5, hashes=HASHES):
        assert_apart(split)


@pytest.mark.parametrize("folds", [0, 4])
def test_by_group(folds: int) -> None:
    groups = (np.arange(COUNT) % 25).astype(np.int32)  # each image is in two groups
    groups[100:] += 100
    same = {"groups": groups, "hashes": HASHES}
    split = make_folds(IDS, NOISE, "", folds, **same)[1] if folds else make_split(IDS, NOISE, "", **same)
    assert_apart(split)
    for group in np.unique(groups):
        inside = [np.isin(np.flatnonzero(groups == group), getattr(split, part)).all() for part in PARTS]
        assert sum(inside) == 1


def test_groups_that_images_connect_into_too_few() -> None:
    run = np.repeat([1, 2, 3, 4], 50).astype(np.int32)
    with pytest.raises(DataError, match=r"identical images connect the 4 groups, so that 1 can be kept apart; .* 3"):
        make_split(IDS, NOISE, "", groups=run, hashes=HASHES)


def test_a_chain_of_groups_is_one() -> None:
    groups, first = np.array([5, 2, 2, 9, 7, 7], np.int32), np.array([0, 0, 2, 2, 4, 5])
    assert merged_groups(groups, first, 2).tolist() == [2, 2, 2, 2, 7, 7]


def test_without_repeats_nothing_changes() -> None:
    hashes, groups = np.arange(COUNT).astype(np.uint64), (np.arange(COUNT) % 9).astype(np.int32)
    for how in ({}, {"groups": groups}):
        assert make_split(IDS, NOISE, "", hashes=hashes, **how).digest == make_split(IDS, NOISE, "", **how).digest
        with_hashes, without = make_folds(IDS, NOISE, "", 4, hashes=hashes, **how), make_folds(IDS, NOISE, "", 4, **how)
        assert [split.digest for split in with_hashes] == [split.digest for split in without]
    rows = np.arange(0, COUNT, 2)
    for fraction in (0.1, 0.37, 1):
        np.testing.assert_array_equal(
            training_fraction(rows, IDS, NOISE, fraction, 7, hashes), training_fraction(rows, IDS, NOISE, fraction, 7)
        )


def test_repeats_inside_a_group_change_no_split_by_group() -> None:
    groups, hashes = (np.arange(COUNT) // 10).astype(np.int32), (np.arange(COUNT) // 2).astype(np.uint64)
    split = make_split(IDS, NOISE, "", groups=groups, hashes=hashes)
    assert split.digest == make_split(IDS, NOISE, "", groups=groups).digest


def test_an_image_of_very_many_shots_goes_to_train() -> None:
    hashes = np.arange(COUNT).astype(np.uint64)
    hashes[:80] = 0
    for seed in range(5):
        split = make_split(IDS, NOISE, "", seed, hashes=hashes)
        assert 0 in hashes[split.train]
        assert [len(getattr(split, part)) / COUNT for part in PARTS] == pytest.approx([0.7, 0.15, 0.15], abs=0.04)


def test_a_fraction_takes_images_whole_and_is_nested() -> None:
    rows, before = np.arange(COUNT), np.zeros(0, np.int64)
    for fraction in (0.05, 0.2, 0.5, 0.81, 1):
        taken = training_fraction(rows, IDS, NOISE, fraction, 7, HASHES)
        assert not set(HASHES[taken]) & set(HASHES[np.setdiff1d(rows, taken)])
        assert fraction * COUNT <= len(taken) < fraction * COUNT + 4
        assert np.isin(before, taken).all()
        before = taken
