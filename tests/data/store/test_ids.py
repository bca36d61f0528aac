"""Identifiers may be whole numbers of 64 bits or text, through everything that is keyed on them."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.data.formats.deposit_export import export_store
from airybench.data.formats.dispatch import import_data, open_shots
from airybench.data.loading.noise import draws
from airybench.data.split.fraction import digest, training_fraction
from airybench.data.split.split import PARTS, Split, make_split
from airybench.data.store.ids import as_ids, id_number, ids_from_json, joined_ids, same_ids
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError
from airybench.inference.predictions import Predictions

TEXT = [f"18625{row % 7}:{row}" for row in range(40)] + ["Größe/Ω 1", "x" * 90]
HEADER = StoreHeader("x", (), "multilabel", source="x", counts_rule="x")


def text_store(path: Path) -> Store:
    """A store whose ids are text of several lengths, in three batches; one of them came as bytes."""
    images = np.random.default_rng(0).integers(0, 9, (len(TEXT), 8, 8)).astype(np.uint16)
    with StoreWriter(path, HEADER, image_shape=(8, 8)) as writer:
        for rows, ids in ((slice(0, 5), np.array(TEXT[:5], "S")), (slice(5, 6), TEXT[5:6]), (slice(6, None), TEXT[6:])):
            count = len(images[rows])
            events = {"fiducial": np.array(TEXT[rows]), "pulse": np.arange(count)}
            writer.append(images[rows], ids=ids, photon_energy=np.full(count, 20.0), events=events)
    return Store.open(path)


def test_a_store_keeps_text(tmp_path: Path) -> None:
    store = text_store(tmp_path / "a.h5")
    assert store.ids().dtype.kind == "U"
    assert store.ids().tolist() == TEXT
    assert store.columns("events")["fiducial"].tolist() == TEXT
    store.verify()


def test_numbers_beside_text_become_text(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "a.h5", HEADER, image_shape=(8, 8)) as writer:
        for ids in ([3, 4], ["3a"], np.array([2**63 + 1], np.uint64)):
            writer.append(np.ones((len(ids), 8, 8), np.uint16), ids=ids, photon_energy=np.ones(len(ids)))
    assert Store.open(tmp_path / "a.h5").ids().tolist() == ["3", "4", "3a", "9223372036854775809"]
    assert joined_ids([np.array([-(2**63)]), np.array([2**63 - 1])]).tolist() == [-(2**63), 2**63 - 1]


def test_text_that_repeats_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="/ids has repeats"),
        StoreWriter(tmp_path / "a.h5", HEADER, image_shape=(8, 8)) as writer,
    ):
        writer.append(np.ones((2, 8, 8), np.uint16), ids=["a", "a"], photon_energy=[1, 1])


@pytest.mark.parametrize("values", [[1.5], [True], np.array([1j])])
def test_what_is_no_identifier(values: object) -> None:
    with pytest.raises(DataError, match="whole numbers or text are expected"):
        as_ids(values)


def test_a_split_keeps_text() -> None:
    ids, labels = np.array(TEXT), np.eye(2, dtype=np.uint8)[np.arange(len(TEXT)) % 2]
    split = make_split(ids, labels, "abc")
    text = split.to_json(ids)
    assert sorted(one for part in PARTS for one in json.loads(text)[part]) == sorted(TEXT)
    order = np.random.default_rng(1).permutation(len(ids))
    back = Split.from_json(text, ids[order])
    for part in PARTS:
        assert sorted(ids[order][getattr(back, part)]) == sorted(ids[getattr(split, part)])
    for others in (np.arange(len(TEXT)), np.array([*TEXT[:-1], "y"])):
        with pytest.raises(DataError, match="names other shots"):
            Split.from_json(text, others)


@pytest.mark.parametrize("parts", [[[1, "a"]], [[1.5]], [[True]], [[None]], [["a"], [1]]])
def test_a_split_of_neither_numbers_nor_text(parts: list[list[object]]) -> None:
    with pytest.raises(TypeError):
        ids_from_json(parts)


def test_the_number_7_is_not_the_text_7() -> None:
    assert same_ids(np.array([7]), np.array([7], np.int64))
    assert same_ids(np.array(["7"]), np.array(["7"], "U9"))
    assert not same_ids(np.array([7]), np.array(["7"]))


def test_a_fraction_of_text() -> None:
    ids, labels = np.array(TEXT), np.ones((len(TEXT), 1), np.uint8)
    half = training_fraction(np.arange(len(ids)), ids, labels, 0.5, seed=1)
    order = np.random.default_rng(2).permutation(len(ids))
    again = training_fraction(np.arange(len(ids)), ids[order], labels, 0.5, seed=1)
    assert set(ids[half]) == set(ids[order][again])
    assert digest(half, ids) == digest(again, ids[order])


def test_noise_depends_on_the_text_of_an_id() -> None:
    together = draws(np.array(["run1:7", "run1:8"]), 8, seed=3)
    alone = draws(np.array(["run1:8", "a much longer name"]), 8, seed=3)
    assert (together[1] == alone[0]).all()
    assert not (together[0] == together[1]).any()
    assert id_number(-1) == 2**64 - 1


@pytest.mark.parametrize("ids", [np.array(TEXT[:3]), np.array([5, 3, -1])])
def test_predictions_keep_ids(ids: np.ndarray, tmp_path: Path) -> None:
    kept = Predictions(ids, np.zeros((3, 2), np.float32), np.ones((3, 2), np.uint8), ("a", "b"), "multilabel")
    kept.write(tmp_path / "test.h5")
    assert same_ids(Predictions.read(tmp_path / "test.h5").ids, ids)
    assert kept.to_pandas().index.tolist() == ids.tolist()


def test_a_deposit_keeps_text(tmp_path: Path) -> None:
    store = text_store(tmp_path / "a.h5")
    back = import_data([export_store(store, tmp_path / "a.cxi")], tmp_path / "b.h5")
    assert back.ids().tolist() == TEXT
    np.testing.assert_array_equal(back.read_images(), store.read_images())


def test_a_store_as_a_source_keeps_text(tmp_path: Path) -> None:
    shots = open_shots(text_store(tmp_path / "a.h5").path)
    assert shots.ids.tolist() == TEXT
    assert shots.select(np.array([1, 41])).events["fiducial"].tolist() == [TEXT[1], TEXT[41]]


def test_a_deposit_of_numbers_and_text_is_refused(tmp_path: Path) -> None:
    path = export_store(text_store(tmp_path / "a.h5"), tmp_path / "a.cxi")
    with h5py.File(path, "a") as file:
        del file["entry_3/experimental_identifier"]
        file["entry_3/experimental_identifier"] = 7
    with pytest.raises(DataError, match=r"entry_3 has the id 7, entry_1 has '186250:0'; all numbers or all text"):
        import_data([path], tmp_path / "b.h5")
