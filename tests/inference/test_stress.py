"""Each change of the detector against NumPy, and what all of them promise."""

import numpy as np
import pytest

from airybench.errors import ConfigError
from airybench.inference.stress import CHANGES, STRAY_WIDTH, stress_plan

IDS = np.arange(100, 104)


@pytest.fixture
def counts() -> np.ndarray:
    """Patterns of an odd and an even side, with an empty, a usual and a saturated shot."""
    rng = np.random.default_rng(3)
    images = rng.poisson(40, (4, 41, 60)).astype(np.uint16)
    images[1] = 0
    images[2, 10:20] = 65535
    return images


@pytest.mark.parametrize("name", CHANGES)
def test_what_every_change_promises(name: str, counts: np.ndarray) -> None:
    change = CHANGES[name]
    before = counts.copy()
    assert change.strengths[0] == 0
    assert list(change.strengths) == sorted(change.strengths)
    np.testing.assert_array_equal(change(counts, IDS, 0), counts)
    for strength in change.strengths[1:]:
        changed = change(counts, IDS, strength)
        assert (changed.dtype, changed.shape) == (np.uint16, counts.shape)
        assert (changed != counts).any(), "the strength has an effect"
        np.testing.assert_array_equal(change(counts, IDS, strength), changed)
        order = [2, 0, 3]
        np.testing.assert_array_equal(change(counts[order], IDS[order], strength), changed[order])
        text = IDS.astype(str).astype(object)
        assert change(counts, text, strength).shape == counts.shape
    np.testing.assert_array_equal(counts, before)


def test_hot_pixels_are_those_of_the_detector_and_nested(counts: np.ndarray) -> None:
    few, many = (CHANGES["hot-pixels"](counts, IDS, number) for number in (10, 40))
    hot = many[1] > 0  # the shot that is empty otherwise
    assert hot.sum() == 40
    assert (few[1] > 0).sum() == 10
    np.testing.assert_array_equal(few[1][few[1] > 0], many[1][few[1] > 0])
    assert 1000 <= many[1][hot].min() <= many[1][hot].max() <= 40_000
    np.testing.assert_array_equal(many[0][~hot], counts[0][~hot])
    np.testing.assert_array_equal(many[0], np.maximum(counts[0], many[1]))
    assert not np.array_equal(CHANGES["hot-pixels"](counts, IDS, 10, seed=4), few)


def test_a_dead_module_is_a_rectangle_of_its_share_beside_the_centre() -> None:
    images = np.ones((2, 100, 80), np.uint16)
    for percent in (2, 5, 10, 25, 100):
        dead = CHANGES["dead-module"](images, IDS[:2], percent)[0] == 0
        assert dead.mean() == pytest.approx(percent / 100, abs=0.01)
        rows, columns = np.flatnonzero(dead.any(axis=1)), np.flatnonzero(dead.any(axis=0))
        assert dead[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert rows[0] <= 50 <= rows[-1] + 1
        assert columns[0] <= 40 <= columns[-1] + 1


def test_sums_and_products_are_cut_off_at_saturation(counts: np.ndarray) -> None:
    wide = counts.astype(np.int64)
    np.testing.assert_array_equal(CHANGES["offset"](counts, IDS, 100), np.minimum(wide + 100, 65535))
    np.testing.assert_array_equal(CHANGES["offset"](counts, IDS, 65535), np.full_like(counts, 65535))
    np.testing.assert_array_equal(CHANGES["lower-gain"](counts, IDS, 2), np.rint(counts / 4))
    np.testing.assert_array_equal(CHANGES["more-photons"](counts, IDS, 1), np.minimum(wide * 10, 65535))


def test_stray_light_adds_its_share_as_a_halo_with_poisson_noise() -> None:
    images = np.full((3, 101, 101), 50, np.uint16)
    added = CHANGES["stray-light"](images, IDS[:3], 2).astype(float) - 50
    assert added.mean() == pytest.approx(100, rel=0.01)
    away = np.arange(101) - 50
    halo = np.exp(-(away[:, None] ** 2 + away**2) / (2 * (STRAY_WIDTH * 101) ** 2))
    expected = 100 * halo / halo.mean()
    assert ((added - expected) ** 2 / expected).mean() == pytest.approx(1, abs=0.05), "variance and mean are equal"
    assert not np.array_equal(added[0], added[1]), "every shot has noise of its own"


def test_the_beam_moves_every_pattern_by_one_vector() -> None:
    images = np.zeros((2, 100, 100), np.uint16)
    images[0, 50, 50], images[1, 40, 60] = 7, 9
    moved = [np.argwhere(image)[0] for image in CHANGES["shifted-beam"](images, IDS[:2], 10)]
    vector = moved[0] - [50, 50]
    np.testing.assert_array_equal(moved[1] - [40, 60], vector)
    assert np.hypot(*vector) == pytest.approx(10, abs=0.8)
    ones = CHANGES["shifted-beam"](np.ones((1, 100, 100), np.uint16), IDS[:1], 10)
    assert ones.sum() == (100 - abs(vector[0])) * (100 - abs(vector[1]))


def test_the_plan_holds_zero_and_what_was_asked_for() -> None:
    assert set(stress_plan()) == set(CHANGES)
    assert stress_plan({"offset": (30, 0, 7)}) == {"offset": (0.0, 7.0, 30.0)}
    with pytest.raises(ConfigError, match=r"unknown detector change 'hot-pixel'.*hot-pixels"):
        stress_plan({"hot-pixel": (1,)})
    for strength in (-1, 101, float("nan")):
        with pytest.raises(ConfigError, match=r"dead-module .*: expected 0 to 100 % of the area"):
            stress_plan({"dead-module": (strength,)})
