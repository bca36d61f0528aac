"""Splits are in proportion, the same for the same ids, and leave out no rare class."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from airybench.data.split.split import PARTS, Split, make_folds, make_split
from airybench.errors import DataError
from airybench.physics.populations import HELIUM_CLASSES, helium_label_sets

SETS, COUNTS = helium_label_sets()
VECTORS = np.array([[name in labels for name in HELIUM_CLASSES] for labels in SETS], np.uint8)


def helium(count: int | None = None, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids and labels: the whole published population, or a draw from it."""
    rng = np.random.default_rng(seed)
    rows = (
        np.repeat(np.arange(43), COUNTS) if count is None else rng.choice(43, count, p=np.array(COUNTS) / sum(COUNTS))
    )
    return rng.permutation(10 * len(rows))[: len(rows)], VECTORS[rows]


def parts_of(split: Split) -> list[np.ndarray]:
    return [getattr(split, name) for name in PARTS]


@pytest.fixture(scope="module")
def whole() -> tuple[np.ndarray, np.ndarray, Split]:
    ids, labels = helium()
    return ids, labels, make_split(ids, labels, "abc")


def test_every_shot_is_in_one_part(whole: tuple[np.ndarray, np.ndarray, Split]) -> None:
    _, _, split = whole
    for part in parts_of(split):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
    np.testing.assert_array_equal(np.sort(np.concatenate(parts_of(split))), np.arange(7264))


def test_shares(whole: tuple[np.ndarray, np.ndarray, Split]) -> None:
    _, labels, split = whole
    assert [len(part) / 7264 for part in parts_of(split)] == pytest.approx([0.70, 0.15, 0.15], abs=0.002)
    for column in labels.T:
        shares = [column[part].sum() / column.sum() for part in parts_of(split)]
        assert shares == pytest.approx([0.70, 0.15, 0.15], abs=0.05 if column.sum() < 100 else 0.02)


def test_large_label_sets_keep_their_share(whole: tuple[np.ndarray, np.ndarray, Split]) -> None:
    _, labels, split = whole
    for vector, count in zip(VECTORS, COUNTS, strict=True):
        held = [int((labels[part] == vector).all(axis=1).sum()) for part in parts_of(split)]
        if count >= 7:
            assert min(held) >= 1
        if count >= 40:
            assert [number / count for number in held] == pytest.approx([0.70, 0.15, 0.15], abs=0.04)


@pytest.mark.parametrize("seed", range(25))
def test_unique_label_sets_are_in_train_and_rare_classes_in_every_part(seed: int) -> None:
    count = int(np.random.default_rng(seed).integers(60, 1500))
    ids, labels = helium(count, seed)
    split = make_split(ids, labels, "", seed)
    _, members, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    single = np.flatnonzero(counts[members.reshape(-1)] == 1)
    assert np.isin(single, split.train).all()
    assert len(split.train) / count == pytest.approx(0.7, abs=0.02)
    for column in labels.T:
        held = [int(column[part].sum()) for part in parts_of(split)]
        if np.delete(column, single).sum() >= 7:
            assert min(held) >= 1
        if column.sum() >= 40:
            assert [number / column.sum() for number in held] == pytest.approx([0.70, 0.15, 0.15], abs=0.07)


def test_a_rare_class_of_tiny_label_sets_is_in_every_part() -> None:
    # Eight shots of a class in four pairs: stratified by label sets alone, all of them would be in train.
    labels = np.zeros((200, 6), np.uint8)
    labels[:, 0] = 1
    for pair in range(4):
        labels[2 * pair : 2 * pair + 2, 1] = 1
        labels[2 * pair : 2 * pair + 2, 2 + pair] = 1
    for seed in range(20):
        split = make_split(np.arange(200), labels, "", seed)
        assert min(labels[part, 1].sum() for part in parts_of(split)) >= 1


