"""The hash of a store covers all that can change a result, and that of an image its counts and shape."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from files import first_version

from airybench.data.store.check import check
from airybench.data.store.content import image_hashes
from airybench.data.store.describe import describe
from airybench.data.store.left_out import LeftOut
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError

COUNT, SIDE = 10, 6
Make = Callable[..., Any]


def full_store(path: Path, *, mask: str = "each") -> Store:
    """A store that holds everything that the schema knows, in two batches."""
    rng = np.random.default_rng(1)
    images = rng.integers(1, 9000, (COUNT, SIDE, SIDE)).astype(np.uint16)
    good = rng.integers(0, 2, (COUNT, SIDE, SIDE)).astype(np.uint8)
    header = StoreHeader(
        "mine", ("A", "B"), "multiclass", "stack", "as they are", 7, ("one.h5",), (LeftOut("without sample", ("3",)),)
    )
    shared = {"mask": good[0]} if mask == "shared" else {}
    with StoreWriter(path, header, image_shape=(SIDE, SIDE), **shared) as writer:
        for rows in (slice(0, 4), slice(4, COUNT)):
            numbers = np.arange(COUNT)[rows]
            writer.append(
                images[rows],
                ids=[f"run:{number}" for number in numbers],
                photon_energy=20.0 + numbers,
                labels=np.eye(2, dtype=np.uint8)[numbers % 2],
                groups=numbers // 5,
                truth={"radius": numbers * 1.5},
                events={"pulse": numbers.astype(np.uint64), "fiducial": np.array([f"f{n}" for n in numbers])},
                mask=good[rows].astype(bool) if mask == "each" else None,
            )
        writer.note("clipped pixels", 12)
    return Store.open(path)


def flip(key: str) -> Callable[[h5py.File], None]:
    """Change the last bit of the last number of a data set."""

    def edit(file: h5py.File) -> None:
        values = file[key][()]
        raw = values.view(np.uint8).reshape(-1)
        raw[-values.dtype.itemsize] ^= 1
        file[key][...] = values

    return edit


def swap_labels(file: h5py.File) -> None:
    """Two shots of different classes exchange theirs."""
    file["labels"][:2] = file["labels"][:2][::-1]


def attribute(name: str, value: object) -> Callable[[h5py.File], None]:
    """Change an attribute, or make one."""
    return lambda file: file.attrs.__setitem__(name, value)


def renamed(old: str, new: str) -> Callable[[h5py.File], None]:
    """Move a data set."""
    return lambda file: file.move(old, new)


def with_other(key: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[h5py.File], None]:
    """Replace a data set by another one of the same name."""

    def edit(file: h5py.File) -> None:
        values = change(file[key][()])
        del file[key]
        file[key] = values

    return edit


CHANGES: dict[str, Callable[[h5py.File], None]] = {
    **{key: flip(key) for key in ("images", "photon_energy", "groups", "image_hash", "mask")},
    **{key: flip(key) for key in ("truth/radius", "events/pulse")},
    "labels": swap_labels,
    "ids": lambda file: file["ids"].__setitem__(3, "run:33"),
    "text of an event": lambda file: file["events/fiducial"].__setitem__(3, "g3"),
    "name": attribute("name", "yours"),
    "class names": attribute("class_names", ["B", "A"]),
    "kind of labels": attribute("label_kind", "multilabel"),
    "source": attribute("source", "simulated"),
    "rule": attribute("counts_rule", "clipped"),
    "seed": attribute("seed", 8),
    "no seed": attribute("seed", h5py.Empty("i8")),
    "files": attribute("source_files", ["two.h5"]),
    "left out": attribute("left_out", "[]"),
    "notes": attribute("notes", '{"clipped pixels": 13}'),
    "another attribute": attribute("mine", 1),
    "name of a column": renamed("events/pulse", "events/train"),
    "group of a column": renamed("truth/radius", "events/radius"),
    "dropped column": lambda file: file.pop("truth/radius"),
    "dropped mask": lambda file: file.pop("mask"),
    "new column": lambda file: file.__setitem__("events/new", np.arange(COUNT)),
    "dtype of a column": with_other("events/pulse", lambda values: values.astype(np.int64)),
    "numbers as text": with_other("events/pulse", lambda values: values.astype("S")),
    "one mask": with_other("mask", lambda values: values[0]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_refused(change: str, tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5")
    check(store)
    with h5py.File(store.path, "a") as file:
        CHANGES[change](file)
    with pytest.raises(DataError, match=r"content hash is .* changed or damaged"):
        check(Store.open(store.path))


@pytest.mark.parametrize("change", ["images", "mask"])
def test_a_mask_of_all_shots_counts_too(change: str, tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5", mask="shared")
    check(store)
    with h5py.File(store.path, "a") as file:
        flip(change)(file)
    with pytest.raises(DataError, match="content hash"):
        check(Store.open(store.path))


def test_the_same_content_has_the_same_hash_however_it_came(tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5")
    again = full_store(tmp_path / "b.h5")
    assert again.content_sha256 == store.content_sha256
    with h5py.File(again.path, "a") as file:  # another layout on disk, the same values
        images, energies = file["images"][()], file["photon_energy"][()]
        del file["images"], file["photon_energy"]
        file.create_dataset("images", data=images, chunks=(5, 3, 3), compression="gzip")
        file.create_dataset("photon_energy", data=energies, chunks=(2,))
    check(Store.open(again.path))


def test_hash_of_an_image() -> None:
    images = np.random.default_rng(0).integers(0, 9, (3, 4, 6)).astype(np.uint16)
    images[2] = images[0]
    first, other, again = image_hashes(images)
    assert (first == again, first == other) == (True, False)
    assert image_hashes(images[:, :, ::-1][:, :, ::-1])[0] == first  # however it lies in memory
    assert image_hashes(images.reshape(3, 6, 4))[0] != first
    assert image_hashes(images.astype(">u2"))[0] == first


def test_a_store_keeps_the_hash_of_every_image(tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5")
    np.testing.assert_array_equal(store.image_hashes(), image_hashes(store.read_images()))
    assert store.image_hashes().dtype == np.uint64


def test_old_stores_are_read_and_named_as_such(tmp_path: Path, write_store: Make) -> None:
    hashes = write_store(tmp_path / "a.h5").image_hashes()
    old = first_version(tmp_path / "a.h5")
    check(old)
    assert describe(old)["schema"] == "1: the hash covers ids, labels, energies and images only"
    np.testing.assert_array_equal(old.image_hashes(), hashes)
    with h5py.File(old.path, "a") as file:
        file["labels"][0, 0] ^= 1
    with pytest.raises(DataError, match="content hash"):
        check(Store.open(old.path))


def test_a_new_store_without_hashes_of_images_is_refused(tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5")
    with h5py.File(store.path, "a") as file:
        del file["image_hash"]
    with pytest.raises(DataError, match="/image_hash is missing"):
        Store.open(store.path)


def test_what_was_left_out_and_noted_is_told(tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5")
    assert store.left_out == (LeftOut("without sample", ("3",)),)
    assert store.notes == {"clipped pixels": 12}
    facts = describe(store)
    assert facts["left_out"] == ["1 shot without sample (3)"]
    assert facts["schema"] == "2"


@pytest.mark.parametrize("name", ["left_out", "notes"])
@pytest.mark.parametrize("value", ["{", "[1]", '{"a": {}}', "3", "[" * 100_000, 7])
def test_attributes_that_say_nothing(name: str, value: object, tmp_path: Path) -> None:
    store = full_store(tmp_path / "a.h5")
    with h5py.File(store.path, "a") as file:
        file.attrs[name] = value
    with pytest.raises(DataError, match=f"attribute '{name}'"):
        Store.open(store.path)


def test_shots_can_be_left_out_at_the_end(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 9000, (40, SIDE, SIDE)).astype(np.uint16)
    good = images % 2 > 0
    dropped = np.array([39, 0, 7, 8, 21])
    kept = np.setdiff1d(np.arange(40), dropped)
    header = StoreHeader("mine", (), "multilabel", source="stack", counts_rule="as they are")
    for name, rows in (("a.h5", np.arange(40)), ("b.h5", kept)):
        with StoreWriter(tmp_path / name, header, image_shape=(SIDE, SIDE)) as writer:
            for some in np.array_split(rows, 3):
                writer.append(images[some], ids=some, photon_energy=np.ones(len(some)), mask=good[some])
            if name == "a.h5":
                assert writer.column("ids").tolist() == list(range(40))
                writer.leave_out(dropped, "with a contradiction")
    store, expected = (Store.open(tmp_path / name) for name in ("a.h5", "b.h5"))
    np.testing.assert_array_equal(store.read_images(), images[kept])
    np.testing.assert_array_equal(store.mask(), good[kept])
    np.testing.assert_array_equal(store.ids(), kept)
    np.testing.assert_array_equal(store.image_hashes(), expected.image_hashes())
    assert store.left_out == (LeftOut("with a contradiction", ("0", "7", "8", "21", "39")),)
    check(store)


def test_all_shots_left_out_is_no_store(tmp_path: Path) -> None:
    header = StoreHeader("mine", (), "multilabel", source="stack", counts_rule="as they are")
    writer = StoreWriter(tmp_path / "a.h5", header, image_shape=(SIDE, SIDE))
    writer.__enter__()
    writer.append(np.ones((2, SIDE, SIDE), np.uint16), ids=[1, 2], photon_energy=[1, 1])
    writer.leave_out(np.array([0, 1]), "blank")
    with pytest.raises(DataError, match="no shot was given"):
        writer.__exit__(None, None, None)


def test_thousands_of_files_are_named_as_far_as_there_is_room(tmp_path: Path) -> None:
    files = [f"shot_{number:06d}.png" for number in range(20_000)]
    header = StoreHeader("mine", (), "multilabel", source="pictures", counts_rule="as they are", source_files=files)
    with StoreWriter(tmp_path / "a.h5", header, image_shape=(SIDE, SIDE)) as writer:
        writer.append(np.ones((1, SIDE, SIDE), np.uint16), ids=[1], photon_energy=[1])
    assert Store.open(tmp_path / "a.h5").source_files == (*files[:1000], "and 19000 more")
