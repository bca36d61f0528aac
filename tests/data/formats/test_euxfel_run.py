"""Run folders of European XFEL, as extra-data's own writer of examples makes them."""

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from sources import counts, good, opened, refused

from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys

pytest.importorskip("extra_data")
from extra_data.tests.mockdata import write_file
from extra_data.tests.mockdata.detectors import AGIPDModule

RNG = np.random.default_rng(21)
TRAINS, PULSES, MISSING = 3, 2, 5


class SmallModule(AGIPDModule):
    """A module of 2 x 6 px."""

    image_dims = (2, 2, 6)


def run(folder: Path, *, raw: bool) -> np.ndarray:
    """A run of which module 5 is missing; module 2 lacks the last train. Values (N, M, 2, 6) are the intensities."""
    folder.mkdir()
    values = RNG.integers(1, 99, (TRAINS * PULSES, 16, 2, 6)).astype(np.uint16)
    for module in set(range(16)) - {MISSING}:
        path = folder / f"{'RAW' if raw else 'CORR'}-R0007-AGIPD{module:02}-S00000.h5"
        name, channel = ("DET", "xtdf") if raw else ("CORR", "output")
        source = f"SPB_DET_AGIPD1M-1/{name}/{module}CH0"
        trains = TRAINS - (module == 2)
        write_file(
            str(path),
            [SmallModule(source, raw=raw, frames_per_train=PULSES, channel_name=channel)],
            ntrains=trains,
            chunksize=4,
            format_version="1.0",
        )
        with h5py.File(path, "r+") as file:
            data = file[f"INSTRUMENT/{source}:{channel}/image/data"]
            data[: trains * PULSES] = (
                np.stack([values[: len(data), module]] * 2, 1) * [[[1]], [[7]]]
                if raw
                else (values[: trains * PULSES, module])
            )
    return values


def options(**frames: Any) -> SourceOptions:
    return SourceOptions(keys=StackKeys(photon_energy="9300"), frames=FrameOptions(**frames))


@pytest.mark.parametrize("raw", [True, False])
def test_modules_trains_and_pulses(tmp_path: Path, raw: bool) -> None:
    values = run(tmp_path / "r0007", raw=raw)
    held = np.ones(values.shape, bool)
    held[:, MISSING] = False
    held[(TRAINS - 1) * PULSES :, 2] = False
    if not raw:
        with h5py.File(tmp_path / "r0007" / "CORR-R0007-AGIPD03-S00000.h5", "r+") as file:
            image = file["INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/3CH0:output/image"]
            image["mask"][1, 0, 4], image["data"][2, 1, 5] = 8, np.nan
        held[1, 3, 0, 4] = held[2, 3, 1, 5] = False
    source, _ = opened(tmp_path / "r0007", options=options(stack_modules=True))
    assert (source.recognised, source.image_shape) == ("run folder of European XFEL", (32, 6))
    np.testing.assert_array_equal(counts(source), np.where(held, values, 0).reshape(-1, 32, 6))
    np.testing.assert_array_equal(good(source), held.reshape(-1, 32, 6))
    assert source.ids.tolist() == [f"{10000 + t}:{p}" for t in range(TRAINS) for p in range(PULSES)]
    one, _ = opened(tmp_path / "r0007", options=options(index=2))
    np.testing.assert_array_equal(counts(one), np.where(held, values, 0)[:, 2])


def test_what_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "r0007", raw=True)
    assert "--stack-modules" in refused(tmp_path / "r0007", options=options())
    shutil.copytree(tmp_path / "r0007", tmp_path / "r0008")
    for file in (tmp_path / "r0008").iterdir():
        file.write_bytes(b"no HDF5")
    assert "extra-data cannot read" in refused(tmp_path / "r0008", options=options(index=0))
