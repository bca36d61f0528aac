"""Constant pixels need evidence: shots in which those around them do not hold the value."""

from math import ceil, comb, log

import numpy as np
import pytest

from airybench.data.store.constant_pixels import constant_pixels
from tests.data.store.test_isolated_pixels import around, groups_of


def search(images: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Faults and regions."""
    median = np.sort(images, axis=0)[len(images) // 2]
    same = (images == median).sum(axis=0).astype(np.uint16)
    return constant_pixels(images, np.arange(len(images)), median, same, known)


@pytest.mark.parametrize(("lit", "found"), [(4, False), (30, True)])
def test_shots_without_light_are_no_evidence(lit: int, found: bool) -> None:
    images = np.zeros((40, 12, 12), np.uint16)
    images[:lit] = np.arange(1, lit + 1)[:, None, None]
    images[:, 5, 6] = 0
    faults, regions = search(images, np.ones((12, 12), bool))
    assert np.argwhere(faults).tolist() == ([[5, 6]] if found else [])
    assert not regions.any()


def every_group(images: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dead groups and regions, shot by shot and pixel by pixel, from the rule in words; without lines."""
    shots, shape = len(images), known.shape
    median = np.sort(images, axis=0)[shots // 2]
    limit = min(log(1e-6), log(1e-2 / known.sum()))
    faults, regions = np.zeros((2, *shape), bool)
    for fewest in (ceil(0.95 * shots), shots):
        constant = known & ((images == median).sum(axis=0) >= fewest) & (median == 0)
        for group in groups_of(constant):
            beside = [one for place in group for one in around(place, shape) - group]
            ring = sorted({one for one in beside if known[one] and not constant[one]})
            if not ring or 2 * sum(one in set(ring) for one in beside) < len(beside):
                continue
            darker = sorted(ring, key=lambda one: -(images[:, *one] == 0).sum())[: (len(ring) + 1) // 2]
            chances = [
                0.5 * log((sum(shot[one] == 0 for one in darker) + 0.25) / (len(darker) + 0.25)) for shot in images
            ]
            if log(comb(shots, fewest)) + sum(sorted(chances, reverse=True)[:fewest]) < limit:
                (faults if len(group) <= 32 else regions)[tuple(zip(*group, strict=True))] = True
    return faults, regions & ~faults


@pytest.mark.parametrize(("seed", "rate"), [(0, 3), (1, 6), (2, 6), (3, 20)])
def test_groups_are_those_of_a_search_pixel_by_pixel(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    # Light that falls off, so that the rule decides at every strength.
    images = rng.poisson(rate * np.geomspace(1, 0.05, 26) * rng.gamma(2, 0.5, (40, 1, 1)), (40, 24, 26)).astype(
        np.uint16
    )
    images[:, rng.random((24, 26)) < 0.06] = 0
    images[:, 4:8, 3:7] = images[:, 15:22, 2:8] = 0  # 16 pixels, a fault, and 42, a region
    known = rng.random((24, 26)) < 0.95
    expected = every_group(images, known)
    assert expected[0].any()
    for have, want in zip(search(images, known), expected, strict=True):
        np.testing.assert_array_equal(have, want)


def test_lines_are_up_to_two_pixels_wide() -> None:
    images = np.random.default_rng(5).poisson(6, (40, 40, 40)).astype(np.uint16)
    images[:, :, 5] = images[:, 10:30, 12:14] = images[:, 2:38, 20:23] = images[:, 0, 25:] = 7
    faults, regions = search(images, np.ones((40, 40), bool))
    expected = np.zeros((40, 40), bool)
    expected[2:38, 20:23] = True
    np.testing.assert_array_equal(regions, expected)
    expected[:] = False
    expected[:, 5] = expected[10:30, 12:14] = expected[0, 25:] = True
    np.testing.assert_array_equal(faults, expected)
