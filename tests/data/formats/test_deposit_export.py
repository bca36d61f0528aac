"""Export and import again give the same bits, in a layout that plain h5py can read."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from files import import_deposit
from reporters import CollectingReporter

from airybench.data.formats.deposit_export import export_store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError

Make = Callable[..., Any]


@pytest.mark.parametrize(("side", "names"), [(24, ("A", "B")), (259, ("A", "B")), (24, ())])
def test_export_and_import_are_bit_exact(tmp_path: Path, write_store: Make, side: int, names: tuple[str, ...]) -> None:
    store = write_store(tmp_path / "a.h5", 70 if side == 24 else 3, side, class_names=names)
    reporter = CollectingReporter()
    export_store(store, tmp_path / "a.cxi", reporter=reporter)
    assert reporter.steps[-1] == (store.count, store.count)
    back = import_deposit(tmp_path / "a.cxi", tmp_path / "b.h5")
    np.testing.assert_array_equal(back.read_images(), store.read_images())
    np.testing.assert_array_equal(back.ids(), store.ids())
    np.testing.assert_array_max_ulp(back.photon_energy(), store.photon_energy(), 1)
    assert (back.class_names, back.image_shape, back.labelled) == (names, (side, side), bool(names))
    assert back.label_kind == "multilabel"
    if names:
        np.testing.assert_array_equal(back.labels(), store.labels())
    back.verify()


def test_a_simulated_store_is_restored_completely(tmp_path: Path, quick_simulator: SimpleNamespace) -> None:
    from airybench.data.datasets.simulated import Series, simulated_store

    for name in ("helium", "cxidb"):
        store = simulated_store(Series(name, 1), 9)
        reporter = CollectingReporter()
        back = import_deposit(export_store(store, tmp_path / f"{name}.cxi", reporter=reporter), tmp_path / f"{name}.h5")
        for read in ("read_images", "ids", "labels", "photon_energy", "image_hashes"):
            np.testing.assert_array_equal(getattr(back, read)(), getattr(store, read)())
        assert (back.name, back.label_kind, back.class_names) == (name, store.label_kind, store.class_names)
        assert "no place for simulation parameters" in reporter.notices[0]


def test_the_layout_is_that_of_the_deposit(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    with h5py.File(export_store(store, tmp_path / "a.cxi")) as file:
        assert set(file) == {f"entry_{number}" for number in range(1, 11)}
        entry = file["entry_4"]
        np.testing.assert_array_equal(entry["instrument_1/detector_1/data"], store.read_images()[3])
        assert entry["instrument_1/detector_1/data"].dtype == np.uint16
        assert entry["note_1/data"][()].tolist() == [1, 1]
        assert entry["instrument_1/source_1/energy"][()] == pytest.approx(23 * 1.602176634e-19, rel=1e-12)
        assert entry["experimental_identifier"][()] == 103
        assert entry["experimental_identifier"].dtype == np.int64


def test_nothing_is_overwritten_or_left_behind(
    tmp_path: Path, write_store: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = write_store(tmp_path / "a.h5")
    (tmp_path / "a.cxi").write_text("mine")
    with pytest.raises(DataError, match=r"a\.cxi: exists already; add --force"):
        export_store(store, tmp_path / "a.cxi")
    assert (tmp_path / "a.cxi").read_text() == "mine"
    with pytest.raises(DataError, match="cannot be replaced by its own export"):
        export_store(store, store.path, force=True)

    class Interrupting(CollectingReporter):
        def step(self, done: int, total: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_store(store, tmp_path / "a.cxi", force=True, reporter=Interrupting())
    assert (tmp_path / "a.cxi").read_text() == "mine"
    assert not list(tmp_path.glob(".a.cxi.part"))
    assert h5py.is_hdf5(export_store(store, tmp_path / "a.cxi", force=True))
    monkeypatch.setattr("airybench.paths.shutil.disk_usage", lambda path: SimpleNamespace(free=10**3))
    with pytest.raises(DataError, match=r"GB free, up to"):
        export_store(store, tmp_path / "b.cxi")


FULL = """
import resource, sys
from airybench.data.formats.deposit_export import export_store
from airybench.data.store.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))
try:
    export_store(Store.open(sys.argv[1]), sys.argv[2])
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_is_one_line(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5", 200)
    command = [sys.executable, "-c", FULL, str(store.path), str(tmp_path / "a.cxi")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("DataError")
    assert "cannot write this export (File too large)" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock") == ["a.h5"]


def test_what_is_not_exported_is_named(tmp_path: Path) -> None:
    options = {"name": "x", "class_names": (), "label_kind": "multilabel", "source": "x", "counts_rule": "x"}
    with StoreWriter(tmp_path / "a.h5", StoreHeader(**options), image_shape=(8, 8)) as writer:  # type: ignore[arg-type]
        images = np.ones((2, 8, 8), np.uint16)
        writer.append(images, ids=[1, 2], photon_energy=[1, 1], groups=[0, 3], events={"train": [7, 8]})
    from airybench.data.store.store import Store

    reporter = CollectingReporter()
    export_store(Store.open(tmp_path / "a.h5"), tmp_path / "a.cxi", reporter=reporter)
    assert reporter.notices == ["a.h5: the layout has no place for groups, events; they are not exported"]
