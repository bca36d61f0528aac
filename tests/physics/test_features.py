"""Hand-made features: closed forms of known patterns, and what they must not depend on."""

import numpy as np
import pytest
import torch

from airybench.physics.features import QUANTILES, brightness, feature_names, features, ring_orders


def rings(size: int = 65) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    return np.hypot(rows, columns), np.arctan2(rows, columns)


@pytest.mark.parametrize("order", [1, 2, 6])
def test_an_angular_wave_is_found_at_its_order(order: int) -> None:
    _, angle = rings()
    image = torch.from_numpy(100 * (1 + 0.6 * np.cos(order * (angle - 0.3))))[None]
    profile, power = ring_orders(image, 8, 12)
    # I = I_0 (1 + a cos m phi) has |I_m| = I_0 a / 2; near the axis the wave is finer than the pixels.
    np.testing.assert_allclose(profile[0, 2:], 100, rtol=0.02)
    np.testing.assert_allclose(power[0, 3:, order - 1], 0.3**2, rtol=0.05)
    others = np.delete(power[0, 3:].numpy(), order - 1, axis=1)
    assert others.max() < 0.001


def test_profile_is_the_mean_on_rings() -> None:
    radius, _ = rings()
    image = torch.from_numpy(1000 * np.exp(-radius / 10))[None]
    profile, power = ring_orders(image, 11, 4)
    middle = (np.arange(33) + 0.5) / 33 * 32
    expected = (1000 * np.exp(-middle / 10)).reshape(11, 3).mean(1)
    np.testing.assert_allclose(profile[0], expected, rtol=0.02)
    assert power[0, 2:].max() < 1e-4


def test_columns_have_names_and_brightness_is_last() -> None:
    image = torch.from_numpy(np.random.default_rng(0).poisson(5, (3, 48, 48)).astype(np.float32))
    found = features(image, bands=6, orders=3)
    assert found.shape == (3, 6 + 6 * 3 + 2) == (3, len(feature_names(6, 3)))
    assert feature_names(6, 3)[6 + 3] == "order 1 of band 1"
    torch.testing.assert_close(found[:, -2].expm1(), image.sum((1, 2)), rtol=1e-4, atol=0)
    torch.testing.assert_close(found[:, -1].expm1(), image.amax((1, 2)), rtol=1e-4, atol=0)
    _, power = ring_orders(image, 6, 3)
    torch.testing.assert_close(found[:, 6 + 3].square(), power[:, 1, 0])


def test_turned_and_mirrored_patterns_have_the_same_features() -> None:
    image = torch.from_numpy(np.random.default_rng(1).poisson(5, (2, 40, 40)).astype(np.float64))
    for other in (torch.rot90(image, 1, (1, 2)), image.flip(1), image.transpose(1, 2)):
        torch.testing.assert_close(features(other), features(image), atol=1e-6, rtol=1e-6)


def test_dark_and_bright_patterns_stay_finite() -> None:
    for value in (0.0, 1.0, 65535.0):
        found = features(torch.full((1, 40, 40), value))
        assert found.isfinite().all()
        assert found[0, 24:-2].max() < 1e-3


def test_brightness_is_that_of_numpy() -> None:
    counts = np.random.default_rng(3).poisson(0.7, (5, 40, 40)).astype(np.float32)
    counts[0] = 0
    found = brightness(torch.from_numpy(counts)).numpy()
    flat = np.sort(counts.reshape(5, -1), axis=1)
    ranks = [flat[:, round(share * (flat.shape[1] - 1))] for share in QUANTILES]
    expected = np.log1p(np.stack([flat.sum(1), flat.std(1), flat.max(1), *ranks], axis=1))
    np.testing.assert_allclose(found[:, :-1], expected, rtol=1e-5)
    np.testing.assert_allclose(found[:, -1], (counts > 0).mean((1, 2)), rtol=1e-5)
    assert found.shape == (5, 13)


def test_brightness_knows_nothing_of_places() -> None:
    counts = torch.from_numpy(np.random.default_rng(4).poisson(0.7, (5, 40, 40)).astype(np.float32))
    shuffled = counts.flatten(1)[:, torch.randperm(1600)].view_as(counts)
    torch.testing.assert_close(brightness(shuffled), brightness(counts))
