"""Files of the facilities are recognised by what is in them; what a user says comes before what a layout tells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from euxfel_files import euxfel_cxi
from field_files import Truth, cheetah_cxi, eiger_master, fermi_runs, sacla_run, swissfel_run
from files import deposit_file, store_file

from airybench.data.formats.dispatch import FORMATS
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
