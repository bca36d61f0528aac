"""Data sets by name: made once, shared between counts and processes, never left unfinished."""

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.datasets.catalog import CATALOG, display_name, open_dataset
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.split.split import make_split
from airybench.errors import ConfigError, DataError
from airybench.physics import simulate as simulator

Make = Callable[..., Any]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_the_catalog_agrees_with_the_simulator() -> None:
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert entry.class_names == simulator.class_names(name)
        assert entry.label_kind == simulator.label_kind(name)


def test_a_stand_in_is_made_once(folder: Path, quick_simulator: SimpleNamespace) -> None:
    reporter = CollectingReporter()
    store = open_dataset("helium", count=70, seed=5, reporter=reporter)
    assert names(folder) == ["helium-simulated-n70-s5-v2.h5"]
    assert store.path.parent == folder
    assert (store.name, store.source, store.seed, store.count) == ("helium", "simulated", 5, 70)
    assert store.class_names == CATALOG["helium"].class_names
    np.testing.assert_array_equal(store.ids(), np.arange(70))
    assert list(store.columns("truth")) == ["radius"]
    assert quick_simulator.batches == [list(range(32)), list(range(32, 64)), list(range(64, 70))]
    assert reporter.steps == [(0, 70), (32, 70), (64, 70), (70, 70)]
    assert any("simulating 70 helium shots" in note for note in reporter.notices)
    assert any("stand in for the experiment" in note for note in reporter.notices)
    store.verify()
    assert open_dataset("helium", count=70, seed=5) == store
    assert quick_simulator.shots == 70


def test_cxidb_is_multiclass(folder: Path, quick_simulator: SimpleNamespace) -> None:
    store = open_dataset("cxidb", count=10, seed=5)
    assert (store.name, store.label_kind) == ("cxidb", "multiclass")


@pytest.mark.parametrize(("first", "second", "simulated"), [(40, 100, 60), (100, 40, 0)])
def test_stores_of_different_counts_share_their_shots(
    folder: Path, quick_simulator: SimpleNamespace, first: int, second: int, simulated: int
) -> None:
    open_dataset("helium", count=first, seed=5)
    before = quick_simulator.shots
    shared = open_dataset("helium", count=second, seed=5)
    assert quick_simulator.shots - before == simulated
    shared_truth = shared.columns("truth")
    for path in folder.glob("*.h5"):
        path.unlink()
    alone = open_dataset("helium", count=second, seed=5)
    assert alone.content_sha256 == shared.content_sha256
    np.testing.assert_array_equal(alone.columns("truth")["radius"], shared_truth["radius"])


