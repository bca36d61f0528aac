"""Files of every facility, read with nothing said but what they do not hold, compared pixel by pixel with NumPy."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from euxfel_files import PULSE, TRAIN, euxfel_cxi
from field_files import Truth, cheetah_cxi, eiger_master, fermi_runs, sacla_run, swissfel_run, text
from field_stores import ENERGY, assert_as, bring
from reporters import CollectingReporter

from airybench.data.formats.dispatch import open_source
from airybench.data.reading.options import FrameOptions, Selection, SourceOptions, StackKeys
from airybench.errors import DataError, MissingOptionError


def stacked(truth: Truth) -> Truth:
    """The same with modules below one another."""
    count, width = len(truth.images), truth.images.shape[-1]
    good = None if truth.good is None else truth.good.reshape(count, -1, width)
    return replace(truth, images=truth.images.reshape(count, -1, width), good=good)


@pytest.mark.parametrize("how", [{}, {"unmapped": [2]}, {"missing_train": 1}])
def test_modules_of_european_xfel_below_one_another(tmp_path: Path, how: dict[str, Any]) -> None:
    truth = euxfel_cxi(tmp_path, **how)
    store = bring(tmp_path, truth.path, keys=ENERGY, frames=FrameOptions(stack_modules=True))
    assert_as(store, stacked(truth))
    np.testing.assert_array_equal(store.columns("events")["trainId"], TRAIN)
    np.testing.assert_array_equal(store.columns("events")["pulseId"], PULSE)


def test_one_module_of_european_xfel(tmp_path: Path) -> None:
    truth = euxfel_cxi(tmp_path)
    store = bring(tmp_path, truth.path, keys=ENERGY, frames=FrameOptions(index=2))
    assert truth.good is not None
    assert_as(store, replace(truth, images=truth.images[:, 2], good=truth.good[:, 2]))


@pytest.mark.parametrize("raw", [False, True])
def test_a_file_of_one_module_asks_for_no_arrangement(tmp_path: Path, raw: bool) -> None:
    truth = euxfel_cxi(tmp_path, flat=True, raw=raw)
    images = truth.images[:, 0] if raw else truth.images
    assert_as(bring(tmp_path, truth.path, keys=ENERGY), replace(truth, images=images))


def test_two_planes_are_told_from_two_modules_by_the_cells(tmp_path: Path) -> None:
    raw = euxfel_cxi(tmp_path, flat=True, raw=True)
    with h5py.File(raw.path, "a") as file:
        del file["entry_1/cellId"]
    with pytest.raises(MissingOptionError, match=r"2 modules .*--stack-modules.*or --channel 0"):
        bring(tmp_path, raw.path, keys=ENERGY)
    told = bring(tmp_path, raw.path, keys=ENERGY, frames=FrameOptions(channel=0))
    assert_as(told, replace(raw, images=raw.images[:, 0]))
    for modules in (1, 2):
        with h5py.File(raw.path, "a") as file:
            file.pop("entry_1/cellId", None)
            file["entry_1/cellId"] = np.zeros((len(raw.images), modules), "u2")
        store = bring(tmp_path, raw.path, keys=ENERGY, frames=FrameOptions(stack_modules=modules > 1))
        assert store.image_shape == (8 * modules, 6)


def test_raw_files_of_european_xfel_give_intensities(tmp_path: Path) -> None:
    truth = euxfel_cxi(tmp_path, raw=True)
    store = bring(tmp_path, truth.path, keys=ENERGY, frames=FrameOptions(stack_modules=True))
    assert_as(store, stacked(replace(truth, images=truth.images[:, :, 0])))


def test_modules_and_missing_files_are_asked_for(tmp_path: Path) -> None:
    whole = euxfel_cxi(tmp_path)
    with pytest.raises(MissingOptionError, match=r"\(N, 4, 8, 6\), 4 modules .*--stack-modules") as caught:
        bring(tmp_path, whole.path, keys=ENERGY)
    assert caught.value.option == "--stack-modules"
    with pytest.raises(MissingOptionError) as caught:
        bring(tmp_path, whole.path)
    assert caught.value.option == "--stack-modules --photon-energy EV"
    gone = euxfel_cxi(tmp_path, gone=[3])
    with pytest.raises(DataError, match=r"view of CORR-R0007-AGIPD03-S00000\.h5, which is missing"):
        bring(tmp_path, gone.path, keys=ENERGY, frames=FrameOptions(stack_modules=True))


@pytest.mark.parametrize(
    "how",
    [{}, {"attribute": False}, {"padded": False}, {"mask_each": True}, {"identifiers": False}, {"dtype": "f4"}],
)
def test_stacks_of_lcls(tmp_path: Path, how: dict[str, Any]) -> None:
    truth = cheetah_cxi(tmp_path, **how)
    store = bring(tmp_path, truth.path)
    assert_as(store, truth)
    np.testing.assert_array_equal(store.columns("events")["fiducial"], 30_000 + 3 * np.arange(9))


def test_a_second_detector_is_named(tmp_path: Path) -> None:
    truth, said = cheetah_cxi(tmp_path), CollectingReporter()
    key, other = "entry_1/instrument_1/detector_2/data", np.arange(16 * 120).reshape(16, 10, 12).astype("u2")
    with h5py.File(truth.path, "a") as file:
        file[key] = other
        file[key].attrs["numEvents"] = 9
    assert_as(bring(tmp_path, truth.path, reporter=said), truth)
    assert any(f"for /{key} add --kind cxi --images {key}" in line for line in said.notices)
    second = replace(truth, images=other[:9], good=None)  # the mask is that of the first detector
    assert_as(bring(tmp_path, truth.path, kind="cxi", keys=StackKeys(images=key)), second)
    own = StackKeys(images=key, ids=("LCLS/fiducial",), photon_energy=8000.0)
    own_truth = replace(second, ids=text(30_000 + 3 * np.arange(9)))
    assert_as(bring(tmp_path, truth.path, keys=own), own_truth)


def test_energies_in_ev_come_before_those_in_joule(tmp_path: Path) -> None:
    truth = cheetah_cxi(tmp_path)
    with h5py.File(truth.path, "a") as file:
        file["entry_1/instrument_1/source_1/energy"][...] *= 1.01
    assert_as(bring(tmp_path, truth.path), truth)
    with h5py.File(truth.path, "a") as file:
        del file["LCLS/photon_energy_eV"]
    assert truth.energy is not None
    assert_as(bring(tmp_path, truth.path), replace(truth, energy=1.01 * truth.energy))


def test_the_mask_of_psocake_is_named_and_taken_on_request(tmp_path: Path) -> None:
    truth, said = cheetah_cxi(tmp_path, static_mask=True), CollectingReporter()
    store = bring(tmp_path, truth.path, reporter=said)
    assert_as(store, replace(truth, good=None))
    place = f"{tmp_path}/staticMask.h5:/entry_1/data_1/mask"
    assert any(f"add --mask {place} --mask-convention good-is-one" in line for line in said.notices)
    keys = StackKeys(mask=place, mask_convention="cxi")
    assert_as(bring(tmp_path, truth.path, reporter=(said := CollectingReporter()), keys=keys), truth)
    assert not any("is not used" in line for line in said.notices)


@pytest.mark.parametrize("dtype", ["u2", "u4"])
def test_parts_of_an_eiger_master(tmp_path: Path, dtype: str) -> None:
    truth = eiger_master(tmp_path, dtype=dtype)
    assert_as(bring(tmp_path, truth.path), truth)
    assert_as(bring(tmp_path, *sorted(tmp_path.glob("w_*.h5"))), truth)  # parts are not read twice


def test_an_eiger_master_without_unit_or_parts(tmp_path: Path) -> None:
    truth = eiger_master(tmp_path, units=None)
    assert_as(bring(tmp_path, truth.path), replace(truth, energy=np.full(len(truth.ids), 10_000.0)))
    gone = eiger_master(tmp_path, gone=2)
    with pytest.raises(DataError, match=r"w_data_000002\.h5"):
        bring(tmp_path, gone.path)


@pytest.mark.parametrize(("single", "files"), [(False, 2), (True, 3)])
def test_runs_of_fermi_are_folders(tmp_path: Path, single: bool, files: int) -> None:
    truth = fermi_runs(tmp_path, single=single, files=files, period=None if single else 5)
    assert_as(bring(tmp_path, tmp_path / "Run_001", tmp_path / "Run_002"), truth)
    assert_as(bring(tmp_path, *truth.paths), truth)
    first = bring(tmp_path, tmp_path / "Run_001" / "rawdata")
    assert set(first.groups().tolist()) == {1}


def test_files_of_background_alone_are_left_out(tmp_path: Path) -> None:
    truth = fermi_runs(tmp_path, single=True, files=6, period=5)
    assert len(truth.left_out) == 3
    assert_as(bring(tmp_path, tmp_path / "Run_001", tmp_path / "Run_002"), truth)
    with pytest.raises(DataError, match=r"no shot is left \(1 of background"):
        bring(tmp_path, truth.paths[0])


def test_background_is_taken_where_the_user_says_so(tmp_path: Path) -> None:
    truth = fermi_runs(tmp_path)
    store = bring(tmp_path, *truth.paths, selection=Selection(every="0"))
    assert store.ids().tolist() == list(range(100, 124))
    assert not store.left_out


def test_bunches_that_begin_again_in_every_run_are_told_apart(tmp_path: Path) -> None:
    truth, said = fermi_runs(tmp_path), CollectingReporter()
    first = 100
    for path in truth.paths[2:]:
        with h5py.File(path, "a") as file:
            file["bunches"][...] = np.arange(first, first + 6)
        first += 6
    store = bring(tmp_path, *truth.paths, reporter=said)
    one = [str(bunch) for bunch in range(100, 112) if bunch % 5]
    assert store.ids().tolist() == [f"{run}:{bunch}" for run in (1, 2) for bunch in one]
    assert "ids begin again in every run; they are preceded by it, such as 1:101" in said.notices
    assert store.groups().tolist() == [1] * 9 + [2] * 9


def test_frames_of_several_masters_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        eiger_master(tmp_path / name)
    for path in sorted((tmp_path / "b").glob("w_*")):
        path.rename(tmp_path / "a" / path.name.replace("w_", "v_"))
    with h5py.File(tmp_path / "a" / "v_master.h5", "a") as file:
        for number in (1, 2, 3):
            del file[f"entry/data/data_{number:06d}"]
            file[f"entry/data/data_{number:06d}"] = h5py.ExternalLink(f"v_data_{number:06d}.h5", "/entry/data/data")
    store = bring(tmp_path, tmp_path / "a")
    assert store.ids().tolist() == [f"{name}:{number}" for name in "vw" for number in range(1, 11)]
    assert store.groups().tolist() == [1] * 10 + [2] * 10


def test_a_wavelength_of_fermi_without_unit_is_asked_for(tmp_path: Path) -> None:
    truth = fermi_runs(tmp_path)
    for path in truth.paths:
        with h5py.File(path, "a") as file:
            del file["photon_source/FEL01/wavelength"].attrs["units"]
    with pytest.raises(MissingOptionError, match=r"57\.7 without a unit") as caught:
        bring(tmp_path, *truth.paths)
    assert caught.value.option == "--wavelength photon_source/FEL01/wavelength --unit UNIT"
    assert_as(bring(tmp_path, *truth.paths, keys=StackKeys(unit="nm")), truth)


@pytest.mark.parametrize("runs", [(259986,), (259986, 259987)])
def test_tags_of_sacla(tmp_path: Path, runs: tuple[int, ...]) -> None:
    truth = sacla_run(tmp_path, runs=runs)
    left = tuple(str(441_000_000 + 100 * number + 2 * row) for number in range(len(runs)) for row in (2, 6))
    assert_as(bring(tmp_path, truth.path), replace(truth, left_out=left))


def test_energies_of_sacla_are_asked_for_where_the_file_has_none(tmp_path: Path) -> None:
    truth = sacla_run(tmp_path, energy=False, cancelled=False)
    with pytest.raises(MissingOptionError, match="no photon energy"):
        bring(tmp_path, truth.path)
    assert_as(bring(tmp_path, truth.path, keys=ENERGY), truth)


@pytest.mark.parametrize("how", [{}, {"columns": False}, {"processed": True}, {"mask": None}])
def test_good_frames_of_swissfel(tmp_path: Path, how: dict[str, Any]) -> None:
    truth = swissfel_run(tmp_path, **how)
    store = bring(tmp_path, truth.path, keys=ENERGY)
    assert_as(store, truth)
    np.testing.assert_array_equal(store.columns("events")["frame_index"], [0, 1, 2, 3, 5, 6, 7, 8, 10, 11])
    assert set(store.columns("events")["daq_rec"].tolist()) == {3}


def test_masks_of_whole_numbers_at_swissfel(tmp_path: Path) -> None:
    truth, said = swissfel_run(tmp_path, mask="u4"), CollectingReporter()
    with pytest.raises(MissingOptionError, match="--mask-convention"):
        bring(tmp_path, truth.path, keys=ENERGY)
    with h5py.File(truth.path, "a") as file:
        file["data/JF06T08V04/meta/pixel_mask"][...] ^= 1
    assert_as(bring(tmp_path, truth.path, keys=ENERGY, reporter=said), truth)
    assert any("0 is taken for good, and 3.03% of the pixels are flagged" in line for line in said.notices)


def test_a_kind_that_does_not_fit_says_what_is_missing(tmp_path: Path) -> None:
    truth = swissfel_run(tmp_path)
    with pytest.raises(DataError, match=r"no FERMI file .*, which has /vmi/andor and /bunches; leave out --kind"):
        open_source([truth.path], SourceOptions(kind="fermi"))
