"""What another program may have put into a store is found at opening: links, views, emptiness, odd attributes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from files import first_version, store_file

from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import EXIT_INPUT, DataError

COUNT, SIDE = 6, 5
KEYS = ("images", "ids", "photon_energy", "groups", "image_hash", "labels", "mask", "truth/radius", "events/pulse")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of all data sets."""
    rows = np.arange(COUNT)
    header = StoreHeader("mine", ("A", "B"), "multiclass", "stack", "as they are", 7, ("one.h5",))
    with StoreWriter(tmp_path / "a.h5", header, image_shape=(SIDE, SIDE)) as writer:
        writer.append(
            np.random.default_rng(0).integers(1, 99, (COUNT, SIDE, SIDE)).astype(np.uint16),
            ids=rows,
            photon_energy=20.0 + rows,
            labels=np.eye(2, dtype=np.uint8)[rows % 2],
            truth={"radius": rows * 1.5},
            events={"pulse": rows},
            mask=np.ones((COUNT, SIDE, SIDE), bool),
        )
    return tmp_path / "a.h5"


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        Store.open(path)
    assert caught.value.exit_code == EXIT_INPUT
    assert "\n" not in str(caught.value)
    return str(caught.value)


def moved(file: h5py.File, key: str) -> h5py.Dataset:
    """Make room for something else at a key; what was there is kept under another name."""
    file.move(key, "kept")
    return file["kept"]


def soft_link(file: h5py.File, key: str) -> None:
    moved(file, key)
    file[key] = h5py.SoftLink("/kept")


def external_link(file: h5py.File, key: str) -> None:
    moved(file, key)
    with h5py.File(Path(file.filename).with_name("other.h5"), "w") as other:
        file.copy("kept", other, "x")
    file[key] = h5py.ExternalLink("other.h5", "/x")


def dead_link(file: h5py.File, key: str) -> None:
    del file[key]
    file[key] = h5py.SoftLink(f"/{key}")


def view(file: h5py.File, key: str) -> None:
    kept = moved(file, key)
    layout = h5py.VirtualLayout(kept.shape, kept.dtype)
    layout[...] = h5py.VirtualSource(".", "kept", kept.shape)
    file.create_virtual_dataset(key, layout)


def view_of_itself(file: h5py.File, key: str) -> None:
    kept = moved(file, key)
    layout = h5py.VirtualLayout(kept.shape, kept.dtype)
    layout[...] = h5py.VirtualSource(".", key, kept.shape)
    file.create_virtual_dataset(key, layout)


def outside(file: h5py.File, key: str) -> None:
    kept = moved(file, key)
    raw = Path(file.filename).with_name("raw.bin")
    raw.write_bytes(kept[()].tobytes())
    file.create_dataset(key, kept.shape, kept.dtype, external=[("raw.bin", 0, raw.stat().st_size)])


def null(file: h5py.File, key: str) -> None:
    dtype = file[key].dtype
    del file[key]
    file[key] = h5py.Empty(dtype)


def group(file: h5py.File, key: str) -> None:
    del file[key]
    file.create_group(key)["x"] = 1


def named_type(file: h5py.File, key: str) -> None:
    del file[key]
    file[key] = np.dtype("f8")


REPLACEMENTS = {
    soft_link: "is a link",
    external_link: "is a link",
    dead_link: "is a link",
    view: "is a view of other data sets",
    view_of_itself: "is a view of other data sets",
    outside: "is stored outside this file",
    null: "is an empty data set",
    group: "group|is no data set",
    named_type: "group|is no data set",
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("put", REPLACEMENTS)
def test_every_data_set_lies_in_the_file_itself(put: Callable[[h5py.File, str], None], key: str, path: Path) -> None:
    Store.open(path)
    with h5py.File(path, "a") as file:
        put(file, key)
    with pytest.raises(DataError, match=rf"a\.h5: /{key} .*({REPLACEMENTS[put]})"):
        Store.open(path)
    refusal(path)


@pytest.mark.parametrize("key", ["truth", "events"])
def test_groups_of_columns_are_groups(key: str, path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.move(key, "kept")
        file[key] = h5py.SoftLink("/kept")
    assert f"/{key} is a link" in refusal(path)
    with h5py.File(path, "a") as file:
        del file[key]
        file[key] = np.arange(COUNT)
    assert f"/{key} is no group" in refusal(path)


@pytest.mark.parametrize("dtype", ["c8", "V3", h5py.ref_dtype, h5py.vlen_dtype("i4"), [("a", "i4")]])
def test_columns_hold_numbers_or_text(dtype: Any, path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["events/pulse"]
        file.create_dataset("events/pulse", (COUNT,), dtype)
    assert "/events/pulse is " in refusal(path)
    assert "numbers or text are expected" in refusal(path)


ODD: tuple[Any, ...] = (
    h5py.Empty("f4"),
    h5py.Empty("S4"),
    np.float64(0.5),
    np.zeros((2, 2)),
    np.zeros(0),
    np.bytes_(b"\xff"),
    np.array([b"A", b"B"]),
    np.array([(1, b"x")], [("a", "i4"), ("b", "S2")]),
    np.array(3j),
    True,
    np.void(b"ab"),
)
NUMBER = ("schema_version", "seed")
NAMES = ("name", "label_kind", "source", "counts_rule", "content_sha256", "class_names", "source_files")


ODD_ATTRIBUTES = [
    pytest.param(name, value, id=f"{name} {' '.join(repr(value).split())[:20]}")
    for name in (*NAMES, *NUMBER, "left_out", "notes")
    for value in ODD
    if not (name == "seed" and isinstance(value, h5py.Empty))  # an empty seed is right: nothing was drawn
]


@pytest.mark.parametrize(("name", "value"), ODD_ATTRIBUTES)
def test_attributes_have_their_types(name: str, value: Any, path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs[name] = value
    said = refusal(path)
    assert ("schema version " if name == "schema_version" else f"attribute {name!r} is ") in said


def test_one_word_is_no_list_of_names(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["class_names"] = "AB"  # as letters it would be two names
    assert "attribute 'class_names' is 'AB', expected a list of names" in refusal(path)


def test_classes_without_labels(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["labels"]
    assert "/labels is missing, class_names has A, B" in refusal(path)


def test_an_attribute_that_points_into_the_file(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["name"] = file["images"].ref
    assert "attribute 'name' is <HDF5 object reference>, expected text" in refusal(path)


def test_old_stores_obey_the_same_rules(tmp_path: Path) -> None:
    path = store_file(tmp_path / "a.h5", count=COUNT, side=SIDE).path
    first_version(path)
    with h5py.File(path, "a") as file:
        soft_link(file, "labels")
    assert "/labels is a link" in refusal(path)


def test_what_the_schema_does_not_know_is_nobodys_matter(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["mine"] = h5py.SoftLink("/nowhere")
        file.create_group("more")["x"] = np.arange(3)
    assert Store.open(path).count == COUNT
