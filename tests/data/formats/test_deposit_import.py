"""Importing deposits: binning is compared with a plain loop, and each bad input is refused by name."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from files import import_deposit
from reporters import CollectingReporter

from airybench.data.formats import deposit
from airybench.data.reading.binning import CountsError, binned_counts, plain_counts
from airybench.data.reading.options import DEFAULT_OPTIONS
from airybench.data.store.store import Store
from airybench.errors import DataError

Make = Callable[..., Any]

ROUND = (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
ELLIPTICAL = (1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0)
STREAK = (0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0)
EMPTY = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
LABELS = (ROUND, ELLIPTICAL, STREAK, EMPTY)
SMALL = [np.full((6, 6), value, np.uint16) for value in (3, 5, 7, 9)]


def binned_by_hand(image: np.ndarray) -> np.ndarray:
    """Means over 4 x 4 blocks in integer arithmetic, ties to the even neighbour, by a plain Python loop."""
    side = -(-image.shape[0] // 4)
    result = np.empty((side, side), np.uint16)
    for row in range(side):
        for column in range(side):
            block = [int(value) for value in image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].ravel()]
            whole, rest = divmod(sum(block), len(block))
            up = 2 * rest > len(block) or (2 * rest == len(block) and whole % 2 == 1)
            result[row, column] = whole + up
    return result


def full_size(kind: int) -> np.ndarray:
    rng = np.random.default_rng(kind)
    image = rng.integers(0, 65536, (1035, 1035)) if kind else rng.integers(0, 4, (1035, 1035))  # the latter: many ties
    image[:4, :4] = 65535
    return image.astype([np.int32, np.uint16, np.float32][kind])


def test_full_size_deposit_is_binned_exactly(tmp_path: Path, write_deposit: Make) -> None:
    images = [full_size(kind) for kind in range(3)]
    source = write_deposit(tmp_path / "d.cxi", images, LABELS[:3], numbers=(2, 10, 9))
    reporter = CollectingReporter()
    store = import_deposit(source, tmp_path / "d.h5", reporter=reporter)
    assert store == Store.open(tmp_path / "d.h5")
    assert store.image_shape == (259, 259)
    # Entries in numerical order: 2, 9, 10.
    for got, image in zip(store.read_images(), (images[0], images[2], images[1]), strict=True):
        np.testing.assert_array_equal(got, binned_by_hand(image))
    np.testing.assert_array_equal(store.ids(), [1002, 1009, 1010])
    np.testing.assert_allclose(store.photon_energy(), [22, 29, 30], rtol=1e-6)
    np.testing.assert_array_equal(store.labels(), np.array([ROUND, STREAK, ELLIPTICAL]))
    assert (store.name, store.label_kind, store.source, store.seed) == ("helium", "multilabel", "cxidb-94", None)
    assert store.class_names[0] == "Spherical/Oblate"
    assert "4 x 4" in store.counts_rule
    assert reporter.steps == [(3, 3)]
    assert any("1035 x 1035 px binned by 4 to 259 x 259 px" in note for note in reporter.notices)
    store.verify()


def test_ties_go_to_the_even_number_at_the_edges_too() -> None:
    image = np.zeros((1035, 1035), np.uint16)
    image[0, 0], image[0, 4] = 8, 24  # 0.5 and 1.5 of 16 pixels
    image[0, 1034], image[1034, 0] = 6, 18  # 0.5 and 1.5 of 12
    binned = binned_counts(image)
    assert [binned[0, 0], binned[0, 1], binned[0, 258], binned[258, 0]] == [0, 2, 0, 2]


@pytest.mark.parametrize("side", [259, 200])
def test_images_of_at_most_259_are_kept(tmp_path: Path, side: int, write_deposit: Make) -> None:
    image = np.random.default_rng(0).integers(0, 65536, (side, side)).astype(np.int64)
    store = import_deposit(write_deposit(tmp_path / "d.cxi", [image], [ROUND]), tmp_path / "d.h5")
    np.testing.assert_array_equal(store.read_images()[0], image)


def test_more_entries_than_a_batch(tmp_path: Path, write_deposit: Make) -> None:
    images = [np.full((6, 6), value, np.uint16) for value in range(70)]
    store = import_deposit(write_deposit(tmp_path / "d.cxi", images, [ROUND] * 70), tmp_path / "d.h5")
    np.testing.assert_array_equal(store.read_images()[:, 0, 0], np.arange(70))
    np.testing.assert_array_equal(store.ids(), 1001 + np.arange(70))


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (np.nan, np.float32, "1 of 36 pixels are not finite, such as nan"),
        (np.inf, np.float64, "not finite"),
        (-2.5, np.float32, r"negative, such as -2\.5"),
        (-1, np.int16, "negative, such as -1"),
        (65536, np.int32, "above 65535, such as 65536"),
        (70000.0, np.float32, "above 65535, such as 70000"),
        (0.5, np.float32, r"not whole, such as 0\.5"),
    ],
)
def test_what_is_no_plain_count_is_refused(
    tmp_path: Path, value: float, dtype: type, message: str, write_deposit: Make
) -> None:
    image = np.ones((6, 6), dtype)
    image[2, 3] = value
    source = write_deposit(tmp_path / "d.cxi", [SMALL[0], image], [ROUND, ROUND])
    with pytest.raises(DataError, match=message) as caught:
        import_deposit(source, tmp_path / "d.h5")
    for part in ("d.cxi", "/entry_2/instrument_1/detector_1/data", "nothing is cast silently", "on purpose"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "d.h5").exists()


def test_every_plain_dtype_is_accepted() -> None:
    for dtype in ("u1", "i2", ">u2", "<u4", ">i4", "i8", "f4", ">f8", "?"):
        counts = plain_counts(np.array([[0, 1], [1, 0]], dtype))
        assert counts.dtype == np.uint16
        np.testing.assert_array_equal(counts, [[0, 1], [1, 0]])
    with pytest.raises(CountsError, match="complex64 are no counts"):
        plain_counts(np.zeros((2, 2), np.complex64))


def drop(key: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(key)


def put(key: str, value: Any) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        file.pop(key, None)
        file[key] = value

    return edit


def view_of_nothing(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((6, 6), "u2")
    layout[:] = h5py.VirtualSource("gone.h5", "data", (6, 6))
    del file["entry_2/instrument_1/detector_1/data"]
    file.create_virtual_dataset("entry_2/instrument_1/detector_1/data", layout)


ENERGY = "entry_2/instrument_1/source_1/energy"
IMAGE = "entry_2/instrument_1/detector_1/data"
NOTE = "entry_2/note_1/data"
BAD = {
    "no_image": (drop(IMAGE), rf"/{IMAGE} is missing; expected as in CXIDB"),
    "no_labels": (drop(NOTE), rf"/{NOTE} is missing"),
    "no_energy": (drop(ENERGY), rf"/{ENERGY} is missing"),
    "no_id": (drop("entry_2/experimental_identifier"), r"/entry_2/experimental_identifier is missing"),
    "no_entry": (lambda f: [f.pop(key) for key in list(f)], r"holds no data set"),
    "dead_link": (put(IMAGE, h5py.ExternalLink("gone.h5", "/data")), rf"/{IMAGE} links to a file or key that is not"),
    "dead_view": (view_of_nothing, rf"/{IMAGE} is a view of gone\.h5, which is missing"),
    "group": (lambda f: (f.pop(IMAGE), f.create_group(IMAGE)), rf"/{IMAGE} is a group"),
    "cube": (put(IMAGE, np.zeros((2, 6, 6), np.uint16)), rf"/{IMAGE} has shape \(2, 6, 6\), one image"),
    "size": (put(IMAGE, np.zeros((7, 6), np.uint16)), r"has shape \(7, 6\), entry_1 has \(6, 6\)"),
    "energy_ev": (put(ENERGY, 21.5), r"is 21\.5 \(it looks like eV\), a photon energy in joule"),
    "energy_nan": (put(ENERGY, np.nan), r"energy is nan, a photon energy in joule"),
    "energy_two": (put(ENERGY, [1e-18, 2e-18]), r"energy is float64 \(2,\), one number"),
    "energy_text": (put(ENERGY, "21 eV"), r"energy is .* \(\), one number"),
    "id_twice": (put("entry_2/experimental_identifier", 1001), r"id 1001 is in entry_1 and in entry_2"),
    "id_float": (put("entry_2/experimental_identifier", 2.5), r"experimental_identifier is 2\.5 \(float64\)"),
    "label_two": (put(NOTE, np.array((2, *ROUND[1:]))), rf"/{NOTE} is \[2 1 0 .*integers 0 and 1"),
    "label_float": (put(NOTE, np.array(ROUND, float)), r"float64\), a vector of integers 0 and 1"),
    "label_count": (put(NOTE, np.array(ROUND[:10])), r"has 10 labels, entry_1 has 11"),
    "label_none": (put(NOTE, np.zeros(11, int)), rf"/{NOTE} says no label at all"),
    "empty_and": (put(NOTE, np.array((1, 1, *EMPTY[2:]))), "Empty beside another label"),
    "round_elliptical": (put(NOTE, np.array((1, 1, 1, *ROUND[3:]))), "both Round and Elliptical"),
    "oblate_prolate": (put(NOTE, np.array((1, 0, 0, 1, *ROUND[4:]))), "both Spherical/Oblate and Prolate"),
    "round_alone": (put(NOTE, np.array((0, *ROUND[1:]))), "Round without Spherical/Oblate"),
    "elliptical_alone": (put(NOTE, np.array((0, *ELLIPTICAL[1:]))), "Elliptical without Spherical/Oblate"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_entry_is_named(tmp_path: Path, case: str, write_deposit: Make) -> None:
    edit, message = BAD[case]
    source = write_deposit(tmp_path / "d.cxi", SMALL, LABELS, edit=edit)
    with pytest.raises(DataError, match=message) as caught:
        import_deposit(source, tmp_path / "d.h5")
    assert str(caught.value).startswith(str(source))
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".h5"] == []


def test_the_unspoilt_deposit_of_these_tests_is_imported(tmp_path: Path, write_deposit: Make) -> None:
    assert import_deposit(write_deposit(tmp_path / "d.cxi", SMALL, LABELS), tmp_path / "d.h5").count == 4


def test_a_damaged_image_is_named(tmp_path: Path, write_deposit: Make) -> None:
    def edit(file: h5py.File) -> None:
        del file[IMAGE]
        noise = np.random.default_rng(0).integers(0, 9, (64, 64)).astype(np.uint16)
        file.create_dataset(IMAGE, data=noise, chunks=(64, 64), compression="gzip", fletcher32=True)

    images = [np.ones((64, 64), np.uint16)] * 2
    source = write_deposit(tmp_path / "d.cxi", images, [ROUND] * 2, edit=edit)
    with h5py.File(source) as file:
        offset = file[IMAGE].id.get_chunk_info(0).byte_offset
    with source.open("r+b") as raw:
        raw.seek(offset + 20)
        raw.write(b"\0" * 40)
    with pytest.raises(DataError, match=r"/entry_2/instrument_1/detector_1/data cannot be read .*whole copy"):
        import_deposit(source, tmp_path / "d.h5")
    assert not (tmp_path / "d.h5").exists()


def test_the_other_spelling_and_shape_one(tmp_path: Path, write_deposit: Make) -> None:
    def edit(file: h5py.File) -> None:
        del file["entry_2/experimental_identifier"]
        file["entry_2/experiment_identifier"] = np.array([77], np.int64)

    store = import_deposit(write_deposit(tmp_path / "d.cxi", SMALL[:2], LABELS[:2], edit=edit), tmp_path / "d.h5")
    np.testing.assert_array_equal(store.ids(), [1001, 77])


def test_soft_and_present_external_links_are_followed(tmp_path: Path, write_deposit: Make) -> None:
    with h5py.File(tmp_path / "far.h5", "w") as far:
        far["data"] = np.full((6, 6), 42, np.uint16)

    def edit(file: h5py.File) -> None:
        put(IMAGE, h5py.ExternalLink("far.h5", "/data"))(file)
        file["elsewhere"] = np.full((6, 6), 43, np.uint16)
        put("entry_1/instrument_1/detector_1/data", h5py.SoftLink("/elsewhere"))(file)

    store = import_deposit(write_deposit(tmp_path / "d.cxi", SMALL[:2], LABELS[:2], edit=edit), tmp_path / "d.h5")
    assert store.read_images()[:, 0, 0].tolist() == [43, 42]


def test_five_one_hot_labels_are_cxidb(tmp_path: Path, folder: Path, write_deposit: Make) -> None:
    source = write_deposit(tmp_path / "d.cxi", SMALL, np.eye(5, dtype=int)[:4])
    store = import_deposit(source)
    assert store.path == folder / "cxidb.h5"
    assert (store.name, store.label_kind) == ("cxidb", "multiclass")
    assert store.class_names == ("PBCV-1", "T4", "Magnetosome", "Nanorice", "Background")
    named = import_deposit(source, tmp_path / "n.h5", class_names=["v", "w", "x", "y", "z"])
    assert (named.name, named.class_names) == ("cxidb", ("v", "w", "x", "y", "z"))
    with pytest.raises(DataError, match="5 labels in each entry, 4 class names given"):
        import_deposit(source, tmp_path / "m.h5", class_names=["v", "w", "x", "y"])
    two = write_deposit(tmp_path / "two.cxi", SMALL[:2], [(1, 0, 0, 0, 0), (1, 1, 0, 0, 0)])
    with pytest.raises(DataError, match="/entry_2/note_1/data does not name exactly one"):
        import_deposit(two)


def test_other_labels_need_names(tmp_path: Path, write_deposit: Make) -> None:
    source = write_deposit(tmp_path / "mine.cxi", SMALL[:3], [(1, 0, 1), (0, 1, 0), (0, 0, 0)])
    with pytest.raises(DataError, match=r"3 labels in each entry, 11 .* known; name others with --class-names"):
        import_deposit(source)
    store = import_deposit(source, class_names=["a", "b", "c"])
    assert (store.name, store.label_kind, store.path.name) == ("mine", "multilabel", "mine.h5")


def test_a_deposit_without_labels_serves_prediction(tmp_path: Path, write_deposit: Make) -> None:
    def edit(file: h5py.File) -> None:
        for entry in file.values():
            del entry["note_1"]

    reporter = CollectingReporter()
    source = write_deposit(tmp_path / "d.cxi", SMALL, LABELS, edit=edit)
    store = import_deposit(source, tmp_path / "d.h5", reporter=reporter)
    assert not store.labelled
    assert reporter.notices[0].startswith("d.cxi: CXIDB deposit 94\n  shots   4 of 6 x 6 px\n")
    assert reporter.notices[1] == "d.cxi: no labels; the store serves for prediction only"
    assert re.fullmatch(r"d\.h5: 4 shots; about 0 s, at most 0\.00 GB \(\d+ GB free\)", reporter.notices[2])


def test_nothing_is_overwritten_without_force(tmp_path: Path, write_deposit: Make) -> None:
    source = write_deposit(tmp_path / "d.cxi", SMALL, LABELS)
    first = import_deposit(source, tmp_path / "d.h5")
    other = write_deposit(tmp_path / "e.cxi", SMALL[::-1], LABELS)
    with pytest.raises(DataError, match=r"exists already; add --force"):
        import_deposit(other, tmp_path / "d.h5")
    assert Store.open(tmp_path / "d.h5") == first
    assert import_deposit(other, tmp_path / "d.h5", force=True).content_sha256 != first.content_sha256
    with pytest.raises(DataError, match="cannot be replaced by its own import"):
        import_deposit(source, source, force=True)


def test_what_is_recognised(tmp_path: Path, write_deposit: Make, write_store: Make) -> None:
    assert deposit.recognises(write_deposit(tmp_path / "d.cxi", SMALL, LABELS), DEFAULT_OPTIONS)
    assert not deposit.recognises(write_store(tmp_path / "a.h5").path, DEFAULT_OPTIONS)
    (tmp_path / "text.cxi").write_text("none")
    assert not deposit.recognises(tmp_path / "text.cxi", DEFAULT_OPTIONS)
    assert not deposit.recognises(tmp_path / "none.cxi", DEFAULT_OPTIONS)
    with pytest.raises(DataError, match=r"a deposit: give it the ending \.cxi"):
        Store.open(tmp_path / "d.cxi")
    with pytest.raises(DataError, match="not an HDF5 file"):
        import_deposit(tmp_path / "text.cxi")
    with pytest.raises(DataError, match="no such file"):
        import_deposit(tmp_path / "none.cxi")
