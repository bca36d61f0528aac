"""Stores are written completely or not at all, and refused with one clear line when something is wrong."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError
from airybench.paths import data_folder, require_free

HEADER = StoreHeader("x", (), "multilabel", source="x", counts_rule="x")
Make = Callable[..., Any]


def test_the_layout_is_the_documented_one(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    with h5py.File(store.path) as file:
        images = file["images"]
        assert images.dtype == np.uint16
        assert images.shape == (10, 24, 24)
        assert images.chunks == (1, 24, 24)
        assert "32008" in images._filters  # bitshuffle
        assert images._filters["32008"][-1] == 2  # with LZ4
        assert file.attrs["schema"] == "airybench-store"
        assert file.attrs["schema_version"] == 2
        assert list(file.attrs["class_names"]) == ["A", "B"]
        assert file["ids"].dtype == np.int64
        assert file["labels"].dtype == np.uint8
        assert file["groups"].dtype == np.int32
        assert file["photon_energy"].dtype == np.float32
        assert file["image_hash"].dtype == np.uint64


def test_reading_gives_back_what_was_written(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    rng = np.random.default_rng(0)
    images = np.concatenate([rng.integers(0, 65536, (n, 24, 24)).astype(np.uint16) for n in (4, 4, 2)])
    np.testing.assert_array_equal(store.read_images(), images)
    for rows in ([7], [], [3, 4, 5, 1, 9, 9, 0], list(range(9, -1, -1))):
        got = store.read_images(np.array(rows, int))
        assert got.dtype == np.uint16
        np.testing.assert_array_equal(got, images[rows] if rows else images[:0])
    np.testing.assert_array_equal(store.ids(), np.arange(100, 110))
    np.testing.assert_array_equal(store.photon_energy(), np.arange(20, 30))
    np.testing.assert_array_equal(store.labels()[:, 0], np.arange(10) % 2)
    np.testing.assert_array_equal(store.columns("truth")["radius"], np.arange(10) * 1.5)
    assert (store.seed, store.count, store.image_shape, store.class_names) == (3, 10, (24, 24), ("A", "B"))
    assert store.mask() is None
    assert pickle.loads(pickle.dumps(store)) == store


def test_slices_join_without_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    whole = store.read_images()
    monkeypatch.setattr("airybench.data.store.store.SLICE", 3)
    monkeypatch.setattr("airybench.data.store.content.SLICE", 3)
    np.testing.assert_array_equal(store.read_images(), whole)
    np.testing.assert_array_equal(store.read_images(np.arange(2, 10)), whole[2:])
    assert store.verify().largest == whole.max()


@pytest.mark.parametrize("rows", [[10], [-1, 2]])
def test_rows_outside_are_refused(tmp_path: Path, rows: list[int], write_store: Make) -> None:
    with pytest.raises(DataError, match=r"the store has 0\.\.9"):
        write_store(tmp_path / "a.h5").read_images(np.array(rows))


def test_unlabelled_store(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5", class_names=(), seed=None)
    assert not store.labelled
    assert store.seed is None
    store.verify()
    with pytest.raises(DataError, match="unlabelled"):
        store.labels()


SPOILS = {
    "images_key": (lambda f: f.pop("images"), r"/images is missing"),
    "ids_key": (lambda f: f.pop("ids"), r"/ids is missing"),
    "schema": (lambda f: f.attrs.pop("schema"), r"no airybench-store .* data import"),
    "version": (lambda f: f.attrs.__setitem__("schema_version", 9), r"schema version 9, this airybench reads 1 to 2"),
    "hash": (lambda f: f.attrs.pop("content_sha256"), r"attribute 'content_sha256' is missing"),
    "kind": (lambda f: f.attrs.__setitem__("label_kind", "fuzzy"), r"label_kind 'fuzzy', expected one of multilabel"),
    "class_count": (lambda f: f.attrs.__setitem__("class_names", ["A"]), r"2 label columns, class_names has 1"),
    "class_twice": (lambda f: f.attrs.__setitem__("class_names", ["A", "A"]), r"class_names has 2: A, A"),
    "label_range": (lambda f: f["labels"].__setitem__((3, 0), 7), r"/labels row 3 holds 7, expected 0 and 1"),
    "multiclass": (lambda f: f.attrs.__setitem__("label_kind", "multiclass"), r"/labels row 1 names 2 classes"),
    "ids_twice": (lambda f: f["ids"].__setitem__(3, 100), r"/ids has repeats"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_spoilt_store_is_refused(tmp_path: Path, spoil: str, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    edit, message = SPOILS[spoil]
    with h5py.File(store.path, "a") as file:
        edit(file)
    with pytest.raises(DataError, match=message):
        Store.open(store.path)


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("images", np.zeros((10, 24, 24), np.float32), r"/images is float32 \(10, 24, 24\), expected uint16"),
        (
            "images",
            np.zeros((10, 24), np.uint16),
            r"/images is uint16 \(10, 24\), expected uint16 of shape \(N, H, W\)",
        ),
        ("labels", np.zeros((9, 2), np.uint8), r"/labels has shape \(9, 2\), expected \(10, 2\)"),
        ("photon_energy", np.zeros(10, np.float64), r"/photon_energy is float64"),
        ("truth/radius", np.zeros(9), r"/truth/radius has shape \(9,\)"),
        ("mask", np.ones((23, 24), np.uint8), r"/mask has shape \(23, 24\), expected \(24, 24\)"),
    ],
)
def test_wrong_dtype_and_shape_are_refused(
    tmp_path: Path, key: str, values: np.ndarray, message: str, write_store: Make
) -> None:
    store = write_store(tmp_path / "a.h5")
    with h5py.File(store.path, "a") as file:
        file.pop(key, None)
        file[key] = values
    with pytest.raises(DataError, match=message):
        Store.open(store.path)


def test_images_never_written_are_refused(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    with h5py.File(store.path, "a") as file:
        del file["images"]
        file.create_dataset("images", (10, 24, 24), "uint16", chunks=(1, 24, 24))
    with pytest.raises(DataError, match="holds no counts of its own"):
        Store.open(store.path)


def test_files_that_are_no_store(tmp_path: Path, write_store: Make) -> None:
    with pytest.raises(DataError, match="no such file"):
        Store.open(tmp_path / "none.h5")
    with pytest.raises(DataError, match="a folder"):
        Store.open(tmp_path)
    (tmp_path / "text.h5").write_text("no counts here")
    with pytest.raises(DataError, match="not an HDF5 file"):
        Store.open(tmp_path / "text.h5")
    whole = write_store(tmp_path / "a.h5").path.read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="truncated HDF5 file") as caught:
        Store.open(tmp_path / "cut.h5")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["images", "ids", "labels", "photon_energy"])
def test_verify_sees_one_changed_value(tmp_path: Path, key: str, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    store.verify()
    with h5py.File(store.path, "a") as file:
        at = (2,) + (0,) * (file[key].ndim - 1)
        file[key][at] = 1 - file[key][at] if key == "labels" else file[key][at] // 2 + 1
    with pytest.raises(DataError, match=r"content hash is .* changed or damaged"):
        Store.open(store.path).verify()


def test_verify_sees_a_damaged_chunk(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    with h5py.File(store.path) as file:
        chunk = file["images"].id.get_chunk_info(5)
    with store.path.open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(b"\xff" * chunk.size)
    with pytest.raises(DataError, match="damaged"):
        store.verify()


def test_verify_counts_blank_and_saturated(tmp_path: Path) -> None:
    images = np.ones((3, 8, 8), np.uint16)
    images[0] = 0
    images[2, 1, 1] = 65535
    with StoreWriter(tmp_path / "a.h5", HEADER, image_shape=(8, 8)) as writer:
        writer.append(images, ids=[1, 2, 3], photon_energy=[1, 1, 1])
    reporter = CollectingReporter()
    survey = Store.open(tmp_path / "a.h5").verify(reporter)
    assert (survey.blank, survey.saturated, survey.largest) == (1, 1, 65535)
    assert reporter.steps == [(3, 3)]


def test_an_exception_leaves_nothing(tmp_path: Path, write_store: Make) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_then_raise(tmp_path / "a.h5", KeyboardInterrupt())
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
    write_store(tmp_path / "a.h5").verify()


def write_then_raise(path: Path, error: BaseException) -> None:
    with StoreWriter(path, HEADER, image_shape=(8, 8)) as writer:
        writer.append(np.ones((1, 8, 8), np.uint16), ids=[0], photon_energy=[1])
        raise error


def test_what_breaks_the_schema_is_not_renamed(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match=r"a\.h5: /ids has repeats"),
        StoreWriter(tmp_path / "a.h5", HEADER, image_shape=(8, 8)) as writer,
    ):
        writer.append(np.ones((2, 8, 8), np.uint16), ids=[5, 5], photon_energy=[1, 1])
    assert not (tmp_path / "a.h5").exists()


KILLED = """
import sys, time
import numpy as np
from airybench.data.store.writer import StoreHeader, StoreWriter
header = StoreHeader("x", (), "multilabel", source="x", counts_rule="x")
with StoreWriter(sys.argv[1], header, image_shape=(8, 8)) as writer:
    writer.append(np.ones((1, 8, 8), np.uint16), ids=[0], photon_energy=[1])
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_kill_leaves_nothing_that_looks_finished(tmp_path: Path, write_store: Make) -> None:
    path = tmp_path / "a.h5"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert not path.exists()
    assert (tmp_path / ".a.h5.part").exists()
    began = time.monotonic()
    write_store(path).verify()  # neither the stale file nor the lock of the dead process is in the way
    assert time.monotonic() - began < 5
    assert not (tmp_path / ".a.h5.part").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from files import store_file
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    store_file(Path(sys.argv[1]), 200)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "a.h5"), "60000", str(Path(__file__).parents[2])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("DataError")
    assert "cannot write this store (File too large)" in done.stdout
    assert done.stdout.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_folders_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_store: Make) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match=r"cannot make this folder .* set AIRYBENCH_DATA"):
        data_folder()
    with pytest.raises(DataError, match=r"cannot make this folder .* --output"):
        write_store(tmp_path / "file" / "a.h5")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match="no permission"):
        write_store(tmp_path / "a.h5")


def test_a_disk_without_room_is_refused_at_once(tmp_path: Path, write_store: Make) -> None:
    with pytest.raises(DataError, match=r"GB free, up to .* needed"):
        require_free(tmp_path, 10**18)
    with pytest.raises(DataError, match="needed"):
        write_store(tmp_path / "a.h5", expected=10**15)
    assert not (tmp_path / "a.h5").exists()
