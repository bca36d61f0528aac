"""Bad pixels are masked at the detector's own size, before binning; without the option they are said."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.formats.dispatch import import_data, open_shots, open_source
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.invalid_values import InvalidValues
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.data.store.store import Store
from airybench.errors import ConfigError

COUNTS = np.random.default_rng(3).poisson(9, (40, 24, 32)).astype(np.uint16)
BAD = np.zeros(COUNTS.shape[1:], bool)
BAD[3, 4] = BAD[10, 20] = True
BAD[:, 27] = True
FAULTY = COUNTS.copy()
FAULTY[:, 3, 4], FAULTY[:, 10, 20], FAULTY[:, :, 27] = 9000 + np.arange(40), 0, 0


def written(path: Path, images: np.ndarray, mask: np.ndarray | None = None) -> SourceOptions:
    with h5py.File(path, "w") as file:
        file["raw"] = images
        if mask is not None:
            file["mask"] = mask
    keys = StackKeys(images="raw", photon_energy=9000.0)
    if mask is not None:
        keys = StackKeys(images="raw", photon_energy=9000.0, mask="mask", mask_convention="good-is-one")
    return SourceOptions(keys=keys, find_bad_pixels=True, factor=2)


def means(images: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Means over the good pixels of blocks of 2 x 2, 0 where there is none."""
    blocks = (len(images), 12, 2, 16, 2)
    sums = np.where(good, images, 0).astype(float).reshape(blocks).sum(axis=(2, 4))
    pixels = np.broadcast_to(good, images.shape).reshape(blocks).sum(axis=(2, 4))
    return np.rint(sums / np.maximum(pixels, 1)).astype(np.uint16)


def imported(path: Path, options: SourceOptions) -> tuple[Store, str]:
    reporter = CollectingReporter()
    return import_data([path], path.with_name("out.h5"), options, force=True, reporter=reporter), "\n".join(
        reporter.notices
    )


def test_they_are_masked_before_binning_and_counted(tmp_path: Path) -> None:
    store, said = imported(tmp_path / "s.h5", written(tmp_path / "s.h5", FAULTY))
    np.testing.assert_array_equal(store.read_images(), means(FAULTY, ~BAD))
    assert "26 pixels look bad in 40 shots (25 dead, 1 hot); they are masked" in said
    assert (store.notes["bad_pixels"], store.notes["bad_pixels_hot"]) == (26, 1)
    assert store.mask() is not None  # one for all shots
    np.testing.assert_array_equal(store.mask(), 1)  # each block has another pixel that is good


def test_without_binning_they_are_the_masked_pixels(tmp_path: Path) -> None:
    options = written(tmp_path / "s.h5", FAULTY)
    store, _ = imported(tmp_path / "s.h5", SourceOptions(keys=options.keys, find_bad_pixels=True))
    np.testing.assert_array_equal(store.mask(), ~BAD)
    np.testing.assert_array_equal(store.read_images(), np.where(BAD, 0, FAULTY))


@pytest.mark.parametrize("each", [False, True])
def test_they_are_masked_besides_a_mask_of_the_source(tmp_path: Path, each: bool) -> None:
    mask = np.ones(COUNTS.shape if each else COUNTS.shape[1:], np.uint8)
    mask[..., 18:20, 2:6] = 0
    if each:
        mask[7, 0, :4] = 0
    store, _ = imported(tmp_path / "s.h5", written(tmp_path / "s.h5", FAULTY, mask))
    good = ~BAD & (mask > 0)
    np.testing.assert_array_equal(store.read_images(), means(FAULTY, good))
    binned = good.reshape(*good.shape[:-2], 12, 2, 16, 2).any(axis=(-3, -1))
    np.testing.assert_array_equal(store.mask(), binned)


def test_they_are_masked_besides_invalid_values(tmp_path: Path) -> None:
    images = FAULTY.copy()
    images[:, 20, :] = 65535
    options: Any = vars(written(tmp_path / "s.h5", images)) | {"rule": CountsRule(invalid=InvalidValues.of(["max"]))}
    store, _ = imported(tmp_path / "s.h5", SourceOptions(**options))
    good = ~BAD
    good[20] = False
    np.testing.assert_array_equal(store.read_images(), means(images, good))


def test_a_sound_detector_stays_as_it_is(tmp_path: Path) -> None:
    store, said = imported(tmp_path / "s.h5", written(tmp_path / "s.h5", COUNTS))
    np.testing.assert_array_equal(store.read_images(), means(COUNTS, ~BAD | True))
    assert store.mask() is None
    assert "0 pixels look bad" in said
    assert store.notes["bad_pixels"] == 0


def test_without_the_option_an_import_says_what_it_sees(tmp_path: Path) -> None:
    options = written(tmp_path / "s.h5", FAULTY)
    store, said = imported(tmp_path / "s.h5", SourceOptions(keys=options.keys))
    np.testing.assert_array_equal(store.read_images(), FAULTY)
    assert "26 pixels look bad in 40 shots (25 dead, 1 hot); --find-bad-pixels masks them" in said
    written(tmp_path / "s.h5", COUNTS)
    assert "look bad" not in imported(tmp_path / "s.h5", SourceOptions(keys=options.keys))[1]


def test_prediction_masks_them_in_its_own_source(tmp_path: Path) -> None:
    options = written(tmp_path / "s.h5", FAULTY)
    found = open_shots(tmp_path / "s.h5", options)
    np.testing.assert_array_equal(found.read(0, 40), means(FAULTY, ~BAD))
    plain = open_source([tmp_path / "s.h5"], SourceOptions(keys=options.keys, factor=2))
    assert found.identity != plain.identity


def test_a_store_is_not_searched_again(tmp_path: Path) -> None:
    store, _ = imported(tmp_path / "s.h5", written(tmp_path / "s.h5", FAULTY))
    with pytest.raises(ConfigError, match="import the source again with --find-bad-pixels"):
        open_source([store.path], SourceOptions(find_bad_pixels=True))
