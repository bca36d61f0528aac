"""Importing stacks: values are compared with plain NumPy; bad input is refused by file, key and entry."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from typer.testing import CliRunner

from airybench.cli.data import app
from airybench.data.store.check import check
from airybench.data.store.store import Store
from airybench.errors import AirybenchError, DataError

RNG = np.random.default_rng(4)
IMAGES = RNG.integers(0, 500, (6, 20, 30)).astype(np.uint16)
KEYS = ("--images", "raw", "--ids", "shot", "--photon-energy", 25)


def stack(
    path: Path, images: np.ndarray = IMAGES, edit: Callable[[h5py.File], None] = lambda f: None, **how: Any
) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("raw", data=images, **how)
        file["shot"] = np.arange(len(images)) * 3 + 70
        file["y"] = np.arange(len(images)) % 3
        file["run"] = np.arange(len(images)) // 2
        file["ev"] = np.linspace(20, 30, len(images))
        edit(file)
    return path


def bring(tmp_path: Path, *arguments: object) -> Store:
    output = tmp_path / "out.h5"
    words = ["import", *map(str, arguments), "--output", str(output)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    store = Store.open(output)
    check(store)
    return store


def test_a_plain_stack(tmp_path: Path) -> None:
    source = stack(tmp_path / "a.h5")
    keys = ("--images", "raw", "--ids", "shot", "--labels", "y", "--class-names", "u,v,w", "--energy", "ev")
    store = bring(tmp_path, source, *keys, "--groups", "run", "--events", "ev", "--events", "run", "--name", "mine")
    np.testing.assert_array_equal(store.read_images(), IMAGES)
    assert store.ids().tolist() == [70, 73, 76, 79, 82, 85]
    np.testing.assert_array_equal(store.labels(), np.eye(3)[[0, 1, 2, 0, 1, 2]])
    np.testing.assert_array_equal(store.groups(), [0, 0, 1, 1, 2, 2])
    np.testing.assert_allclose(store.photon_energy(), np.linspace(20, 30, 6), rtol=1e-6)
    assert set(store.columns("events")) == {"ev", "run"}
    assert (store.name, store.label_kind, store.source_files) == ("mine", "multiclass", ("a.h5",))
    assert store.counts_rule == "counts as in the source, whole numbers from 0 to 65535"


@pytest.mark.parametrize("how", [dict(hdf5plugin.Bitshuffle()), dict(hdf5plugin.Zstd()), {"compression": "gzip"}])
def test_compressed_and_many_blocks(tmp_path: Path, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.data.reading.parts._BYTES", 2 * IMAGES[0].nbytes)
    store = bring(tmp_path, stack(tmp_path / "a.h5", chunks=(4, 20, 30), **how), *KEYS)
    np.testing.assert_array_equal(store.read_images(), IMAGES)


def test_csv_labels_in_any_order(tmp_path: Path) -> None:
    source = stack(tmp_path / "a.h5")
    csv = tmp_path / "l.csv"
    csv.write_text("id,label\n85,b\n70,a\n73,a;b\n76,b\n79,b\n82,\n")
    store = bring(tmp_path, source, *KEYS, "--labels-csv", csv)
    assert store.class_names == ("a", "b")
    assert store.labels().tolist() == [[1, 0], [1, 1], [0, 1], [0, 1], [0, 0], [0, 1]]
    csv.write_text("b, id, a\n1,85,0\n0,73,1\n")
    store = bring(tmp_path, source, *KEYS, "--labels-csv", csv, "--labelled-only", "--force")
    assert (store.ids().tolist(), store.labels().tolist()) == ([73, 85], [[0, 1], [1, 0]])
    assert store.class_names == ("b", "a")
    np.testing.assert_array_equal(store.read_images(), IMAGES[[1, 5]])


def test_a_cxi_file(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        file["entry_1/instrument_1/detector_1/data"] = file.pop("raw")
        file["entry_1/data_1/data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
        file["entry_1/instrument_1/detector_1/data"].attrs["numEvents"] = [4]
        file["entry_1/experiment_identifier"] = np.arange(6) + 9
        file["entry_1/instrument_1/source_1/energy"] = np.full(6, 1200 * 1.602176634e-19)

    store = bring(tmp_path, stack(tmp_path / "a.cxi", edit=edit))
    np.testing.assert_array_equal(store.read_images(), IMAGES[:4])
    assert store.ids().tolist() == [9, 10, 11, 12]
    np.testing.assert_allclose(store.photon_energy(), 1200, rtol=1e-6)


def test_ids_that_nobody_named_and_that_begin_again_are_told_apart(tmp_path: Path) -> None:
    for name in "ab":
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["images"], file["id"] = np.arange(600, dtype=np.uint16).reshape(6, 10, 10) + ord(name), np.arange(6)
    store = bring(tmp_path, tmp_path / "a.h5", tmp_path / "b.h5", "--photon-energy", 25)
    assert store.ids().tolist() == [f"{name}:{number}" for name in "ab" for number in range(6)]
    assert store.groups().tolist() == [1] * 6 + [2] * 6


def test_several_files_are_groups(tmp_path: Path) -> None:
    first = stack(tmp_path / "a.h5")
    second = stack(tmp_path / "b.h5", edit=lambda f: f["shot"].write_direct(np.arange(6)))
    store = bring(tmp_path, first, second, *KEYS)
    assert store.groups().tolist() == [1] * 6 + [2] * 6
    with pytest.raises(DataError, match=r"a\.h5: id 70 is in a\.h5 entry 0 and in c\.h5 entry 0"):
        bring(tmp_path, first, stack(tmp_path / "c.h5"), *KEYS, "--force")


def test_floats_by_an_explicit_rule(tmp_path: Path) -> None:
    values = IMAGES.astype(np.float32) * 2.5
    values[0, 0, 0], values[1, 2, 3], values[2, 0, 0] = np.nan, -7, 1e6
    source = stack(tmp_path / "a.h5", values)
    for words, message in (
        ((), r"/raw entry 0: .* not finite.*--nan mask"),
        (("--nan", "mask"), r"/raw entry 0: .* not whole.*--counts-per-photon"),
        (("--nan", "mask", "--counts-per-photon", 2.5), r"/raw entry 1: .* negative.*--clip"),
    ):
        with pytest.raises(DataError, match=message):
            bring(tmp_path, source, *KEYS, *words)
    store = bring(tmp_path, source, *KEYS, "--nan", "mask", "--counts-per-photon", 2.5, "--clip")
    expected = IMAGES.copy()
    expected[0, 0, 0], expected[1, 2, 3], expected[2, 0, 0] = 0, 0, 65535
    np.testing.assert_array_equal(store.read_images(), expected)
    mask = store.mask()
    assert mask is not None
    assert np.argwhere(mask == 0).tolist() == [[0, 0, 0]]
    assert store.counts_rule == (
        "NaN and infinity masked and 0; divided by 2.5 counts per photon, rounded half to even; clipped to 0..65535"
    )


@pytest.mark.parametrize(("name", "bad"), [("cxi", [1, 512]), ("euxfel", [1, 512, 2048]), ("good-is-one", [0])])
def test_masks_by_convention_and_binning_over_good_pixels(tmp_path: Path, name: str, bad: list[int]) -> None:
    flags = np.resize([0, 1, 512, 2048, 1 << 22], (20, 30)).astype(np.uint32)
    if name == "cxi":
        flags[flags == 1 << 22] = 0
    good = ~np.isin(flags, bad)
    source = stack(tmp_path / "a.h5", edit=lambda f: f.__setitem__("m", flags))
    store = bring(tmp_path, source, *KEYS, "--mask", "m", "--mask-convention", name, "--bin", 2)
    for image, got in zip(IMAGES, store.read_images(), strict=True):
        for row in range(10):
            for column in range(15):
                block = np.s_[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                kept = image[block][good[block]]
                assert got[row, column] == (round(float(kept.mean())) if len(kept) else 0)
    mask = store.mask()
    assert mask is not None
    np.testing.assert_array_equal(mask, good.reshape(10, 2, 15, 2).any(axis=(1, 3)))
    with pytest.raises(DataError, match="--mask needs --mask-convention, one of cxi, euxfel"):
        bring(tmp_path, source, *KEYS, "--mask", "m", "--force")


def test_large_images_are_binned_by_default(tmp_path: Path) -> None:
    images = RNG.integers(0, 9, (2, 300, 520)).astype(np.uint16)
    store = bring(tmp_path, stack(tmp_path / "a.h5", images), *KEYS)
    assert store.image_shape == (100, 174)
    np.testing.assert_array_equal(
        store.read_images()[:, :, :173], np.rint(images[:, :, :519].reshape(2, 100, 3, 173, 3).mean(axis=(2, 4)))
    )
    assert bring(tmp_path, tmp_path / "a.h5", *KEYS, "--bin", 1, "--force").image_shape == (300, 520)


def test_links_stay_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    stack(tmp_path / "else" / "far.h5")
    stack(tmp_path / "far.h5")

    def link(name: str) -> Callable[[h5py.File], None]:
        return lambda f: (f.pop("raw"), f.__setitem__("raw", h5py.ExternalLink(name, "/raw")))  # type: ignore[return-value]

    store = bring(tmp_path, stack(tmp_path / "a.h5", edit=link("far.h5")), *KEYS)
    np.testing.assert_array_equal(store.read_images(), IMAGES)
    assert store.source_files == ("a.h5", "far.h5")
    for name in ("../far.h5", str(tmp_path / "else" / "far.h5"), str(tmp_path / "far.h5")):
        with pytest.raises(DataError, match="outside the folder of this file"):
            bring(tmp_path, stack(tmp_path / "a.h5", edit=link(name)), *KEYS, "--force")


def test_views_of_missing_files_are_refused(tmp_path: Path) -> None:
    for name in ("p.h5", "q.h5"):
        stack(tmp_path / name)

    def view(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((12, 20, 30), "u2")
        for at, name in enumerate(("p.h5", "q.h5")):
            layout[6 * at : 6 * at + 6] = h5py.VirtualSource(name, "raw", (6, 20, 30))
        for key in ("raw", "shot"):
            del file[key]
        file.create_virtual_dataset("raw", layout)
        file["shot"] = np.arange(12)

    source = stack(tmp_path / "a.h5", edit=view)
    np.testing.assert_array_equal(bring(tmp_path, source, *KEYS).read_images(), np.concatenate([IMAGES, IMAGES]))
    (tmp_path / "q.h5").write_text("spoilt")
    with pytest.raises(DataError, match=r"/raw is a view of q\.h5, which cannot be read"):
        bring(tmp_path, source, *KEYS, "--force")
    for name in ("p.h5", "q.h5"):
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match=r"/raw is a view of p\.h5, q\.h5, which are missing"):
        bring(tmp_path, source, *KEYS, "--force")


BAD: dict[str, tuple[tuple[object, ...], str]] = {
    "no_key": (("--images", "no", "--photon-energy", 25), r"a\.h5: /no is missing"),
    "no_energy": (("--images", "raw"), "no photon energy; give --energy KEY, or --photon-energy EV"),
    "energy_range": (("--images", "raw", "--energy", "run"), r"/run: 2 of 6 shots have no photon energy"),
    "two_energies": ((*KEYS, "--energy", "ev"), "both given; one is enough"),
    "float_ids": (
        ("--images", "raw", "--photon-energy", 25, "--ids", "frac"),
        r"/frac holds 0.5, identifiers are whole",
    ),
    "short": (
        ("--images", "raw", "--photon-energy", 25, "--ids", "two"),
        r"/two has shape \(2,\), one entry for each of",
    ),
    "unnamed": (
        (*KEYS, "--labels", "y"),
        r"holds class numbers up to 2, .* no names of the classes; name all 3 in order with --class-names",
    ),
    "names": ((*KEYS, "--labels", "y", "--class-names", "a,b"), r"a\.h5 entry 2 is class 2, 2 class names"),
    "values": ((*KEYS, "--labels", "frac", "--class-names", "a,b"), r"/frac entry 0 is 0.5, class numbers from 0"),
    "events": ((*KEYS, "--energy", "nothing"), "both given"),
    "gain": ((*KEYS, "--counts-per-photon", 0), "--counts-per-photon is 0, expected a number above 0"),
    "nan": ((*KEYS, "--nan", "zero"), "unknown --nan 'zero'; valid: mask"),
    "convention": ((*KEYS, "--mask-convention", "psana"), "unknown --mask-convention 'psana'; valid: cxi"),
    "text": (("--images", "text", "--photon-energy", 25), r"/text is object, numbers are expected"),
    "empty": (("--images", "none", "--photon-energy", 25), r"/none holds no image"),
    "csv_two": ((*KEYS, "--labels-csv", "@id,a\n70,1\n70,0\n"), r"id 70 is in line 2 and in line 3"),
    "csv_far": ((*KEYS, "--labels-csv", "@id,a\n1,1\n"), r"id 1 is in no source"),
    "csv_few": (
        (*KEYS, "--labels-csv", "@id,a\n70,1\n"),
        r"5 of 6 shots have no line, such as id 73; .*--labelled-only",
    ),
    "csv_value": (
        (*KEYS, "--labels-csv", "@id,a,b\n70,1,0\n73,7,1\n76,0,1"),
        r"line 3, column a: found '7', expected 0 or 1",
    ),
    "csv_id": ((*KEYS, "--labels-csv", "@id,a\nx,1\n"), r"id x is in no source.*ids of the source are such as 70"),
    "csv_head": ((*KEYS, "--labels-csv", "@who,a\nme,1\nme,0\n"), "id who is in no source.*names the columns"),
    "csv_none": ((*KEYS, "--labels-csv", "nowhere.csv"), r"nowhere\.csv: cannot be read"),
    "one_stack": (("--ids", "shot"), "no photon energy"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(tmp_path: Path, case: str) -> None:
    words, message = BAD[case]

    def edit(file: h5py.File) -> None:
        file["frac"] = np.full(6, 0.5)
        file["two"], file["text"], file["none"] = [1, 2], "words", np.zeros((0, 4, 4), np.uint16)

    source = stack(tmp_path / "a.h5", edit=edit)
    if str(words[-1]).startswith("@"):
        (tmp_path / "l.csv").write_text(str(words[-1])[1:])
        words = (*words[:-1], tmp_path / "l.csv")
    with pytest.raises(AirybenchError, match=message) as caught:
        bring(tmp_path, source, *words)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.h5").exists()


def test_dead_shots_fail_the_check(tmp_path: Path) -> None:
    images = IMAGES.copy()
    images[3] = 7
    with pytest.raises(DataError, match=r"/images row 3 \(id 79\) has the same value in every pixel \(1 such"):
        bring(tmp_path, stack(tmp_path / "a.h5", images), *KEYS)


def test_labels_that_are_words(tmp_path: Path) -> None:
    words = [b"round", b"empty", b"round", b"?", b"empty", b"round"]
    source = stack(tmp_path / "a.h5", edit=lambda file: file.create_dataset("word", data=np.array(words)))
    result = CliRunner().invoke(app, ["import", str(source), *map(str, KEYS), "--labels", "word"])
    assert "--unsure" in str(result.exception)
    store = bring(tmp_path, source, *KEYS, "--labels", "word", "--unsure", "unlabelled")
    assert store.class_names == ("empty", "round")
    assert store.ids().tolist() == [70, 73, 76, 82, 85]
    assert store.labels().tolist() == [[0, 1], [1, 0], [0, 1], [1, 0], [0, 1]]
    np.testing.assert_array_equal(store.read_images(), IMAGES[[0, 1, 2, 4, 5]])


def test_a_column_as_long_as_the_last_axis_asks_for_the_axis(tmp_path: Path) -> None:
    images = RNG.integers(0, 500, (24, 20, 30)).astype(np.uint16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["shot"] = np.moveaxis(images, 0, -1), np.arange(24)
    for keys in ((), ("--images", "raw")):
        words = ["import", str(tmp_path / "a.h5"), "--photon-energy", "25", *keys, "--output", str(tmp_path / "b.h5")]
        result = CliRunner().invoke(app, words)
        assert "give --axis last if the shots are along it" in str(result.exception)
    store = bring(tmp_path, tmp_path / "a.h5", *KEYS, "--axis", "last")
    np.testing.assert_array_equal(store.read_images(), images)
