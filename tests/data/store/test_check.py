"""One pass over a store gives the check, the sample of the search for bad pixels, and what else watches."""

from pathlib import Path

import numpy as np

from airybench.data.store.bad_pixels import find_bad_pixels, sampled_rows
from airybench.data.store.check import StoreSample, check
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter

COUNT = 600  # several slices, and more than the sample takes


def test_the_sample_is_taken_while_the_images_pass(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    images = rng.poisson(4, (COUNT, 9, 10)).astype(np.uint16)
    images[:, 2, 3] = 700 + np.arange(COUNT)
    good = np.ones(images.shape, bool)
    good[: COUNT // 2, 6, 6] = False
    header = StoreHeader("mine", (), "multilabel", "stack", "counts as in the source")
    with StoreWriter(tmp_path / "s.h5", header, image_shape=images.shape[1:]) as writer:
        writer.append(images, ids=np.arange(COUNT), photon_energy=np.full(COUNT, 9000.0), mask=good)
    store = Store.open(tmp_path / "s.h5")
    sample, seen = StoreSample(store), list[np.ndarray]()
    check(store, watch=[sample.add, lambda some, _: seen.append(some)])
    np.testing.assert_array_equal(np.concatenate(seen), images)
    found = sample.search()
    assert found.counts == {"dead": 0, "stuck": 0, "hot": 1, "noisy": 0, "dim": 0}
    assert not found.known[6, 6]
    known = np.ones(images.shape[1:], bool)
    known[6, 6] = False
    np.testing.assert_array_equal(found.median, find_bad_pixels(images[sampled_rows(COUNT)], known).median)
