"""Data sets in a notebook: the store's own content, and a plate of patterns."""

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from files import store_file

import airybench as ab
from airybench.errors import ConfigError, DataError
from airybench.figures.shots import pick
from airybench.provenance import SIMULATOR_VERSION


def test_a_name_stands_for_a_simulated_store(folder: Path, quick_simulator: SimpleNamespace) -> None:
    data = ab.load_dataset("helium", count=12, seed=5)
    again = ab.load_dataset("helium", count=12, seed=5)
    assert quick_simulator.shots == 12
    assert data == again
    assert data.path.parent == folder
    first = ab.load_dataset("helium", count=12, seed=5, simulator=1)
    assert (len(data), data.simulated) == (12, True)
    assert data.settings == {"count": 12, "data_seed": 5, "simulator": SIMULATOR_VERSION}
    assert first.settings == {**data.settings, "simulator": 1}
    assert repr(data) == "<Dataset helium: simulated, 12 shots of 259 x 259 px, 11 classes, multilabel>"


def test_the_content_is_the_files(tmp_path: Path) -> None:
    store_file(tmp_path / "a.h5", count=7)
    data = ab.load_dataset(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        images, labels, ids, energy = (file[key][:] for key in ("images", "labels", "ids", "photon_energy"))
    assert data.images().dtype == np.uint16
    np.testing.assert_array_equal(data.images(), images)
    np.testing.assert_array_equal(data.images([5, 2]), images[[5, 2]])
    np.testing.assert_array_equal(data.images(slice(1, 4)), images[1:4])
    np.testing.assert_array_equal(data.labels, labels)
    np.testing.assert_array_equal(data.ids, ids)
    np.testing.assert_array_equal(data.photon_energy, energy)
    assert data.class_names == ("A", "B")


def test_show_draws_every_class_in_turn(tmp_path: Path) -> None:
    store = store_file(tmp_path / "a.h5", count=20)
    data = ab.load_dataset(tmp_path / "a.h5")
    figure = data.show(8)
    patterns = [axes for axes in figure.axes if axes.images]
    assert len(patterns) == 8
    rows = pick(store, 8, 3)
    assert len(set(rows.tolist())) == 8
    assert 3 <= int(data.labels[rows, 0].sum()) <= 5  # half of the shots carry A
    captions = [axes.get_xlabel().splitlines() for axes in patterns]
    for (row, *names), shown in zip(captions, pick(store, 8, 1612).tolist(), strict=True):
        assert row == f"row {shown}"
        carried = [name for name, mark in zip("AB", data.labels[shown], strict=True) if mark]
        assert ", ".join(carried) == " ".join(names)


def test_shots_and_import_take_the_same_words(folder: Path, tmp_path: Path) -> None:
    counts = np.random.default_rng(1).poisson(4, (6, 20, 20)).astype(np.uint16)
    with h5py.File(tmp_path / "run.h5", "w") as file:
        file["patterns"], file["id"] = counts, np.arange(6) + 40
    shots = ab.open_shots(tmp_path / "run.h5", images="patterns", ids="id", photon_energy=20.0)
    np.testing.assert_array_equal(shots.ids, np.arange(6) + 40)
    np.testing.assert_array_equal(shots.read(1, 4), counts[1:4])
    data = ab.import_data(tmp_path / "run.h5", images="patterns", ids="id", photon_energy=20.0, name="mine")
    np.testing.assert_array_equal(data.images(), counts)
    assert data.path == folder / "mine.h5"
    with pytest.raises(DataError, match="exists already"):
        ab.import_data(tmp_path / "run.h5", images="patterns", ids="id", photon_energy=20.0, name="mine")
    assert (
        len(ab.import_data([tmp_path / "run.h5"], images="patterns", photon_energy=20.0, name="mine", force=True)) == 6
    )


def test_a_path_holds_after_the_folder_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_file(tmp_path / "a.h5", count=3)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    data = ab.load_dataset("a.h5")
    monkeypatch.chdir(tmp_path / "sub")
    assert data.images(0).shape == (1, 24, 24)
    assert data.reference == str(tmp_path / "a.h5")


def test_senseless_arguments_are_one_line(folder: Path, tmp_path: Path) -> None:
    for wrong in ({"count": 1.5}, {"count": True}, {"seed": "x"}):
        with pytest.raises(ConfigError, match=r"expected a whole number"):
            ab.load_dataset("helium", **wrong)  # type: ignore[arg-type]
    assert not folder.exists() or not list(folder.glob("*.h5"))
    with pytest.raises(ConfigError, match="no file was given"):
        ab.import_data([])
    store_file(tmp_path / "a.h5", count=3)
    with pytest.raises(ConfigError, match="count is 0, expected a whole number of at least 1"):
        ab.load_dataset(tmp_path / "a.h5").show(0)
    with pytest.raises(DataError, match="shots 2 to 2 are no stretch"):
        ab.open_shots(tmp_path / "a.h5").read(2, 2)
