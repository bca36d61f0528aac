"""The table "Your facility: type this": every line is typed, on a small file of that layout, and read rightly."""

import re
from collections.abc import Callable
from pathlib import Path

import field_files
import h5py
import numpy as np
import pytest
from euxfel_files import euxfel_cxi
from field_files import Truth

from airybench.cli.main import run
from airybench.data.store.store import Store

PAGE = (Path(__file__).parents[1] / "docs" / "your-own-data.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("## Your facility: type this") :].partition("\n\nBefore")[0]
ROWS = re.findall(r"^\| ([^|]+?) \| `airybench ([^`]+)` \|$", TABLE, re.MULTILINE)


def plain(folder: Path) -> Truth:
    images = np.random.default_rng(1).poisson(5, (6, 9, 11)).astype("u2")
    ids = 5000 + np.arange(6)
    with h5py.File(folder / "run42.h5", "w") as file:
        file["patterns"], file["shot_id"] = images, ids
    return Truth((folder / "run42.h5",), images, field_files.text(ids), None, np.full(6, 21.5))


MAKERS: dict[str, Callable[[Path], Truth]] = {
    "European XFEL, virtual CXI file": euxfel_cxi,
    "LCLS, CXI file of Cheetah or psocake": field_files.cheetah_cxi,
    "Eiger or NXmx, master file": field_files.eiger_master,
    "FERMI, a folder for each run": field_files.fermi_runs,
    "SACLA": field_files.sacla_run,
    "SwissFEL": field_files.swissfel_run,
    "any other HDF5 file": plain,
}
"""Who writes the file that a line of the table imports."""


def stored(truth: Truth) -> np.ndarray:
    """Counts that a store holds of some frames: bad pixels are 0, modules are below one another."""
    good = np.ones(truth.images.shape, bool) if truth.good is None else truth.good
    images = np.where(good, truth.images, 0)
    return images.reshape(len(images), -1, images.shape[-1])


def test_every_line_of_the_table_is_typed() -> None:
    assert [title for title, _ in ROWS] == list(MAKERS)
    assert TABLE.count("\n|") == len(ROWS) + 2


@pytest.mark.parametrize(("title", "command"), ROWS, ids=[title for title, _ in ROWS])
def test_the_line_imports_the_file(
    title: str,
    command: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    truth = MAKERS[title](tmp_path)
    words = command.split()
    assert run(words) == 0, capsys.readouterr().err
    said = capsys.readouterr()
    store = Store.open(Path(said.out.strip()))
    assert store.path.parent == folder
    assert field_files.text(store.ids()) == truth.ids
    np.testing.assert_array_equal(store.read_images(), stored(truth))
    said_energy = re.search(r"--photon-energy (\S+)", command)
    energy = truth.energy if said_energy is None else np.full(len(truth.ids), float(said_energy[1]))
    np.testing.assert_allclose(store.photon_energy(), energy, rtol=1e-5)
    groups = truth.groups or (0,) * len(truth.ids)
    np.testing.assert_array_equal(np.equal.outer(store.groups(), store.groups()), np.equal.outer(groups, groups))
    for shot in truth.left_out:
        assert shot not in field_files.text(store.ids())

    assert run([*words[:1], "info", *words[2:]]) == 0, capsys.readouterr().err
