"""Correlation maps against a plain double loop, closed forms and patterns of known symmetry."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from airybench.errors import InputError
from airybench.physics.correlation import angular_map, correlation_map, radial_map
from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar, polar_image, unmasked

SIZE = 32


def patterns(shots: int = 3, size: int = SIZE, seed: int = 0) -> torch.Tensor:
    """Counts with a steep fall-off, as a detector has them."""
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    mean = 3000 / (1 + np.hypot(rows, columns)) ** 2
    return torch.from_numpy(np.random.default_rng(seed).poisson(mean, (shots, size, size)).astype(np.float32))


def sampled_plainly(image: NDArray[np.float32], rings: Rings) -> NDArray[np.float64]:
    """Bilinear interpolation, sample by sample."""
    found = np.zeros((rings.radii, rings.angles))
    for i in range(rings.radii):
        for j in range(rings.angles):
            radius, angle = (i + 0.5) / rings.radii * (rings.size - 1) / 2, 2 * math.pi * j / rings.angles
            row = (rings.size - 1) / 2 + radius * math.sin(angle)
            column = (rings.size - 1) / 2 + radius * math.cos(angle)
            top, left = min(int(row), rings.size - 2), min(int(column), rings.size - 2)
            down, right = row - top, column - left
            four = image[top : top + 2, left : left + 2].astype(np.float64)
            found[i, j] = np.array([1 - down, down]) @ four @ np.array([1 - right, right])
    return found


def correlated_plainly(one: NDArray, other: NDArray, step: int, good: NDArray, good_other: NDArray) -> float:
    """C of two rings at a distance of `step` samples, from its definition."""

    def spread(ring: NDArray, seen_there: NDArray) -> tuple[float, float]:
        held = ring[seen_there]
        return (held.mean(), held.std()) if len(held) >= 0.02 * len(ring) else (0.0, 0.0)

    (mean, deviation), (mean_other, deviation_other) = spread(one, good), spread(other, good_other)
    if min(deviation, deviation_other) == 0:
        return 0.0
    products = [
        (one[j] - mean) * (other[(j + step) % len(one)] - mean_other)
        for j in range(len(one))
        if good[j] and good_other[(j + step) % len(one)]
    ]
    if len(products) < 0.02 * len(one):
        return 0.0
    return float(np.clip(np.mean(products) / (deviation * deviation_other), -1, 1))


def test_rings_are_sampled_bilinearly() -> None:
    images, rings = patterns(2), Rings.of(SIZE)
    found = polar(images, rings).numpy()
    assert found.shape == (2, SIZE, ANGLES_PER_PIXEL * SIZE)
    for image, sampled in zip(images.numpy(), found, strict=True):
        np.testing.assert_allclose(sampled, sampled_plainly(image, rings), rtol=1e-4, atol=1e-2)


def test_single_images_by_opencv_are_the_same() -> None:
    (image,), rings = patterns(1).numpy(), Rings.of(SIZE)
    found, expected = polar_image(image, rings), polar(torch.from_numpy(image[None]), rings)[0].numpy()
    # OpenCV rounds positions to 1/32 px: half of that in either direction, times the steepest slope nearby.
    slope = max(np.abs(np.diff(image, axis=axis)).max() for axis in (0, 1))
    assert np.abs(found - expected).max() < slope * 2 / 64
    assert np.abs(found - expected).mean() < 0.01 * np.abs(found - found.mean()).mean()


def test_a_plane_is_sampled_exactly_around_any_axis() -> None:
    rows, columns = np.indices((SIZE, SIZE))
    image = torch.from_numpy((2.0 * rows - 3.0 * columns)[None])
    rings = Rings(SIZE, 5, 16, centre=(14.0, 17.0))
    row, column = rings.positions()
    inside = (row <= SIZE - 1) & (column <= SIZE - 1)
    np.testing.assert_allclose(polar(image, rings)[0].numpy()[inside], (2 * row - 3 * column)[inside], atol=1e-9)
    assert row[4, 4] - 14 == pytest.approx(4.5 / 5 * 15.5)  # a quarter turn leads down the rows
    assert column[4, 0] - 17 == pytest.approx(4.5 / 5 * 15.5)


@pytest.mark.parametrize("masked", [False, True])
def test_angular_map_is_the_double_loop(masked: bool) -> None:
    samples = polar(patterns(2, 16), Rings.of(16))
    good = torch.ones(samples.shape, dtype=torch.bool)
    if masked:
        good = torch.from_numpy(np.random.default_rng(1).random(samples.shape) < 0.4)
        good[:, 3, 1:] = False  # a dead ring, and one of a short arc, whose two ends never meet half a turn away
        good[:, 5] = torch.arange(64) < 20
    found = angular_map(samples, good=good if masked else None)
    for shot in range(2):
        for q in range(16):
            ring, there = samples[shot, q].double().numpy(), good[shot, q].numpy()
            for step in range(64):
                expected = correlated_plainly(ring, ring, step, there, there)
                assert float(found[shot, q, step]) == pytest.approx(expected, abs=1e-5)
    if masked:
        assert (found[:, 3] == 0).all()
        assert (found[:, 5, 32] == 0).all()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("delta", [0.0, 60.0, 301.0])
def test_radial_map_is_the_double_loop(masked: bool, delta: float) -> None:
    samples = polar(patterns(1, 16), Rings.of(16))
    good = torch.ones(samples.shape, dtype=torch.bool)
    if masked:
        good = torch.from_numpy(np.random.default_rng(2).random(samples.shape) < 0.4)
        good[:, 3] = False
    found = radial_map(samples, delta, good=good if masked else None)[0]
    step = round(delta / 360 * 64)  # the nearest of 64 samples
    rings, there = samples[0].double().numpy(), good[0].numpy()
    for one in range(16):
        for other in range(16):
            expected = correlated_plainly(rings[one], rings[other], step, there[one], there[other])
            assert float(found[one, other]) == pytest.approx(expected, abs=1e-5)


def test_a_map_has_the_size_of_its_image() -> None:
    for kind in ("angular", "radial"):
        found = correlation_map(patterns(2), kind=kind, delta=40.0)
        assert found.shape == (2, SIZE, SIZE)
        assert found.dtype == torch.float32
        assert found.abs().max() <= 1
    samples = polar(patterns(2), Rings.of(SIZE))
    torch.testing.assert_close(correlation_map(patterns(2)), angular_map(samples)[..., ::ANGLES_PER_PIXEL])


@pytest.mark.parametrize("fold", [2, 4, 6])
def test_symmetric_pattern_peaks_at_its_own_angles(fold: int) -> None:
    size = 72
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    angle = np.arctan2(rows, columns)
    image = 500 + 300 * np.cos(fold * (angle - 0.4))
    (found,) = correlation_map(torch.from_numpy(image[None])).numpy()
    lag = 2 * np.pi * np.arange(size) / size
    outer = found[size // 3 :]
    np.testing.assert_allclose(outer, np.broadcast_to(np.cos(fold * lag), outer.shape), atol=0.02)
    mean = outer.mean(0)
    peaks = [j for j in range(size) if mean[j] > mean[j - 1] and mean[j] > mean[(j + 1) % size]]
    assert peaks == [round(k * size / fold) for k in range(fold)]


def test_turning_and_brightness_change_nothing() -> None:
    images = patterns(2)
    found = correlation_map(images)
    torch.testing.assert_close(correlation_map(torch.rot90(images, 1, (1, 2))), found, atol=2e-5, rtol=0)
    torch.testing.assert_close(correlation_map(images.flip(-1)), found, atol=2e-5, rtol=0)
    torch.testing.assert_close(correlation_map(images * 20), found, atol=2e-5, rtol=0)


@pytest.mark.parametrize("value", [0.0, 1.0, 65535.0])
def test_dead_rings_are_zero(value: float) -> None:
    images = patterns(1)
    images[:] = value
    for kind in ("angular", "radial"):
        assert (correlation_map(images, kind=kind) == 0).all()
    images[0, SIZE // 2 - 4 : SIZE // 2 + 4, SIZE // 2 - 4 : SIZE // 2 + 4] += patterns(1, 8)[0] + 10
    (found,) = correlation_map(images)
    assert (found[14:] == 0).all()  # beyond the corners of the square
    torch.testing.assert_close(found[3:6, 0], torch.ones(3))


def test_distance_zero_is_one_or_masked() -> None:
    images = patterns(2)
    kept, masked = correlation_map(images), correlation_map(images, zero="mask")
    torch.testing.assert_close(kept[..., 0], torch.ones(2, SIZE))
    assert (masked[..., 0] == 0).all()
    assert torch.equal(masked[..., 1:], kept[..., 1:])
    kept, masked = correlation_map(images, kind="radial"), correlation_map(images, kind="radial", zero="mask")
    diagonal = torch.eye(SIZE, dtype=torch.bool)
    torch.testing.assert_close(kept[:, diagonal], torch.ones(2, SIZE))
    assert (masked[:, diagonal] == 0).all()
    assert torch.equal(masked[:, ~diagonal], kept[:, ~diagonal])
    at_90 = {"kind": "radial", "delta": 90.0}
    assert torch.equal(correlation_map(images, **at_90), correlation_map(images, **at_90, zero="mask"))


def test_bad_pixels_do_not_matter() -> None:
    images = patterns(2)
    mask = torch.ones(SIZE, SIZE, dtype=torch.uint8)
    mask[10:14, 4:20] = 0
    for kind in ("angular", "radial"):
        clean = correlation_map(images, kind=kind, mask=mask)
        for rubbish in (0.0, 65535.0, math.nan):
            spoilt = images.clone()
            spoilt[:, mask == 0] = rubbish
            torch.testing.assert_close(correlation_map(spoilt, kind=kind, mask=mask), clean)
    everything = torch.ones(2, SIZE, SIZE, dtype=torch.uint8)
    torch.testing.assert_close(correlation_map(images, mask=everything), correlation_map(images), atol=1e-5, rtol=0)
    assert (correlation_map(images, mask=everything * 0) == 0).all()


def test_a_sample_beside_a_bad_pixel_is_not_seen() -> None:
    mask, rings = torch.ones(SIZE, SIZE), Rings.of(SIZE)
    mask[20, 9] = 0
    rows, columns = rings.positions()
    away = (np.abs(rows - 20) > 1) | (np.abs(columns - 9) > 1)
    near = (np.abs(rows - 20) < 0.99) & (np.abs(columns - 9) < 0.99)
    (found,) = unmasked(mask, rings).numpy()
    assert found[away].all()
    assert not found[near].any()


def test_masked_six_fold_pattern_still_peaks() -> None:
    size = 72
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    image = torch.from_numpy((500 + 300 * np.cos(6 * np.arctan2(rows, columns)))[None]).float()
    mask = torch.ones(size, size)
    mask[30:42, :40] = 0  # a beam stop and its holder
    (found,) = correlation_map(image, mask=mask).numpy()
    assert found[30:, ::12].min() > 0.9  # every 60 degrees
    assert found[30:, 6::12].max() < -0.9


def test_other_sizes_are_refused() -> None:
    with pytest.raises(InputError, match=r"32 x 32 px found, rings are for 40 x 40; use Rings.of\(32\)"):
        polar(patterns(1), Rings.of(40))


@pytest.mark.gpu
def test_maps_on_a_gpu_are_those_on_the_cpu() -> None:
    images = patterns(4, 64)
    for kind in ("angular", "radial"):
        found = correlation_map(images.cuda(), kind=kind, delta=30.0).cpu()
        torch.testing.assert_close(found, correlation_map(images, kind=kind, delta=30.0), atol=1e-4, rtol=0)
