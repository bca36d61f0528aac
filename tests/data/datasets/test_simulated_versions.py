"""Stores of both versions of the simulator: told apart by name and note, never mixed."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.data.store.true_labels import true_labels
from airybench.errors import ConfigError, DataError
from airybench.physics.runs import run_of


def test_versions_have_names_notes_and_shots_of_their_own(folder: Path) -> None:
    first = simulated_store(Series("cxidb", 5, version=1), 6)
    second = simulated_store(Series("cxidb", 5, version=2), 4)
    assert [first.path.name, second.path.name] == ["cxidb-simulated-n6-s5-v1.h5", "cxidb-simulated-n4-s5-v2.h5"]
    assert [store.simulator for store in (first, second)] == [1, 2]
    assert first.content_sha256 != second.content_sha256
    assert true_labels(first) is None
    assert true_labels(second).shape == (4, 5)
    longer = simulated_store(Series("cxidb", 5, version=2), 5)  # copies those of version 2, not the longer first
    np.testing.assert_array_equal(longer.read_images(np.arange(4)), second.read_images(np.arange(4)))


def test_groups_are_runs_and_are_copied(folder: Path, quick_simulator: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from airybench.physics import simulate as simulator

    plain = simulator.simulate

    def with_runs(dataset, indices, seed, **options):  # type: ignore[no-untyped-def]
        shots = plain(dataset, indices, seed, **options)
        shots.groups = np.array([run_of(seed, index) for index in indices], np.int32)
        return shots

    monkeypatch.setattr(simulator, "simulate", with_runs)
    store = simulated_store(Series("cxidb", 5, version=2), 400, processes=1)
    longer = simulated_store(Series("cxidb", 5, version=2), 420, processes=1)
    runs = [run_of(5, index) for index in range(420)]
    assert store.groups().tolist() == runs[:400]
    assert longer.groups().tolist() == runs
    assert runs[-1] > 0


def test_a_hit_rate_is_in_the_name_and_a_wrong_version_is_refused(folder: Path) -> None:
    assert Series("cxidb", 5, hit_rate=0.02, version=2).name(10) == "cxidb-simulated-n10-s5-v2-h0.02.h5"
    with pytest.raises(ConfigError, match="simulator version 3 found"):
        simulated_store(Series("cxidb", 5, version=3), 4)
    with pytest.raises(ConfigError, match="hit rate 2 found"):
        simulated_store(Series("cxidb", 5, hit_rate=2), 4)
    assert not list(folder.glob("*.h5"))


def test_fields_of_a_gpu_make_a_series_of_their_own(folder: Path, quick_simulator: object) -> None:
    plain, fast = (Series("cxidb", 5, version=2, device=device) for device in ("cpu", "cuda:0"))
    assert [one.name(4) for one in (plain, fast)] == ["cxidb-simulated-n4-s5-v2.h5", "cxidb-simulated-n4-s5-v2-gpu.h5"]
    simulated_store(plain, 6)
    store = simulated_store(fast, 4)  # the stand-in for the simulator computes no fields
    assert not simulated_store(plain, 8).notes.keys() & {"fields"}
    assert store.notes["fields"] == "GPU"


def renoted(path: Path, notes: str | None) -> Store:
    """A store with other notes, or with none as stores had before the simulators had versions."""
    with h5py.File(path, "a") as file:
        file.attrs.pop("notes", None)
        if notes is not None:
            file.attrs["notes"] = notes
    return Store.open(path)


def test_a_store_without_the_note_is_of_version_1_and_an_unknown_version_is_refused(
    folder: Path, quick_simulator: SimpleNamespace
) -> None:
    made = simulated_store(Series("cxidb", 5, version=1), 20)
    assert renoted(made.path, None).simulator == 1
    foreign = renoted(made.path, '{"simulator": "new"}')
    with pytest.raises(DataError, match=r"version new of the simulator.*it makes versions 1 and 2"):
        assert foreign.simulator


def test_measured_shots_are_of_no_version(tmp_path: Path, write_store: Callable[..., Store]) -> None:
    assert write_store(tmp_path / "run7.h5", source="cxidb-94").simulator == 0
