"""Shots of every kind of source: as they lie in the file, in order, from any place to any other."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from recording import RecordingReporter

from airybench.data.formats.counts_rule import CountsRule
from airybench.data.formats.shot_source import Shots, open_shots
from airybench.data.formats.stack import StackKeys
from airybench.errors import ConfigError, DataError

RNG = np.random.default_rng(5)
EMPTY = (0,) * 10 + (1,)
STACK = RNG.integers(0, 60000, (2 * 64 + 9, 20, 20)).astype(np.uint16)


def read(shots: Shots, start: int = 0, stop: int | None = None) -> np.ndarray:
    stop = shots.count if stop is None else stop
    found = pickle.loads(pickle.dumps(shots.read))(start, stop)  # as a reader process has it
    assert (found.dtype, found.shape) == (np.uint16, (stop - start, *shots.image_shape))
    return found


def assert_any_stretch(shots: Shots, expected: np.ndarray) -> None:
    assert shots.count == len(expected)
    assert shots.image_shape == expected.shape[1:]
    count = len(expected)
    for start, stop in (
        (0, count),
        (0, 1),
        (count - 1, count),
        (count // 3, 2 * count // 3),
        (1, min(count, 64 + 2)),
    ):
        np.testing.assert_array_equal(read(shots, start, stop), expected[start:stop])


def stack(path: Path, images: np.ndarray = STACK, **more: Any) -> Path:
    with h5py.File(path, "w") as file:
        file["run/images"] = images
        for key, values in more.items():
            file[f"run/{key}"] = values
    return path


def test_a_store(write_store: Callable[..., Any], tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.h5", count=2 * 64 + 2)
    shots = open_shots(tmp_path / "s.h5")
    assert_any_stretch(shots, store.read_images(np.arange(store.count)))
    np.testing.assert_array_equal(shots.ids, np.arange(store.count) + 100)
    assert (shots.class_names, shots.identity) == (("A", "B"), store.content_sha256)


def test_a_store_without_labels(write_store: Callable[..., Any], tmp_path: Path) -> None:
    write_store(tmp_path / "s.h5", class_names=())
    shots = open_shots(tmp_path / "s.h5")
    assert (shots.count, shots.class_names) == (10, ())


def test_a_deposit_of_full_size(write_deposit: Callable[..., Path], tmp_path: Path) -> None:
    big = RNG.integers(0, 9000, (3, 1035, 1035)).astype(np.uint16)
    shots = open_shots(write_deposit(tmp_path / "d.cxi", big, [EMPTY] * 3))
    expected = np.empty((3, 259, 259))
    for row in range(259):  # means over 4 x 4, the last over the three pixels there are
        for column in range(259):
            blocks = big[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            expected[:, row, column] = blocks.reshape(3, -1).astype(np.float64).mean(1)
    assert_any_stretch(shots, np.rint(expected).astype(np.uint16))
    assert shots.ids.tolist() == [1001, 1002, 1003]
    assert len(shots.class_names) == 11


def test_a_deposit_out_of_order(write_deposit: Callable[..., Path], tmp_path: Path) -> None:
    labels = [EMPTY] * len(STACK)
    numbers = [*range(1, len(STACK) + 1)][::-1]
    shots = open_shots(write_deposit(tmp_path / "d.cxi", STACK, labels, numbers=numbers))
    by_id = {1000 + number: image for number, image in zip(numbers, STACK, strict=True)}
    assert_any_stretch(shots, np.stack([by_id[shot] for shot in shots.ids]))


def test_a_stack_with_ids(tmp_path: Path) -> None:
    ids = RNG.permutation(len(STACK)) + 10**12
    keys = StackKeys(images="run/images", ids="run/ids")
    shots = open_shots(stack(tmp_path / "s.h5", ids=ids), keys=keys)
    assert_any_stretch(shots, STACK)
    np.testing.assert_array_equal(shots.ids, ids)
    assert shots.class_names == ()


def test_a_stack_without_ids_is_numbered_and_says_so(tmp_path: Path) -> None:
    reporter = RecordingReporter()
    shots = open_shots(stack(tmp_path / "s.h5"), keys=StackKeys(images="run/images"), reporter=reporter)
    assert shots.ids.tolist() == list(range(len(STACK)))
    assert [line for line in reporter.notices if "numbered from 0" in line and "--ids KEY" in line]


def test_ids_that_repeat_are_told_and_kept(tmp_path: Path) -> None:
    reporter = RecordingReporter()
    ids = np.zeros(len(STACK), np.int64)
    keys = StackKeys(images="run/images", ids="run/ids")
    shots = open_shots(stack(tmp_path / "s.h5", ids=ids), keys=keys, reporter=reporter)
    assert_any_stretch(shots, STACK)
    assert any("ids repeat in this source" in line for line in reporter.notices)


def test_floats_need_a_rule(tmp_path: Path) -> None:
    photons = RNG.poisson(3, (12, 20, 20))
    path = stack(tmp_path / "s.h5", photons * 7.5 + RNG.uniform(0, 2, photons.shape))
    keys = StackKeys(images="run/images")
    with pytest.raises(DataError, match="counts-per-photon") as caught:
        read(open_shots(path, keys=keys))
    assert "\n" not in str(caught.value)
    shots = open_shots(path, keys=keys, rule=CountsRule(counts_per_photon=7.5, clip=True))
    np.testing.assert_array_equal(read(shots), photons)


def test_a_stack_is_binned_as_asked(tmp_path: Path) -> None:
    shots = open_shots(stack(tmp_path / "s.h5"), keys=StackKeys(images="run/images"), factor=2)
    means = STACK.astype(np.float64).reshape(-1, 10, 2, 10, 2).mean((2, 4))
    assert_any_stretch(shots, np.rint(means).astype(np.uint16))


def test_identity_changes_with_content_and_with_the_way_to_read_it(tmp_path: Path) -> None:
    path = stack(tmp_path / "s.h5")
    keys = StackKeys(images="run/images")
    first = open_shots(path, keys=keys).identity
    assert open_shots(path, keys=keys).identity == first
    assert open_shots(path, keys=keys, factor=2).identity != first
    assert open_shots(path, keys=keys, rule=CountsRule(clip=True)).identity != first
    stack(path, STACK[:-1])
    assert open_shots(path, keys=keys).identity != first


def test_what_cannot_be_read_is_one_line(write_store: Callable[..., Any], write_deposit, tmp_path: Path) -> None:
    plain, text = stack(tmp_path / "plain.h5"), tmp_path / "text.h5"
    text.write_text("hello")
    write_store(tmp_path / "store.h5")
    deposit = write_deposit(tmp_path / "d.cxi", STACK[:2], [EMPTY] * 2)
    keys = StackKeys(images="run/images")
    cases = [
        (DataError, "no such file", tmp_path / "none.h5", {}),
        (DataError, "not an HDF5 file", text, {}),
        (DataError, "neither a store nor a deposit nor a CXI file; .*--images KEY", plain, {}),
        (DataError, "run/pictures", plain, {"keys": StackKeys(images="run/pictures")}),
        (ConfigError, "a store is read as it is", tmp_path / "store.h5", {"rule": CountsRule(clip=True)}),
        (ConfigError, "a store is read as it is", tmp_path / "store.h5", {"factor": 2}),
        (ConfigError, "a deposit says all by itself", deposit, {"keys": StackKeys(ids="run/ids")}),
        (ConfigError, "mask", plain, {"keys": StackKeys(images="run/images", mask_convention="odd")}),
    ]
    for kind, message, path, how in cases:
        with pytest.raises(kind, match=message) as caught:
            open_shots(path, **how)
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError):
        open_shots(stack(tmp_path / "empty.h5", STACK[:0]), keys=keys)
    with pytest.raises(DataError):
        open_shots(stack(tmp_path / "flat.h5", STACK[:, 0]), keys=StackKeys(images="run/images", ids="run/none"))


def test_labels_that_cannot_be_do_not_stand_in_the_way(write_deposit: Callable[..., Path], tmp_path: Path) -> None:
    for name, labels in (("seven", np.eye(7)), ("wrong", np.ones((7, 11)))):
        path = write_deposit(tmp_path / f"{name}.cxi", STACK[:7], labels.astype(int).tolist())
        with pytest.raises(DataError, match="add --ignore-labels to answer without them") as caught:
            open_shots(path)
        assert "--class-names" not in str(caught.value)
        shots = open_shots(path, labels=False)
        assert_any_stretch(shots, STACK[:7])
        assert shots.class_names == ()
    bare = write_deposit(
        tmp_path / "bare.cxi", STACK[:7], [[]] * 7, edit=lambda file: [file.pop(f"{k}/note_1") for k in file]
    )
    assert open_shots(bare).class_names == ()