def test_only_sound_stores_of_the_same_series_are_shared(folder: Path, quick_simulator: SimpleNamespace) -> None:
    open_dataset("helium", count=30, seed=6)
    open_dataset("cxidb", count=30, seed=5)
    open_dataset("helium", count=30, seed=5, balance=0.05)
    assert "helium-simulated-n30-s5-v2-b0.05.h5" in names(folder)
    before = quick_simulator.shots
    store = open_dataset("helium", count=30, seed=5)
    assert quick_simulator.shots - before == 30
    with store.path.open("r+b") as raw:  # damage an image: it must not be copied under a new hash
        raw.seek(store.path.stat().st_size // 2)
        raw.write(b"\xff" * 4000)
    reporter = CollectingReporter()
    before = quick_simulator.shots
    open_dataset("helium", count=20, seed=5, reporter=reporter)
    assert quick_simulator.shots - before == 20
    assert any(note.startswith("not reused: ") for note in reporter.notices)


def test_a_stand_in_that_no_longer_opens_is_made_again(folder: Path, quick_simulator: SimpleNamespace) -> None:
    path = open_dataset("helium", count=20, seed=5).path
    path.write_bytes(path.read_bytes()[:5000])
    reporter = CollectingReporter()
    open_dataset("helium", count=20, seed=5, reporter=reporter).verify()
    assert any("making it again" in note for note in reporter.notices)


def test_an_interruption_leaves_nothing(folder: Path, quick_simulator: SimpleNamespace) -> None:
    quick_simulator.fail_at = 50
    with pytest.raises(KeyboardInterrupt):
        open_dataset("helium", count=100, seed=5)
    assert names(folder) == []
    quick_simulator.fail_at = None
    assert open_dataset("helium", count=100, seed=5).count == 100


def test_a_disk_without_room_is_refused_before_the_first_shot(
    folder: Path, quick_simulator: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airybench.paths.shutil.disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(DataError, match=r"\S+ GB free, up to 0\.13 GB needed"):
        open_dataset("helium", count=1000, seed=5)
    assert quick_simulator.shots == 0


def test_an_imported_store_comes_first(folder: Path, quick_simulator: SimpleNamespace, write_store: Make) -> None:
    imported = write_store(folder / "helium.h5", source="cxidb-94")
    assert open_dataset("helium", count=70, seed=5) == imported
    assert quick_simulator.shots == 0


def test_a_path_is_opened(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "mine.h5")
    assert open_dataset(str(tmp_path / "mine.h5"), count=1, seed=1) == store
    with pytest.raises(DataError, match="no such file"):
        open_dataset(str(tmp_path / "none.h5"), count=1, seed=1)


def test_a_deposit_is_imported_once(tmp_path: Path, folder: Path, write_deposit: Make) -> None:
    labels = [(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)] * 2
    source = write_deposit(tmp_path / "run.cxi", [np.ones((6, 6), np.uint16)] * 2, labels)
    reporter = CollectingReporter()
    store = open_dataset(str(source), count=1, seed=1, reporter=reporter)
    assert store.path.parent == folder
    assert len([line for line in reporter.notices if "importing" in line]) == 1
    assert open_dataset(str(source), count=1, seed=1, reporter=reporter) == store
    assert len([line for line in reporter.notices if "importing" in line]) == 1
    write_deposit(source, [np.full((6, 6), 2, np.uint16)] * 2, labels)
    os.utime(source, ns=(1, 1))
    assert open_dataset(str(source), count=1, seed=1).content_sha256 != store.content_sha256
    with pytest.raises(DataError, match="no such file"):
        open_dataset(str(tmp_path / "none.cxi"), count=1, seed=1)


def test_other_names_are_refused_with_the_valid_ones(folder: Path) -> None:
    message = r"unknown data set 'heliun'; valid: helium, cxidb, a file, a folder.*'helium'"
    with pytest.raises(ConfigError, match=message):
        open_dataset("heliun", count=20, seed=5)
    with pytest.raises(ConfigError, match="unknown data set 'argon'"):
        simulated_store(Series("argon", 5), 20)
    with pytest.raises(ConfigError, match="count 0, seed 5"):
        simulated_store(Series("helium", 5), 0)
    assert not folder.exists() or names(folder) == []


def test_output_is_not_overwritten_unasked(tmp_path: Path, folder: Path, quick_simulator: SimpleNamespace) -> None:
    store = simulated_store(Series("helium", 5), 8, output=tmp_path / "mine.h5")
    assert store.path == tmp_path / "mine.h5"
    assert names(folder) == []
    with pytest.raises(DataError, match="exists already; add --force"):
        simulated_store(Series("helium", 5), 9, output=tmp_path / "mine.h5")
    assert simulated_store(Series("helium", 5), 9, output=tmp_path / "mine.h5", force=True).count == 9


def test_display_names_are_valid_file_names(tmp_path: Path) -> None:
    for name in ("run 12@x.h5", "c.d.cxi"):
        (tmp_path / name).touch()
    found = [display_name(name) for name in ("helium", f"{tmp_path}/run 12@x.h5", f"{tmp_path}/c.d.cxi")]
    assert found == ["helium", "run-12-x", "c.d"]
    with pytest.raises(DataError, match="no such file"):
        display_name(f"{tmp_path}/none.h5")
    with pytest.raises(ConfigError, match="unknown data set"):
        display_name("heliun")


def test_a_file_called_like_a_known_data_set_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(exist_ok=True)
    for place in (tmp_path / "helium.h5", folder / "helium.h5"):
        place.touch()
    assert display_name(str(tmp_path / "helium.h5")) == "helium-file"
    assert display_name(str(folder / "helium.h5")) == "helium"  # what `data import --name helium` makes
    (tmp_path / "cxidb").mkdir()
    assert display_name(str(tmp_path / "cxidb")) == "cxidb-file"


def _resolve_slowly(results: Any, counter: Any) -> None:
    quick = simulator.simulate

    def slow(dataset: str, indices: Any, seed: int, **options: Any) -> Any:
        with counter.get_lock():
            counter.value += len(indices)
        time.sleep(0.2)
        return quick(dataset, indices, seed, **options)

    simulator.simulate = slow
    results.put(open_dataset("helium", count=70, seed=5).content_sha256)


def test_two_processes_make_one_store(folder: Path, quick_simulator: SimpleNamespace) -> None:
    context = multiprocessing.get_context("fork")
    results, counter = context.Queue(), context.Value("i", 0)
    processes = [context.Process(target=_resolve_slowly, args=(results, counter)) for _ in range(2)]
    for process in processes:
        process.start()
    digests = [results.get(timeout=30) for _ in processes]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert counter.value == 70  # the second process waited and used the store of the first
    assert digests[0] == digests[1]
    assert names(folder) == ["helium-simulated-n70-s5-v2.h5"]
    open_dataset("helium", count=70, seed=5).verify()


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_the_real_simulator_fills_a_store(folder: Path, dataset: str) -> None:
    few = open_dataset(dataset, count=4, seed=1612)
    store = open_dataset(dataset, count=24, seed=1612)
    store.verify()
    assert store.image_shape == (259, 259)
    direct = simulator.simulate(dataset, range(24), 1612)
    np.testing.assert_array_equal(store.read_images(), direct.images)
    np.testing.assert_array_equal(store.read_images(np.arange(4)), few.read_images())
    np.testing.assert_array_equal(store.labels(), direct.labels)
    np.testing.assert_array_equal(store.photon_energy(), direct.photon_energy)
    truth = store.columns("truth")
    assert set(truth) == set(direct.truth)
    for key, values in direct.truth.items():
        np.testing.assert_array_equal(truth[key], values)
    assert store.path == folder / f"{dataset}-simulated-n24-s1612-v{simulator.SIMULATOR_VERSION}.h5"
    split = make_split(store.ids(), store.labels(), store.content_sha256)
    assert len(split.train) >= 14
