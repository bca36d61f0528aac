"""Import of small files of the facilities, and what a store holds of them compared with the truth."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from field_files import Truth
from reporters import CollectingReporter

from airybench.data.formats.dispatch import import_data
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.data.store.store import Store

ENERGY = StackKeys(photon_energy=9000.0)


def bring(folder: Path, *paths: Path, reporter: Any = None, **how: Any) -> Store:
    """Import files as they are, without binning."""
    options = SourceOptions(factor=1, **how)
    return import_data(list(paths), folder / "out.h5", options, force=True, reporter=reporter or CollectingReporter())


def assert_as(store: Store, truth: Truth) -> None:
    """The store holds the shots of the truth, with masked pixels 0 and marked."""
    images, good = np.asarray(truth.images), truth.good
    if good is not None:
        good = np.broadcast_to(good, images.shape)
        with h5py.File(store.path) as file:
            np.testing.assert_array_equal(np.broadcast_to(file["mask"][()] == 1, images.shape), good)
        images = np.where(good, images, 0)
    np.testing.assert_array_equal(store.read_images(), images)
    assert tuple(map(str, store.ids().tolist())) == truth.ids
    if truth.energy is not None:
        np.testing.assert_allclose(store.photon_energy(), truth.energy, rtol=1e-5)
    if truth.groups is not None:
        assert tuple(store.groups().tolist()) == truth.groups
    assert tuple(one for left in store.left_out for one in left.ids if one) == truth.left_out
