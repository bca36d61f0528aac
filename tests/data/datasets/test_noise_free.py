"""Patterns from the truth of a store are those of the simulation."""

import numpy as np
import pytest
from helium_conditions import PlainConditions

from airybench.api.datasets import Dataset
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError
from airybench.physics.helium import conditions
from airybench.physics.populations import HELIUM_CLASSES

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
    assert patterns[2].max() == 0


def test_a_truth_that_lacks_something_is_refused(write_store, tmp_path):
    store = write_store(tmp_path / "old.h5", count=10)
    with pytest.raises(DataError, match=r"its truth lacks absorption, refraction.*cannot be made again"):
        Dataset(str(store.path), store).noise_free(0)
