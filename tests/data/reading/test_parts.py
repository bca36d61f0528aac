"""Images in several data sets are joined in natural order; one data set a shot has its id in its name."""

import pickle
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.data.reading.options import DEFAULT_OPTIONS, Selection, SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.data.reading.stack import read_stack
from airybench.errors import DataError
from airybench.reporter import SILENT
from tests.field_stacks import eiger, sacla

TAGS = "run_*/detector_2d_assembled_1/tag_*/detector_data"
LIST = "run_*/event_info/tag_number_list"
ENERGY = "run_*/event_info/bl_3/oh_2/photon_energy_in_eV"


def read(*paths: Path, options: SourceOptions = DEFAULT_OPTIONS, **keys: object) -> ShotSource:
    return read_stack(paths, replace(options, keys=StackKeys(**{"photon_energy": 25.0, **keys})), SILENT)


def counts(source: ShotSource, rows: object = slice(None)) -> np.ndarray:
    reader = pickle.loads(pickle.dumps(source.read))
    return np.concatenate([block.counts for block in reader.blocks(np.arange(source.count)[rows])])


def test_linked_data_sets_are_joined_in_natural_order(tmp_path: Path) -> None:
    path, images = eiger(tmp_path, (2,) * 11)
    mask = "entry/instrument/detector/detectorSpecific/pixel_mask"
    source = read(path, images="entry/data/data_*", mask=mask, mask_convention="cxi")
    good = np.ones((12, 14), bool)
    good[5:7] = False
    np.testing.assert_array_equal(counts(source), images * good)
    np.testing.assert_array_equal(counts(source, [0, 3, 4, 19]), (images * good)[[0, 3, 4, 19]])
    np.testing.assert_array_equal(source.mask, good)
    np.testing.assert_array_equal(source.ids, np.arange(22))
    assert source.choices["images"] == "/entry/data/data_* (22, 12, 14) uint32, 11 parts"
    assert source.files[:3] == ("w_master.h5", "w_data_1.h5", "w_data_10.h5")
    before = source.identity
    with h5py.File(tmp_path / "w_data_3.h5", "a") as file:
        file["note"] = 1
    assert read(path, images="entry/data/data_*", mask=mask, mask_convention="cxi").identity != before


def test_parts_of_other_shapes_are_refused_by_name(tmp_path: Path) -> None:
    path, _ = eiger(tmp_path)
    with h5py.File(tmp_path / "w_data_2.h5", "w") as file:
        file["entry/data/data"] = np.zeros((4, 12, 13), "u4")
    with pytest.raises(DataError, match=r"/entry/data/data_2 has images of shape \(12, 13\), /entry/data/data_1 of"):
        read(path, images="entry/data/data_*")
    with pytest.raises(DataError, match=r"/entry/data/frame_\* is the name of no data set; give another --images"):
        read(path, images="entry/data/frame_*")


def test_one_data_set_a_shot(tmp_path: Path) -> None:
    images = sacla(tmp_path / "a.h5")
    source = read(tmp_path / "a.h5", images=TAGS)
    assert (source.ids.dtype, source.ids.tolist()) == (np.int64, [900, 910, 1002])
    np.testing.assert_array_equal(counts(source), images)
    np.testing.assert_array_equal(counts(source, [0, 2]), images[[0, 2]])
    assert [(one.reason, one.ids) for one in source.left_out] == [("without an image (incomplete)", ("904",))]
    assert source.place(1) == "a.h5 /run_7/detector_2d_assembled_1/tag_910/detector_data"


@pytest.mark.parametrize("keys", [{"ids": (LIST,)}, {"column_ids": LIST}])
def test_columns_are_matched_to_images_by_id(tmp_path: Path, keys: dict[str, object]) -> None:
    images = sacla(tmp_path / "a.h5", tags=(900, 1002, 904, 910, 77))
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["run_7/detector_2d_assembled_1/tag_77"]
    source = read(tmp_path / "a.h5", images=TAGS, energy=ENERGY, photon_energy=None, **keys)
    assert source.ids.tolist() == [900, 910, 1002]
    assert source.photon_energy.tolist() == [7000, 7003, 7001]
    assert {one.ids for one in source.left_out} == {("904",), ("77",)}
    np.testing.assert_array_equal(counts(source), images[1:])


def test_many_parts_in_blocks_and_two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.data.reading.parts._BYTES", 7 * 160)
    first = sacla(tmp_path / "a.h5", tuple(range(100, 150)), ())
    second = sacla(tmp_path / "b.h5", tuple(range(200, 220)), (203,), run=8)
    source = read(tmp_path / "a.h5", tmp_path / "b.h5", images=TAGS, group_by=r"run_(\d+)")
    np.testing.assert_array_equal(counts(source), np.concatenate([first, second]))
    assert {len(block.counts) for block in source.read.blocks(np.arange(50))} == {7, 1}
    assert source.groups.tolist() == [7] * 50 + [8] * 19
    rows = source.ids % 3 == 0
    np.testing.assert_array_equal(counts(source, rows), np.concatenate([first, second])[rows])


def test_names_that_are_no_numbers_are_text(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("b7", "b10"):
            file[f"x/{name}/image"] = np.full((4, 5), int(name[1:]))
    source = read(tmp_path / "a.h5", images="x/*/image")
    assert source.ids.tolist() == ["b7", "b10"]
    assert counts(source)[:, 0, 0].tolist() == [7, 10]


def test_ids_of_names_that_repeat_are_joined(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for run in (1, 2):
            file[f"r{run}/s3/image"] = np.full((4, 5), run)
    assert read(tmp_path / "a.h5", images="r*/s*/image").ids.tolist() == ["1:3", "2:3"]


def test_every_option_changes_the_identity(tmp_path: Path) -> None:
    path, _ = eiger(tmp_path)
    plain = read(path, images="entry/data/data_*")
    other = read(path, images="entry/data/data_*", options=SourceOptions(selection=Selection(every="5")))
    assert plain.identity == read(path, images="entry/data/data_*").identity
    assert plain.identity != other.identity
    assert other.ids.tolist() == [1, 2, 3, 4, 6, 7, 8, 9]
