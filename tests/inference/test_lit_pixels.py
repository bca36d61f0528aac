"""The lit-pixel rule: thresholds of each run by NumPy, and the runs that are too small for one."""

import numpy as np
import torch

from airybench.inference.lit_pixels import FEWEST_SHOTS, hit_logits, lit_numbers, pixel_levels

RANDOM = np.random.default_rng(3)


def test_pixels_are_lit_above_a_count() -> None:
    images = RANDOM.integers(0, 50, (5, 8, 8))
    found = lit_numbers(torch.from_numpy(images).float(), [0, 10, 49])
    assert found.tolist() == [[int((image > count).sum()) for count in (0, 10, 49)] for image in images]


def test_levels_are_counts_of_pixels() -> None:
    images = RANDOM.integers(0, 50, (5, 10, 10))
    lowest = np.sort(images.reshape(5, 100), axis=1)
    found = pixel_levels(torch.from_numpy(images).float())
    assert np.array_equal(found[:, 0], lowest[:, round(0.5 * 99)])
    assert np.array_equal(found[:, -1], images.max(axis=(1, 2)))


def test_a_hit_is_above_the_threshold_of_its_own_run() -> None:
    runs = RANDOM.integers(0, 3, 300).astype(np.int32)
    numbers = RANDOM.poisson(100 * (1 + runs)).astype(float)
    numbers[RANDOM.random(300) < 0.1] += 90
    found = hit_logits(numbers, runs)
    order: list[float] = []
    for number, run, logit in zip(numbers, runs, found, strict=True):
        own = numbers[runs == run]
        sigma = (np.quantile(own, 0.75) - np.quantile(own, 0.25)) / 1.349
        assert (logit > 0) == (number > np.median(own) + 4 * sigma)
        order.append((number - np.median(own)) / sigma - 4)
    np.testing.assert_allclose(found, order)
    assert 0 < (found > 0).sum() < 60


def test_a_small_run_takes_the_threshold_of_all_shots() -> None:
    numbers = np.r_[RANDOM.poisson(100, 200), [100, 400]].astype(float)
    runs = np.r_[np.zeros(200), [1, 1]].astype(np.int32)
    assert FEWEST_SHOTS > 2
    low, middle, high = np.percentile(numbers, [25, 50, 75])
    assert ((hit_logits(numbers, runs) > 0)[-2:] == (numbers[-2:] > middle + 4 * (high - low) / 1.349)).all()
    assert hit_logits(numbers, runs)[-2:].tolist() != [0, 0]


def test_a_run_without_spread_has_a_threshold() -> None:
    numbers = np.r_[np.zeros(30), 3.0]
    assert hit_logits(numbers, np.zeros(31, np.int32)).tolist() == numbers.tolist()
