"""Bad pixels: what is put in is found pixel by pixel, and sound detectors have none."""

import numpy as np
import pytest

from airybench.data.store.bad_pixels import FEWEST, KINDS, find_bad_pixels, sampled_rows
from airybench.physics.simulate import simulate

DEAD, STUCK, HOT, NOISY, DIM = range(1, len(KINDS) + 1)


def pattern(count: int, brightness: float, *, size: int = 96, seed: int = 0) -> np.ndarray:
    """Shots of rings with a sharp beam stop, a gap between modules and a flat field of 15 %, shape (count, H, W)."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:size, :size]
    radius = np.hypot(row - size / 2 + 0.7, column - size / 2 - 1.7)
    rate = brightness * (np.sinc(radius / 12) ** 2 * 10 + 0.5) / (1 + (radius / 15) ** 2)
    rate *= 1 + 0.15 * rng.standard_normal((size, size)).clip(-4, 6)
    rate[radius < 7] = 0
    rate[:, 20:24] = 0
    return rng.poisson(rate * rng.gamma(2, 0.5, count)[:, None, None]).clip(0, 65535).astype(np.uint16)


def flat(count: int, rate: float, *, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, (count, 40, 50)).astype(np.uint16)


@pytest.mark.parametrize("brightness", [0.05, 1, 20, 1000])
@pytest.mark.parametrize("count", [20, 150])
def test_edges_rings_gaps_and_a_flat_field_are_no_fault(count: int, brightness: float) -> None:
    for seed in range(3):
        assert find_bad_pixels(pattern(count, brightness, seed=seed)).count == 0


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_simulated_patterns_are_sound_and_what_is_put_in_is_found(dataset: str) -> None:
    images = simulate(dataset, range(60), seed=5, version=1).images  # version 2 has hot and dead pixels
    assert find_bad_pixels(images).count <= 5
    rng = np.random.default_rng(6)
    counting = np.flatnonzero((images > 0).mean(axis=0) > 0.9)
    places = rng.choice(counting, 160, replace=False)
    pixels = images.reshape(60, -1)
    pixels[:, places[:40]] = rng.poisson(10 ** rng.uniform(3, 4.6, 40), (60, 40))
    pixels[:, places[40:]] = 0
    found = find_bad_pixels(images).kinds.reshape(-1)
    others = np.delete(found, places)
    assert (found[places[:40]] == HOT).sum() >= 38
    assert (found[places[40:]] == DEAD).sum() >= 114
    assert np.count_nonzero(others) <= 5


@pytest.mark.parametrize("count", [60, 200])
def test_what_is_put_in_is_found_pixel_by_pixel(count: int) -> None:
    rng = np.random.default_rng(count)
    images, expected = flat(count, 8), np.zeros((40, 50), np.uint8)
    images[:, 0, 0], expected[0, 0] = 0, DEAD  # in the corner
    images[:, 5:7, 5], expected[5:7, 5] = 0, DEAD  # a pair
    images[:, 20:23, 40:43], expected[20:23, 40:43] = 0, DEAD  # a cluster of nine
    images[:, :, 30], expected[:, 30] = 0, DEAD  # a column
    images[:, 33, :29], expected[33, :29] = 0, DEAD  # part of a row
    images[:, 10, 10], expected[10, 10] = rng.poisson(1000, count), HOT
    images[:, 10, 11], expected[10, 11] = rng.poisson(40000, count), HOT  # beside a weaker one
    images[:, 38, :29], expected[38, :29] = rng.poisson(300, (count, 29)), HOT
    images[:, 25, 25], expected[25, 25] = 9, STUCK
    images[::2, 15, 45], expected[15, 45] = 300, HOT  # in every second shot
    if count > 100:  # with fewer the quartiles say too little
        images[:, 15, 40], expected[15, 40] = rng.choice([0, 24], count, p=[0.6, 0.4]), NOISY
    found = find_bad_pixels(images)
    np.testing.assert_array_equal(found.kinds, expected)
    assert found.counts == {kind: int((expected == number).sum()) for number, kind in enumerate(KINDS, 1)}


def test_a_region_without_counts_and_masked_pixels_are_no_fault() -> None:
    images = flat(60, 8)
    images[:, 10:18, 10:18] = 0
    images[:, :, 20:23] = 0
    images[:, 30, 40] = 60000
    good = np.ones(images.shape[1:], bool)
    good[30, 40] = False
    assert find_bad_pixels(images, good).count == 0
    found = find_bad_pixels(images)
    assert found.count == 1
    assert (found.region_count, int(found.regions.sum())) == (2, 64 + 120)
    assert "2 larger regions, 184 pixels, hold one value" in found.about_regions


@pytest.mark.parametrize("count", [30, 200])
def test_double_columns_edges_clusters_and_dim_pixels(count: int) -> None:
    images, expected = flat(count, 12), np.zeros((40, 50), np.uint8)
    rng = np.random.default_rng(count)
    for place in np.s_[10:40, 30:32], np.s_[0, :25], np.s_[20:25, 5:11]:  # double column, edge row, 30 pixels
        images[:, *place], expected[place] = 0, DEAD
    images[:, 15, 40], expected[15, 40] = rng.poisson(12 * 0.1, count), DIM
    images[:, 30, 44] = rng.poisson(12 * 0.8, count)
    np.testing.assert_array_equal(find_bad_pixels(images).kinds, expected)


def test_photons_of_many_counts_are_no_fault() -> None:
    """A median of no photon beside one of one photon is no factor of 120, but chance."""
    photons = np.random.default_rng(7).poisson(0.7, (100, 60, 60))
    assert find_bad_pixels((120 * photons).astype(np.uint16)).count == 0


def test_dark_shots_decide_nothing_until_there_are_enough_photons() -> None:
    """A dead pixel at 0.02 photons per shot: 30 shots are too few, 4000 are enough."""
    few, many = (np.random.default_rng(2).poisson(0.02, (count, 12, 12)).astype(np.uint16) for count in (30, 4000))
    few[:, 5, 5] = many[:, 5, 5] = 0
    assert find_bad_pixels(few).count == 0
    assert find_bad_pixels(many).kinds[5, 5] == DEAD
    assert find_bad_pixels(many).count == 1


def test_repeats_and_blank_frames_are_no_evidence() -> None:
    one = np.repeat(flat(1, 2), 50, axis=0)
    assert find_bad_pixels(one).shots == 1
    blank = np.concatenate([flat(FEWEST - 1, 8), np.zeros((50, 40, 50), np.uint16)])
    found = find_bad_pixels(blank)
    assert not found.judged
    assert "15 different shots are too few" in str(found)


def test_few_shots_are_sampled_over_the_whole() -> None:
    rows = sampled_rows(2000)
    assert len(rows) == 256
    assert (rows[0], rows[-1]) == (0, 1999)
    assert np.diff(rows).max() <= 8


def test_the_median_is_that_of_sorted_images() -> None:
    images = np.random.default_rng(8).poisson(3, (37, 5, 7)).astype(np.uint16)
    np.testing.assert_array_equal(find_bad_pixels(images).median, np.sort(images, axis=0)[18])
