"""Run folders with DSSC, LPD and JUNGFRAU detectors, written by extra-data's own writer of examples."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from sources import counts, good, opened, refused

from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys

pytest.importorskip("extra_data")
from extra_data import RunDirectory
from extra_data.components import JUNGFRAU
from extra_data.tests.mockdata import write_file
from extra_data.tests.mockdata.detectors import DetectorModule
from extra_data.tests.mockdata.jungfrau import JUNGFRAUModule

RNG = np.random.default_rng(22)
TRAINS, CELLS, HEIGHT, WIDTH = 3, 4, 8, 10
ENERGY = StackKeys(photon_energy=9300.0)
STACKED = SourceOptions(keys=ENERGY, frames=FrameOptions(stack_modules=True))


class SmallModule(DetectorModule):
    """One plane of 8 x 10 px."""

    image_dims = (1, HEIGHT, WIDTH)


class SmallJungfrau(JUNGFRAUModule):
    """Four memory cells of 8 x 10 px."""

    @property
    def instrument_keys(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """As they are, smaller."""
        keys = super().instrument_keys
        return [(key, kind, (CELLS, HEIGHT, WIDTH) if len(shape) == 3 else (CELLS,)) for key, kind, shape in keys]


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(("name", "device"), [("DSSC", "SCS_DET_DSSC1M-1"), ("LPD", "FXE_DET_LPD1M-1")])
def test_dssc_and_lpd(tmp_path: Path, name: str, device: str, raw: bool) -> None:
    modules, missing, pulses = (0, 1, 4), 1, 2
    values = RNG.integers(1, 99, (TRAINS * pulses, 16, HEIGHT, WIDTH)).astype(np.uint16)
    held = np.zeros(values.shape, bool)
    run = tmp_path / "r0007"
    run.mkdir()
    for module in modules:
        trains = TRAINS - (module == missing)  # lacks the last train
        source = f"{device}/{'DET' if raw else 'CORR'}/{module}CH0"
        written = SmallModule(source, raw=raw, frames_per_train=pulses, channel_name="xtdf" if raw else "output")
        path = run / f"{'RAW' if raw else 'CORR'}-R0007-{name}{module:02}-S00000.h5"
        write_file(str(path), [written], ntrains=trains, chunksize=4, format_version="1.0")
        shots = trains * pulses
        held[:shots, module] = True
        with h5py.File(path, "r+") as file:
            image = file[f"INSTRUMENT/{source}:{written.channel_name}/image"]
            image["data"][:shots] = values[:shots, module, None] if raw else values[:shots, module]
            if not raw:
                image["mask"][1, 2, 3] = 16
                held[1, module, 2, 3] = False
    source, _ = opened(run, options=STACKED)
    assert source.image_shape == (16 * HEIGHT, WIDTH)
    np.testing.assert_array_equal(counts(source), np.where(held, values, 0).reshape(len(values), -1, WIDTH))
    np.testing.assert_array_equal(good(source), held.reshape(len(values), -1, WIDTH))
    assert source.ids.tolist() == [f"{10000 + t}:{p}" for t in range(TRAINS) for p in range(pulses)]


def jungfrau(run: Path, device: str, modules: tuple[int, ...], *, raw: bool, cells: bool = True) -> np.ndarray:
    """A run; values of shape (trains, cells, modules, 8, 10). Numbers of memory cells begin at 11."""
    run.mkdir()
    values = RNG.integers(1, 99, (TRAINS, CELLS, len(modules), HEIGHT, WIDTH))
    for place, module in enumerate(modules):
        source = f"{device}/DET/JNGFR{module:02}"
        path = run / f"{'RAW' if raw else 'CORR'}-R0007-JNGFR{module:02}-S00000.h5"
        write_file(str(path), [SmallJungfrau(source, raw=raw)], ntrains=TRAINS, chunksize=1, format_version="1.0")
        with h5py.File(path, "r+") as file:
            data = file[f"INSTRUMENT/{source}:daqOutput/data"]
            data["adc"][:TRAINS] = values[:, :, place]
            if cells:
                data["memoryCell"][:TRAINS] = 11 + np.arange(CELLS)
            if not raw:
                data["mask"][1, 2, 0, 3], data["adc"][0, 1, 5, 5] = 2, np.nan
    return values


@pytest.mark.parametrize("raw", [True, False])
def test_jungfrau_has_one_entry_a_train(tmp_path: Path, raw: bool) -> None:
    values = jungfrau(tmp_path / "r0007", "SPB_IRDA_JF4M", (1, 3), raw=raw)
    whole = np.zeros((TRAINS, CELLS, 3, HEIGHT, WIDTH), np.uint16)
    held = np.zeros(whole.shape, bool)
    whole[:, :, [0, 2]], held[:, :, [0, 2]] = values, True
    if not raw:
        held[1, 2, :, 0, 3] = held[0, 1, :, 5, 5] = False
    source, _ = opened(tmp_path / "r0007", options=STACKED)
    expected = np.where(held, whole, 0).reshape(TRAINS * CELLS, -1, WIDTH)
    np.testing.assert_array_equal(counts(source), expected)
    np.testing.assert_array_equal(good(source), held.reshape(expected.shape))
    assert source.ids.tolist() == [f"{10000 + train}:{11 + cell}" for train in range(TRAINS) for cell in range(CELLS)]
    assert "--stack-modules" in refused(tmp_path / "r0007", options=SourceOptions(keys=ENERGY))


def test_one_module_of_jungfrau_needs_no_arrangement(tmp_path: Path) -> None:
    values = jungfrau(tmp_path / "r0007", "FXE_XAD_JF500K", (3,), raw=True, cells=False)
    source, _ = opened(tmp_path / "r0007", options=SourceOptions(keys=ENERGY))
    np.testing.assert_array_equal(counts(source), values.reshape(-1, HEIGHT, WIDTH))
    assert source.ids.tolist() == [f"{10000 + train}:{cell}" for train in range(TRAINS) for cell in range(CELLS)]


def test_the_virtual_file_of_a_jungfrau_run_is_of_european_xfel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JUNGFRAU, "module_shape", (HEIGHT, WIDTH))
    jungfrau(tmp_path / "r0007", "SPB_IRDA_JF4M", (1, 2), raw=False)
    JUNGFRAU(RunDirectory(str(tmp_path / "r0007"))).write_virtual_cxi(str(tmp_path / "r0007" / "v.cxi"))
    (tmp_path / "r0007").rename(tmp_path / "copy")  # the file names its sources by absolute paths
    run, _ = opened(tmp_path / "copy", options=STACKED)
    view, _ = opened(tmp_path / "copy" / "v.cxi", options=STACKED)
    assert view.recognised == "virtual CXI file of European XFEL"
    assert view.ids.tolist() == run.ids.tolist()
    np.testing.assert_array_equal(counts(view), counts(run))
    np.testing.assert_array_equal(good(view), good(run))
