"""Patterns from the truth of a store are those of the simulation."""

import h5py
import numpy as np
import pytest
from helium_conditions import PlainConditions

from airybench.api.datasets import Dataset
from airybench.cli.main import run
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError
from airybench.physics.helium import conditions
from airybench.physics.populations import HELIUM_CLASSES
from airybench.physics.run_conditions import SmallAngleConditions
from airybench.physics.small_angle import shot as small_angle

SETS = [{"Spherical/Oblate", "Round"}, {"Prolate", "Bent"}, {"Empty"}, {"Spherical/Oblate", "Round", "NewtonRings"}]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A store of four shots, and the patterns that their counts were drawn from."""
    patterns, shots, given = [], [], PlainConditions()
    detect = given.detect
    given.detect = lambda pattern, photons, rng: patterns.append(pattern) or detect(pattern, photons, rng)
    for index, labels in enumerate(SETS):
        shots.append(conditions.helium_shot(frozenset(labels), given, seed=5, index=index))
    path = tmp_path_factory.mktemp("truth") / "helium.h5"
    header = StoreHeader("helium", HELIUM_CLASSES, "multilabel", "simulated", "drawn", 5)
    with StoreWriter(path, header, image_shape=(259, 259), expected=4) as writer:
        writer.append(
            np.stack([shot.image for shot in shots]),
            ids=np.arange(4),
            photon_energy=np.array([shot.photon_energy for shot in shots]),
            labels=np.array([[name in shot.labels for name in HELIUM_CLASSES] for shot in shots], np.uint8),
            truth={
                name: np.array([shot.truth[name] for shot in shots], np.int32 if isinstance(one, int) else np.float32)
                for name, one in shots[0].truth.items()
            },
        )
    return Dataset(str(path), Store.open(path)), np.stack(patterns)


def test_arrays_are_equal(simulated):
    data, patterns = simulated
    np.testing.assert_array_equal(data.noise_free(), patterns)
    np.testing.assert_array_equal(data.noise_free([3, 1]), patterns[[3, 1]])
    assert data.noise_free(slice(0, 0)).shape == (0, 259, 259)
    empty = data.store.columns("truth")["shape"] == 0
    np.testing.assert_array_equal(patterns.max(axis=(1, 2)) == 0, empty)


def test_a_truth_that_lacks_something_is_refused(write_store, tmp_path):
    store = write_store(tmp_path / "old.h5", count=10)
    with pytest.raises(DataError, match=r"its truth lacks absorption, refraction.*cannot be made again"):
        Dataset(str(store.path), store).noise_free(0)


def cxidb_store(path, version, monkeypatch):
    """Six shots as `data simulate` makes them, and the patterns that their counts were drawn from."""
    patterns = []

    def noting(module, name):
        detect = getattr(module, name)

        def noted(*arguments):
            patterns.append(next(one for one in arguments if isinstance(one, np.ndarray)))
            return detect(*arguments)

        monkeypatch.setattr(module, name, noted)

    noting(small_angle, "detect_small_angle")
    noting(SmallAngleConditions, "detect")
    store = simulated_store(Series("cxidb", 3, version=version), 6, output=path, processes=1)
    monkeypatch.undo()
    return store, np.stack(patterns)


@pytest.mark.parametrize("version", [1, 2])
def test_small_angle_arrays_are_equal(tmp_path, monkeypatch, version):
    store, patterns = cxidb_store(tmp_path / "cxidb.h5", version, monkeypatch)
    np.testing.assert_array_equal(Dataset(str(store.path), store).noise_free(), patterns)
    assert patterns.max() > 0


def test_a_truth_of_another_shot_is_refused(tmp_path, monkeypatch):
    store, _ = cxidb_store(tmp_path / "cxidb.h5", 2, monkeypatch)
    held = ~np.isnan(store.columns("truth")["size"])
    with h5py.File(store.path, "r+") as file:
        file["truth/size"][...] = file["truth/size"][()] * 1.01
    with pytest.raises(DataError, match=r"of seed 3, version 2: its truth has size .*, its random numbers give"):
        Dataset(str(store.path), store).noise_free(np.flatnonzero(held)[:1])


def test_the_command_writes_the_patterns_beside_their_shots(simulated, tmp_path, capsys):
    data, patterns = simulated
    words = ["data", "simulate", "helium", "--from-truth", str(data.path)]
    assert run([*words, "--output", str(tmp_path / "clean.h5")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "clean.h5")
    with h5py.File(tmp_path / "clean.h5") as file:
        np.testing.assert_array_equal(file["patterns"], patterns)
        np.testing.assert_array_equal(file["ids"], data.ids)
        np.testing.assert_array_equal(file["photons"], data.store.columns("truth")["photons"])
    assert run([*words, "--output", str(tmp_path / "clean.h5")]) == 2, "it is there already"
    assert run([*words, "--output", str(data.path), "--force"]) == 2, "the store is never replaced by its patterns"
    assert run([*words, "--seed", "1612", "--hit-rate", "0.5"]) == 2
    assert "leave out --seed, --hit-rate" in " ".join(capsys.readouterr().err.split())
    assert run(["data", "simulate", "cxidb", "--from-truth", str(data.path)]) == 2
    assert "holds shots of helium" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == ["clean.h5"]
