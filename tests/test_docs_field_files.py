"""The table "Your facility: type this": every line is typed, on a small file of that layout, and read rightly."""

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import field_files
import h5py
import numpy as np
import pytest
from euxfel_files import euxfel_cxi
from field_files import Truth
from files import deposit_file

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


def deposit(folder: Path) -> Truth:
    images = np.random.default_rng(2).poisson(5, (4, 9, 11)).astype("u2")
    path = folder / "helium_nanodroplets_with_labels_zimmermann.cxi"
    deposit_file(path, list(images), [[1, 1, *[0] * 9]] * 4)
    return Truth((path,), images, field_files.text(1001 + np.arange(4)), None, 21.0 + np.arange(4))


def run_folder(folder: Path) -> Truth:
    pytest.importorskip("extra_data")
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.detectors import AGIPDModule

    small = type("SmallModule", (AGIPDModule,), {"image_dims": (2, 2, 6)})
    images = np.random.default_rng(3).integers(1, 99, (6, 16, 2, 6)).astype("u2")
    (folder / "r0007").mkdir()
    for module in range(16):
        source, path = f"SPB_DET_AGIPD1M-1/DET/{module}CH0", folder / f"r0007/RAW-R0007-AGIPD{module:02}-S00000.h5"
        write_file(
            str(path), [small(source, raw=True, frames_per_train=2)], ntrains=3, chunksize=4, format_version="1.0"
        )
        with h5py.File(path, "r+") as file:
            file[f"INSTRUMENT/{source}:xtdf/image/data"][:6] = images[:, module, None] * [[[1]], [[7]]]
    ids = tuple(f"{train}:{pulse}" for train in (10000, 10001, 10002) for pulse in (0, 1))
    return Truth((folder / "r0007",), images, ids)


def dragonfly(folder: Path) -> Truth:
    images = np.random.default_rng(4).poisson(0.8, (5, 12, 9))
    x, y = np.mgrid[:12, :9] - np.array([4.3, 5.1]).reshape(2, 1, 1)
    far, bad = np.sqrt(x**2 + y**2 + 200**2), np.eye(12, 9, dtype=bool)
    with h5py.File(folder / "detector.h5", "w") as file:
        file["qx"], file["qy"], file["qz"] = (x * 30 / far).ravel(), (y * 30 / far).ravel(), (6000 / far - 30).ravel()
        file["mask"], file["corr"], file["detd"], file["ewald_rad"] = 2 * bad.ravel(), np.ones(bad.size), 200.0, 30.0
    header = np.zeros(256, "<i4")
    header[:2] = images.shape[0], bad.size
    ones, multi = ([np.flatnonzero(test(one)) for one in images] for test in (lambda i: i == 1, lambda i: i > 1))
    counts = [one.ravel()[places] for one, places in zip(images, multi, strict=True)]
    parts = (
        header,
        *([len(row) for row in rows] for rows in (ones, multi)),
        *map(np.concatenate, (ones, multi, counts)),
    )
    (folder / "photons.emc").write_bytes(b"".join(np.asarray(part, "<i4").tobytes() for part in parts))
    return Truth((folder / "photons.emc",), images, field_files.text(np.arange(5)), ~bad)


def pictures(folder: Path) -> Truth:
    images = np.random.default_rng(5).poisson(300, (6, 9, 11)).astype("u2")
    names = [f"{kind}/shot_{number}" for number, kind in enumerate(["Round"] * 3 + ["Streak"] * 3)]
    for name, image in zip(names, images, strict=True):
        path = folder / "pictures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    return Truth((folder / "pictures",), images, tuple(Path(name).name for name in names), None, None)


def frames(folder: Path) -> Truth:
    images = np.random.default_rng(6).poisson(9, (6, 9, 11)).astype("u2")
    np.savez(folder / "frames.npz", images=images, ids=np.arange(6) + 70)
    return Truth((folder / "frames.npz",), images, field_files.text(np.arange(6) + 70))


MAKERS: dict[str, Callable[[Path], Truth]] = {
    "CXIDB deposit 94, helium nanodroplets": deposit,
    "European XFEL, virtual CXI file": euxfel_cxi,
    "European XFEL, run folder": run_folder,
    "LCLS, CXI file of Cheetah or psocake": field_files.cheetah_cxi,
    "Eiger or NXmx, master file": field_files.eiger_master,
    "FERMI, a folder for each run": field_files.fermi_runs,
    "SACLA": field_files.sacla_run,
    "SACLA, hits of Cheetah": field_files.sacla_hits,
    "SwissFEL": field_files.swissfel_run,
    "Dragonfly": dragonfly,
    "pictures, a folder for each class": pictures,
    "NumPy": frames,
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
    if title.startswith("pictures"):
        assert (store.class_names, store.labels().tolist()) == (("Round", "Streak"), [[1, 0]] * 3 + [[0, 1]] * 3)
    for shot in truth.left_out:
        assert shot not in field_files.text(store.ids())

    assert run([*words[:1], "info", *words[2:]]) == 0, capsys.readouterr().err
