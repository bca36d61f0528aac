"""What facilities write besides: hits, channels without images, acquisitions that were broken off, other masks."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from field_files import cheetah_cxi, eiger_master, fermi_runs, sacla_hits, sacla_run, swissfel_run
from field_stores import ENERGY, assert_as, bring
from reporters import CollectingReporter

from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.invalid_values import InvalidValues
from airybench.data.reading.options import StackKeys
from airybench.errors import DataError, MissingOptionError

COUNTS = np.random.default_rng(41).poisson(5, (6, 9, 11)).astype("u2")


def test_hits_of_cheetah_at_sacla(tmp_path: Path) -> None:
    truth = sacla_hits(tmp_path)
    assert_as(bring(tmp_path, truth.path), truth)


def test_a_run_of_sacla_that_was_broken_off_at_once(tmp_path: Path) -> None:
    truth = sacla_run(tmp_path, cancelled=False)
    with h5py.File(truth.path, "a") as file:
        file["run_1/run_info/run_number"], file["run_1/event_info/tag_number_list"] = 1, np.zeros(0, "i8")
    assert_as(bring(tmp_path, truth.path), truth)


def test_energies_of_sacla_by_tag_whatever_their_order(tmp_path: Path) -> None:
    truth = sacla_run(tmp_path, cancelled=False)
    with h5py.File(truth.path, "a") as file:
        for key in ("event_info/tag_number_list", "event_info/bl_3/oh_2/photon_energy_in_eV"):
            values = file[f"run_259986/{key}"]
            values[...] = values[()][::-1]
    assert_as(bring(tmp_path, truth.path), truth)


def test_channels_of_swissfel_without_images(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "run.BSDATA.h5", "w") as file:
        for name, values in (("A:PULSE", np.arange(6.0)), ("CAM:FPICTURE", COUNTS), ("I0", np.ones((6, 1)))):
            file[f"data/{name}/data"], file[f"data/{name}/pulse_id"] = values, 700 + np.arange(6)
    said = CollectingReporter()
    store = bring(tmp_path, tmp_path / "run.BSDATA.h5", keys=ENERGY, reporter=said)
    np.testing.assert_array_equal(store.read_images(), COUNTS)
    assert store.ids().tolist() == list(range(700, 706))
    assert not any("Jungfrau" in line or "the images are those of" in line for line in said.notices)


def test_raw_frames_of_a_jungfrau_are_doubted_aloud(tmp_path: Path) -> None:
    truth, said = swissfel_run(tmp_path, mask=None), CollectingReporter()
    bring(tmp_path, truth.path, keys=ENERGY, reporter=said)
    assert not any("gain" in line for line in said.notices)  # int32 was converted
    with h5py.File(truth.path, "a") as file:
        values = file["data/JF06T08V04/data"][()]
        del file["data/JF06T08V04/data"]
        file["data/JF06T08V04/data"] = np.where(values < 0, 0, values).astype("u2")
    assert_as(bring(tmp_path, truth.path, keys=ENERGY, reporter=said), truth)
    assert any("is uint16; raw frames of a Jungfrau hold the gain in their two top bits" in one for one in said.notices)


def test_an_eiger_acquisition_that_was_broken_off(tmp_path: Path) -> None:
    truth, said = eiger_master(tmp_path, gone=3), CollectingReporter()
    with pytest.raises(DataError, match=r"w_data_000003\.h5"):
        bring(tmp_path, truth.path, reporter=said)
    [option] = [one.partition(" add ")[2] for one in said.notices if "1 of 3 parts cannot be read" in one]
    assert option == "--images 'entry/data/data_00000[12]'"
    part = replace(truth, images=truth.images[:8], ids=truth.ids[:8], energy=np.asarray(truth.energy)[:8])
    some = StackKeys(images=option.partition(" ")[2].strip("'"))
    assert_as(bring(tmp_path, truth.path, keys=some), part)  # with its mask, unlike any other images of the file


def test_marks_of_faulty_pixels_without_a_mask(tmp_path: Path) -> None:
    for dtype in ("u2", "u4"):
        images, full = COUNTS.astype(dtype), np.iinfo(dtype).max
        images[:, 3], images[:, 5, 5] = full, full - 1
        good = np.ones((9, 11), bool)
        good[3], good[5, 5] = False, False
        with h5py.File(tmp_path / "x_master.h5", "w") as file:
            file["entry/data/data_000001"] = images
            file["entry/instrument/detector/detectorSpecific/nimages"] = 6
        with pytest.raises(MissingOptionError) as caught:
            bring(tmp_path, tmp_path / "x_master.h5", keys=ENERGY)
        assert caught.value.option == f"--invalid max --invalid {full - 1}"
        rule = CountsRule(invalid=InvalidValues.of(["max", str(full - 1)]))
        store = bring(tmp_path, tmp_path / "x_master.h5", keys=ENERGY, rule=rule)
        np.testing.assert_array_equal(store.read_images(), np.where(good, COUNTS, 0))
        np.testing.assert_array_equal(
            np.broadcast_to(store.mask(), COUNTS.shape) == 1, np.broadcast_to(good, COUNTS.shape)
        )


@pytest.mark.parametrize("dtype", ["?", "u1", "f4"])
@pytest.mark.parametrize("each", [False, True])
def test_masks_of_truth_values_in_cxi_files(tmp_path: Path, each: bool, dtype: str) -> None:
    truth = cheetah_cxi(tmp_path, mask_each=each)
    key = "entry_1/instrument_1/detector_1/mask"
    with h5py.File(truth.path, "a") as file:
        shape = file[key].shape
        del file[key]
        file[key] = np.broadcast_to(truth.good, shape).astype(dtype)
    with pytest.raises(MissingOptionError, match="--mask-convention"):
        bring(tmp_path, truth.path)
    assert_as(bring(tmp_path, truth.path, keys=StackKeys(mask_convention="good-is-one")), truth)
    with h5py.File(truth.path, "a") as file:
        file[key][...] = file[key][()] == 0
    assert_as(bring(tmp_path, truth.path), truth)


def test_masks_of_masters_that_say_what_is_good_are_asked_about(tmp_path: Path) -> None:
    truth, key = eiger_master(tmp_path), "entry/instrument/detector/detectorSpecific/pixel_mask"
    with h5py.File(truth.path, "a") as file:
        file[key][...] = truth.good
    with pytest.raises(MissingOptionError, match="--mask-convention"):
        bring(tmp_path, truth.path)
    assert_as(bring(tmp_path, truth.path, keys=StackKeys(mask_convention="good-is-one")), truth)


@pytest.mark.parametrize("first", [True, False])
def test_what_is_left_out_is_told_by_each_file(tmp_path: Path, first: bool) -> None:
    sound, plain = swissfel_run(tmp_path, mask=None), swissfel_run(tmp_path, mask=None, name="run_000042")
    with h5py.File(plain.path, "a") as file:
        del file["data/JF06T08V04/is_good_frame"]
        file["data/JF06T08V04/data"][...] = 7
        file["data/JF06T08V04/data"][:, 0, 0] = np.arange(12)
        file["data/JF06T08V04/pulse_id"][...] += 1000
    paths = (sound.path, plain.path) if first else (plain.path, sound.path)
    store = bring(tmp_path, *paths, keys=ENERGY)
    assert [one.ids for one in store.left_out] == [sound.left_out]
    taken = store.groups() == (1 if first else 2)
    np.testing.assert_array_equal(store.read_images()[taken], sound.images)
    assert (~taken).sum() == 12


def test_only_some_files_of_a_run_say_which_bunches_are_background(tmp_path: Path) -> None:
    truth = fermi_runs(tmp_path, runs=(1,), files=2)
    with h5py.File(truth.paths[0], "a") as file:
        del file["Background_Period"]
    store = bring(tmp_path, tmp_path / "Run_001")
    assert store.ids().tolist() == [100, 101, 102, 103, 104, 105, *(one for one in range(106, 112) if one % 5)]


def test_a_run_without_a_hit_is_left_out_of_several(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    truth, void, said = cheetah_cxi(tmp_path / "a"), cheetah_cxi(tmp_path / "b"), CollectingReporter()
    with h5py.File(void.path, "a") as file:
        file["entry_1/data_1/data"].attrs["numEvents"] = 0
    assert_as(bring(tmp_path, truth.path, void.path, reporter=said), truth)
    assert any("/entry_1/data_1/data holds no image; this file is left out" in line for line in said.notices)
    with pytest.raises(DataError, match="holds no image; leave this file out"):
        bring(tmp_path, void.path)
