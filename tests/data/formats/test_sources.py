"""Folders and several files: those of one kind are read in natural order, the others are named."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from euxfel_files import euxfel_cxi
from field_files import eiger_master, fermi_runs, sacla_run, swissfel_run
from files import store_file
from reporters import CollectingReporter

from airybench.data.formats.dispatch import open_source
from airybench.data.formats.known import FORMATS
from airybench.data.formats.notices import said_once
from airybench.data.formats.sources import chosen, files_in
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions, StackKeys
from airybench.errors import ConfigError, DataError


def test_files_of_other_kinds_are_named_and_skipped(tmp_path: Path) -> None:
    fermi = fermi_runs(tmp_path)
    swiss = swissfel_run(tmp_path)
    (tmp_path / "Run_001" / "rawdata" / "notes.h5").write_text("no HDF5")
    said = CollectingReporter()
    one, files = chosen([*fermi.paths, swiss.path], DEFAULT_OPTIONS, FORMATS, said)
    assert (one.KIND, files) == ("fermi", list(fermi.paths))
    assert said.notices == [f"{swiss.path.name}: skipped, of another kind than the rest (FERMI file (end station LDM))"]
    said = CollectingReporter()
    one, files = chosen([tmp_path / "Run_001"], DEFAULT_OPTIONS, FORMATS, said)
    assert (one.KIND, files) == ("fermi", list(fermi.paths[:2]))
    assert said.notices[0].startswith("notes.h5: skipped")


def test_folders_are_searched_level_by_level(tmp_path: Path) -> None:
    truth = fermi_runs(tmp_path, runs=(1, 2), files=11, single=True, period=None)
    assert files_in(tmp_path) == list(truth.paths)  # 2 before 10
    sacla = sacla_run(tmp_path)
    assert files_in(tmp_path) == [sacla.path]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"neither a folder of pictures nor one with files \.h5"):
        files_in(tmp_path / "empty")


def test_a_store_in_the_folder_is_no_source(tmp_path: Path) -> None:
    truth = sacla_run(tmp_path)
    for name in ("a.h5", "b.h5"):
        store_file(tmp_path / name)
    assert chosen([tmp_path], DEFAULT_OPTIONS, FORMATS, CollectingReporter())[1] == [truth.path]


def test_parts_of_others_are_read_through_those(tmp_path: Path) -> None:
    truth, said = eiger_master(tmp_path), CollectingReporter()
    assert chosen([tmp_path], DEFAULT_OPTIONS, FORMATS, said)[1] == [truth.path]
    assert said.notices == []
    (tmp_path / "x").mkdir()
    virtual = euxfel_cxi(tmp_path / "x", modules=2)
    assert chosen([tmp_path / "x"], SourceOptions(kind="euxfel-cxi"), FORMATS, said)[1] == [virtual.path]


def test_a_kind_is_refused_by_what_it_needs(tmp_path: Path) -> None:
    fermi_runs(tmp_path)
    with pytest.raises(DataError, match="no SACLA file, which has /run_NUMBER"):
        open_source([tmp_path], SourceOptions(kind="sacla"))
    with pytest.raises(ConfigError, match=r"unknown kind 'scala'.*Did you mean 'sacla'"):
        open_source([tmp_path], SourceOptions(kind="scala"))


def test_a_folder_names_the_data_set(tmp_path: Path) -> None:
    truth = fermi_runs(tmp_path, runs=(1,))
    assert open_source([tmp_path / "Run_001"]).name == "Run_001"
    assert open_source([tmp_path / "Run_001" / "rawdata"]).name == "Run_001"
    assert open_source([tmp_path / "Run_001"], SourceOptions(name="mine")).name == "mine"
    assert open_source([truth.path]).name == "Run_001_1"


def test_images_that_a_layout_takes_keep_its_columns(tmp_path: Path) -> None:
    truth = swissfel_run(tmp_path)
    source = open_source([truth.path], SourceOptions(keys=StackKeys(images="/data/JF06T08V04/data")))
    assert tuple(map(str, source.ids)) == truth.ids
    assert source.recognised == "SwissFEL detector file"


def test_what_is_in_an_unknown_file_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x/pictures"], file["x/dark"] = np.ones((5, 20, 30), "u2"), np.ones((2, 20, 30), "u2")
        file["x/id"] = np.arange(5)
        for number in range(20):
            file[f"motors/{number}"] = 1.5
    with pytest.raises(DataError) as caught:
        open_source([path])
    text = str(caught.value)
    assert "it holds /x/pictures (5, 20, 30) uint16, /x/dark (2, 20, 30) uint16, /x/id (5,) int64" in text
    assert text.count("float64") == 9
    assert "and 11 more" in text
    assert caught.value.option == "--images x/pictures --ids x/id"
    source = open_source([path], SourceOptions(keys=StackKeys(images="x/pictures", ids=("x/id",))))
    np.testing.assert_array_equal(source.read(0, 5), np.ones((5, 20, 30)))


def test_one_data_set_for_each_shot_is_proposed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for number in range(4):
            file[f"shots/shot_{number:03d}/image"] = np.full((20, 30), number, "u2")
    with pytest.raises(DataError) as caught:
        open_source([path])
    assert caught.value.option == "--images 'shots/shot_*/image'"
    source = open_source([path], SourceOptions(keys=StackKeys(images="shots/shot_*/image")))
    assert source.ids.tolist() == [0, 1, 2, 3]


def test_one_stack_is_taken_with_columns_of_obvious_names(tmp_path: Path) -> None:
    path, images = tmp_path / "a.h5", np.random.default_rng(1).integers(0, 50, (6, 20, 30)).astype("u2")
    with h5py.File(path, "w") as file:
        file["raw"], file["id"], file["run"], file["photon_energy"] = (
            images,
            np.arange(6) + 7,
            [1, 1, 2, 2, 3, 3],
            8000.0,
        )
        file["mask"], file["label"] = np.zeros((20, 30), "u1"), np.arange(6) % 2
        file["again"] = h5py.SoftLink("/raw")
    said = CollectingReporter()
    source = open_source([path], DEFAULT_OPTIONS, said)
    np.testing.assert_array_equal(source.read(0, 6), images)
    assert source.ids.tolist() == [7, 8, 9, 10, 11, 12]
    assert source.groups is not None
    assert source.groups.tolist() == [1, 1, 2, 2, 3, 3]
    assert source.photon_energy is not None
    assert set(source.photon_energy.tolist()) == {8000.0}
    assert any("/mask looks like a mask and is not used" in line for line in said.notices)
    assert any("/label looks like labels and is not used" in line for line in said.notices)
    said = CollectingReporter()
    open_source([path], SourceOptions(keys=StackKeys(mask="mask", mask_convention="cxi")), said)
    assert not any("looks like a mask" in line for line in said.notices)


def test_what_holds_for_many_files_is_said_once() -> None:
    paths, said = [Path("d/a.h5"), Path("d/b.h5")], CollectingReporter()
    with said_once(paths, said) as once:
        for text in ("d/a.h5: in nm", "d/b.h5: in nm", "a.h5: alone"):
            once.notify(text)
        assert not said.notices
    assert said.notices == ["2 files: in nm", "a.h5: alone"]