def test_parts_depend_on_ids_not_on_rows(whole: tuple[np.ndarray, np.ndarray, Split]) -> None:
    ids, labels, split = whole
    order = np.random.default_rng(5).permutation(len(ids))
    moved = make_split(ids[order], labels[order], "abc")
    for before, after in zip(parts_of(split), parts_of(moved), strict=True):
        np.testing.assert_array_equal(np.sort(ids[before]), np.sort(ids[order][after]))
    assert moved.digest == split.digest


def test_seed_and_labels_decide() -> None:
    ids, labels = helium(300)
    split = make_split(ids, labels, "abc")
    assert split.split_seed == 1612
    again = make_split(ids, labels, "abc")
    assert again.digest == split.digest
    np.testing.assert_array_equal(again.val, split.val)
    other = make_split(ids, labels, "abc", 1)
    assert other.digest != split.digest
    assert not np.array_equal(other.val, split.val)


def test_global_random_state_is_neither_used_nor_touched() -> None:
    ids, labels = helium(200)
    np.random.seed(1)  # noqa: NPY002
    before = make_split(ids, labels, "").digest
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert make_split(ids, labels, "").digest == before
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_one_hot_labels() -> None:
    labels = np.eye(5, dtype=np.uint8)[np.arange(100) % 5]
    split = make_split(np.arange(100), labels, "")
    assert [len(part) for part in parts_of(split)] == [70, 15, 15]
    assert (labels[split.test].sum(axis=0) == 3).all()


def test_nothing_is_warned_about() -> None:
    code = (
        "import numpy as np\nfrom airybench.data.split.split import make_split\n"
        "make_split(np.arange(40), np.eye(4, dtype=np.uint8)[np.arange(40) % 4], '')"
    )
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_split(*helium(50), "")


def test_json_round_trip_on_reordered_rows() -> None:
    ids, labels = helium(200)
    split = make_split(ids, labels, "abc")
    text = split.to_json(ids)
    content = json.loads(text)
    assert content["store_sha256"] == "abc"
    assert content["val"] == sorted(ids[split.val].tolist())
    order = np.random.default_rng(1).permutation(200)
    back = Split.from_json(text, ids[order])
    assert (back.digest, back.split_seed, back.store_sha256) == (split.digest, 1612, "abc")
    for before, after in zip(parts_of(split), parts_of(back), strict=True):
        assert after.dtype == np.int64
        assert (np.diff(after) > 0).all()
        np.testing.assert_array_equal(np.sort(ids[before]), np.sort(ids[order][after]))


def test_json_that_is_no_split_is_refused() -> None:
    ids, labels = helium(200)
    text = make_split(ids, labels, "abc").to_json(ids)
    for wrong in ("{", "[]", "{}", '{"train": 1}', "[" * 100_000, text.replace("1612", "1e999")):
        with pytest.raises(DataError, match=r"not a split\.json"):
            Split.from_json(wrong, ids)
    content = json.loads(text)
    content["train"].append(content["test"].pop())
    with pytest.raises(DataError, match="was changed"):
        Split.from_json(json.dumps(content), ids)
    with pytest.raises(DataError, match="names other shots"):
        Split.from_json(text, ids + 1)
    with pytest.raises(DataError, match="names other shots"):
        Split.from_json(text, ids[1:])


def test_too_few_shots_are_refused() -> None:
    with pytest.raises(DataError, match="19 shots, at least 20"):
        make_split(np.arange(19), np.ones((19, 1), np.uint8), "")
    single = np.array([[value >> bit & 1 for bit in range(5)] for value in range(20)], np.uint8)
    with pytest.raises(DataError, match="the val part is empty: too many label sets occur only once"):
        make_split(np.arange(20), single, "")
    with pytest.raises(DataError, match="repeated ids"):
        make_split(np.zeros(30, np.int64), np.ones((30, 1), np.uint8), "")


