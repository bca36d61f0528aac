"""Files of the facilities are recognised by what is in them; what a user says comes before what a layout tells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from euxfel_files import euxfel_cxi
from field_files import Truth, cheetah_cxi, eiger_master, fermi_runs, sacla_run, swissfel_run
from files import deposit_file, store_file
from sources import opened, refused

from airybench.data.formats.known import FORMATS
from airybench.data.formats.layout import Layout
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.options import DEFAULT_OPTIONS, FrameOptions, Selection, SourceOptions, StackKeys


def _store(folder: Path) -> Path:
    return store_file(folder / "s.h5").path


def _deposit(folder: Path) -> Path:
    return deposit_file(folder / "d.cxi", [np.ones((9, 9), np.uint16)] * 2, [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (euxfel_cxi, "euxfel-cxi"),
        (cheetah_cxi, "cxi"),
        (eiger_master, "eiger"),
        (fermi_runs, "fermi"),
        (sacla_run, "sacla"),
        (swissfel_run, "swissfel"),
        (_store, "store"),
        (_deposit, "deposit"),
    ],
)
def test_each_is_recognised(tmp_path: Path, write: Callable[..., Any], kind: str) -> None:
    made = write(tmp_path)
    path = made.path if isinstance(made, Truth) else made
    assert next(one.KIND for one in FORMATS if one.recognises(path, DEFAULT_OPTIONS)) == kind


def test_what_is_said_comes_first() -> None:
    layout = Layout(
        StackKeys(images="theirs", mask="m", mask_convention="cxi", energy="e"),
        FrameOptions(channel=0),
        Selection(keep=("good",), every="period"),
        nan_mask=True,
    )
    merged = layout.under(SourceOptions(keys=StackKeys(mask="other", photon_energy=20.0)))
    assert merged.keys == StackKeys(images="theirs", mask="other", photon_energy=20.0)
    assert (merged.frames, merged.rule) == (FrameOptions(channel=0), CountsRule(nan_mask=True))
    said = SourceOptions(
        frames=FrameOptions(channel=1, stack_modules=True),
        selection=Selection(keep=("laser", "good"), every="7", drop=("bad",)),
    )
    merged = layout.under(said)
    assert merged.frames == FrameOptions(channel=1, stack_modules=True)
    assert merged.selection == Selection(keep=("good", "laser"), drop=("bad",), every="7")


@pytest.mark.parametrize("name", ["wavelength", "beam/Wavelength"])
def test_a_wavelength_of_a_plain_stack_is_taken_or_named(tmp_path: Path, name: str) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["images"], file[name] = np.ones((4, 9, 11), "u2"), 1.24
    said = refused(tmp_path / "s.h5")
    assert f"/{name} is 1.24 without a unit" in said
    assert f"--wavelength {name} --unit UNIT" in said
    source, _ = opened(tmp_path / "s.h5", options=SourceOptions(keys=StackKeys(unit="angstrom")))
    np.testing.assert_allclose(source.photon_energy, 12398.4198 / 1.24, rtol=1e-6)
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file[name].attrs["units"] = "nm"
    source, _ = opened(tmp_path / "s.h5")
    np.testing.assert_allclose(source.photon_energy, 1239.84198 / 1.24, rtol=1e-6)
    source, _ = opened(tmp_path / "s.h5", options=SourceOptions(keys=StackKeys(photon_energy=20.0)))
    np.testing.assert_array_equal(source.photon_energy, 20.0)
