"""From counts to inputs: crop, scaling, and resize and rotation compared with OpenCV."""

import cv2
import numpy as np
import pytest
import torch

from airybench.data.loading.preprocess import preprocess, rotated


def counts(side: int, shots: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (shots, side, side)).astype(np.uint16)


def prepared(images: np.ndarray, size: int, *, antialias: bool = False, scaling: str = "counts") -> np.ndarray:
    result = preprocess(torch.from_numpy(images), size, antialias=antialias, scaling=scaling)
    assert result.dtype == torch.float32
    assert result.shape == (len(images), 1, size, size)
    return result[:, 0].numpy()


@pytest.mark.parametrize(
    ("side", "first", "last"),
    [(259, 1, 257), (256, 0, 256), (257, 0, 256), (255, 63, 191), (1035, 5, 1029), (1024, 0, 1024), (64, 0, 64)],
)
def test_central_power_of_two_without_resize(side: int, first: int, last: int) -> None:
    images = counts(side, 1)
    for antialias in (False, True):
        found = prepared(images, last - first, antialias=antialias)
        np.testing.assert_array_equal(found, images[:, first:last, first:last].astype(np.float32))


def test_oblong_detector_is_cropped_on_both_axes() -> None:
    images = np.random.default_rng(0).integers(0, 9, (1, 40, 71)).astype(np.uint16)
    np.testing.assert_array_equal(prepared(images, 32), images[:, 4:36, 19:51].astype(np.float32))


@pytest.mark.parametrize("size", [224, 128, 40, 300])
def test_plain_bilinear_agrees_with_opencv(size: int) -> None:
    images = counts(259)
    expected = np.stack(
        [
            cv2.resize(image[1:257, 1:257].astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
            for image in images
        ]
    )
    # Both round the weights. Neighbours may differ by 65535, so that the last bits of a weight are a few counts.
    np.testing.assert_allclose(prepared(images, size), expected, atol=4)


def test_antialias_keeps_the_mean_where_plain_bilinear_does_not() -> None:
    images = np.zeros((1, 256, 256), np.uint16)
    images[:, 4:-8:8, 4:-8:8] = 6400 * 32 * 32 / 31 / 31  # one bright pixel in 64, none on the rim: mean 100
    assert prepared(images, 32, antialias=True).mean() == pytest.approx(100, rel=0.01)
    assert abs(prepared(images, 32).mean() - 100) > 20
    noise = counts(256)
    assert prepared(noise, 40, antialias=True).mean() == pytest.approx(noise.mean(), rel=0.01)
    assert prepared(noise, 40, antialias=True).std() < 0.6 * prepared(noise, 40).std()


def test_extremes_of_uint16_are_exact() -> None:
    images = np.zeros((1, 64, 64), np.uint16)
    images[:, :32] = 65535
    raw, unit = prepared(images, 64), prepared(images, 64, scaling="unit")
    assert set(np.unique(raw)) == {0.0, 65535.0}
    assert set(np.unique(unit)) == {0.0, 1.0}
    images[:] = 65535
    for antialias in (False, True):
        np.testing.assert_allclose(prepared(images, 40, antialias=antialias, scaling="unit"), 1, rtol=1e-6)


def test_unit_is_counts_over_full_scale() -> None:
    images = counts(259)
    unit = prepared(images, 40, antialias=True, scaling="unit")
    np.testing.assert_allclose(unit * 65535, prepared(images, 40, antialias=True), rtol=1e-6)
    assert 0 <= unit.min() < unit.max() <= 1


def test_log1p_is_the_logarithm_of_the_resized_counts() -> None:
    images = counts(259)
    expected = np.log(1 + prepared(images, 40, antialias=True).astype(np.float64))
    np.testing.assert_allclose(prepared(images, 40, antialias=True, scaling="log1p"), expected, rtol=1e-6)


def test_values_between_counts_are_kept() -> None:
    found = prepared(counts(259), 224)
    assert (found != found.round()).mean() > 0.5


def test_log1p_and_standardised() -> None:
    images = counts(64)
    plain = images.astype(np.float64)
    np.testing.assert_allclose(prepared(images, 64, scaling="log1p"), np.log1p(plain), rtol=1e-6)
    found = prepared(images, 64, scaling="standardised")
    mean, deviation = plain.mean((1, 2), keepdims=True), plain.std((1, 2), keepdims=True)
    np.testing.assert_allclose(found, (plain - mean) / deviation, atol=1e-4)
    np.testing.assert_allclose(found.std((1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize("level", [0, 1, 7, 65535])
def test_an_image_without_structure_stays_finite(level: int) -> None:
    flat = np.full((2, 64, 64), level, np.uint16)
    found = prepared(flat, 40, antialias=True, scaling="standardised")
    assert np.abs(found).max() <= 0.7  # rounding of the resize at 65535 is 2^-8 of a count
    flat[0, 5, 5] += 1 if level < 65535 else 0
    assert np.isfinite(prepared(flat, 64, scaling="standardised")).all()
    assert np.abs(prepared(flat, 64, scaling="standardised")).max() <= 64 + 1e-3


def test_quarter_turns_are_exact() -> None:
    images = torch.from_numpy(np.random.default_rng(1).random((8, 2, 9, 9)).astype(np.float32))
    turns = torch.tensor([0.0, 0.1, 0.25, 0.49, 0.5, 0.74, 0.75, 0.999])
    found = rotated(images, turns, by_quarters=True)
    for image, turn, one in zip(images.numpy(), turns.tolist(), found.numpy(), strict=True):
        np.testing.assert_array_equal(one, np.rot90(image, int(turn * 4), (1, 2)))


def smooth(side: int) -> np.ndarray:
    noise = np.random.default_rng(2).random((3, side, side)).astype(np.float32)
    return np.stack([cv2.GaussianBlur(image, (0, 0), 3) for image in noise])


@pytest.mark.parametrize("side", [64, 65])
def test_any_rotation_agrees_with_opencv_inside_the_circle(side: int) -> None:
    images, turns = smooth(side), torch.tensor([0.03, 0.37, 0.81])
    found = rotated(torch.from_numpy(images)[:, None], turns, by_quarters=False)[:, 0].numpy()
    centre = (side - 1) / 2
    rows, columns = np.mgrid[:side, :side] - centre
    inside = np.hypot(rows, columns) < centre - 1
    senses = []
    for sign in (1, -1):  # the sense of a random rotation does not matter, but it is the same for all
        worst = 0.0
        for image, turn, one in zip(images, turns.tolist(), found, strict=True):
            matrix = cv2.getRotationMatrix2D((centre, centre), sign * 360 * turn, 1)
            expected = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR)
            worst = max(worst, float(np.abs(one - expected)[inside].max()))
        senses.append(worst)
    assert min(senses) < 0.02 * images.std()
    assert max(senses) > images.std()


def test_any_rotation_by_quarters_is_exact_and_keeps_the_range() -> None:
    images = torch.from_numpy(smooth(32))[:, None]
    for quarter in range(4):
        turns = torch.full((3,), quarter / 4)
        exact = rotated(images, turns, by_quarters=True)
        torch.testing.assert_close(rotated(images, turns, by_quarters=False), exact, atol=1e-5, rtol=1e-5)
    found = rotated(images, torch.tensor([0.1, 0.2, 0.3]), by_quarters=False)
    assert images.min() - 1e-6 <= found.min()  # mirrored edges: no dark corners
    assert found.max() <= images.max() + 1e-6