@pytest.mark.parametrize("folds", [3, 5, 10])
def test_every_shot_is_tested_once_over_the_folds(folds: int) -> None:
    ids, labels = helium(600)
    splits = make_folds(ids, labels, "", folds)
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(600))
    for fold, split in enumerate(splits):
        np.testing.assert_array_equal(np.sort(np.concatenate(parts_of(split))), np.arange(600))
        np.testing.assert_array_equal(split.val, splits[(fold + 1) % folds].test)  # val is the next fold
        assert len(split.test) / 600 == pytest.approx(1 / folds, abs=0.03)
        for column in labels.T:
            if column.sum() >= folds:
                assert column[split.test].sum() >= 1
            if column.sum() >= 100:
                assert column[split.test].mean() == pytest.approx(column.mean(), abs=0.04)
    assert len({split.digest for split in splits}) == folds


@pytest.mark.parametrize("seed", range(8))
def test_groups_stay_whole_and_in_proportion(seed: int) -> None:
    ids, labels = helium(1000, seed)
    rng = np.random.default_rng(seed)
    sizes = rng.dirichlet(np.full(25, 3.0))
    groups = rng.choice(25, 1000, p=sizes).astype(np.int32) * 7 - 3
    split = make_split(ids, labels, "", seed, groups=groups)
    held = [set(groups[part].tolist()) for part in parts_of(split)]
    assert not held[0] & held[1]
    assert not held[0] & held[2]
    assert not held[1] & held[2]
    assert sum(map(len, held)) == len(np.unique(groups))
    assert [len(part) / 1000 for part in parts_of(split)] == pytest.approx([0.7, 0.15, 0.15], abs=0.04)
    order = rng.permutation(1000)
    assert make_split(ids[order], labels[order], "", seed, groups=groups[order]).digest == split.digest
    back = Split.from_json(split.to_json(ids), ids)
    np.testing.assert_array_equal(back.test, split.test)


def test_groups_and_folds_together() -> None:
    ids, labels = helium(400)
    groups = (np.arange(400) // 40).astype(np.int32)
    tested = [split.test for split in make_folds(ids, labels, "", 5, groups=groups)]
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(400))
    assert [len(part) for part in tested] == [80] * 5  # ten runs of forty shots in five folds
    assert all(len(np.unique(groups[part])) == 2 for part in tested)


def test_too_few_groups_are_refused() -> None:
    ids, labels = helium(100)
    with pytest.raises(DataError, match=r"every shot has group 0, at least 3 groups .*--groups KEY.*--split-by shot"):
        make_split(ids, labels, "", groups=np.zeros(100, np.int32))
    with pytest.raises(DataError, match="there are 4 groups, at least 5 groups are needed"):
        make_folds(ids, labels, "", 5, groups=(np.arange(100) % 4).astype(np.int32))
    uneven = np.r_[np.zeros(90), np.arange(1, 3).repeat(5)].astype(np.int32)  # one run has nearly all shots
    assert [len(part) for part in parts_of(make_split(ids, labels, "", groups=uneven))] == [90, 5, 5]


def test_splits_of_earlier_versions_are_unchanged() -> None:
    ids, labels = np.arange(100), np.eye(5, dtype=np.uint8)[np.arange(100) % 5]
    first = make_split(ids, labels, "", version=1)
    assert first.digest == "6f94d012e1725813e0095c5f682ade406d1ebc0f98e79f15977f552030aacdd6"
    second = make_split(ids, labels, "")
    assert second.digest == "a7632e3070fe054bd8a6b7c6b89f42dcd08d7c171b70e53dd4217da995f886cd"


@pytest.mark.parametrize("folds", [0, 5])
def test_every_part_holds_its_share_of_every_run(folds: int) -> None:
    """The shots of a run have neighbouring ids; once val and test held the last runs alone."""
    ids, labels = np.arange(1024), helium(1024)[1]
    run = np.repeat(np.arange(8), 128)

    def p_values(version: int) -> list[float]:
        seeds = range(10)
        if folds:
            splits = [make_folds(ids, labels, "", folds, seed, version)[0] for seed in seeds]
        else:
            splits = [make_split(ids, labels, "", seed, version) for seed in seeds]
        tables = [[np.bincount(run[part], minlength=8) for part in parts_of(split)] for split in splits]
        return [float(chi2_contingency(table).pvalue) for table in tables]

    assert min(p_values(2)) > 1e-4
    if not folds:
        assert max(p_values(1)) < 1e-20
