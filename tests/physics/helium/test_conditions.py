"""One shot of version 2 under given conditions."""

import numpy as np
import pytest
from helium_conditions import PlainConditions

from airybench.physics.helium import empty as empty_shots
from airybench.physics.helium.conditions import helium_shot
from airybench.physics.helium.rebuild import pattern_from_truth
from airybench.physics.populations import HELIUM_CLASSES

ROUND = frozenset({"Spherical/Oblate", "Round"})


def test_counts_photons_and_truth_agree():
    conditions = PlainConditions()
    shot = helium_shot(ROUND, conditions, seed=5, index=3)
    inside = conditions.frame.sensitive
    stray = 0.05 * inside.sum()
    assert shot.image[inside].sum() == pytest.approx(shot.truth["photons"] + stray, rel=0.05)
    again = pattern_from_truth({key: np.float32(value) for key, value in shot.truth.items()}, shot.photon_energy)
    expected = again[inside] * (shot.truth["photons"] / again[inside].sum()) + 0.05
    chi = ((shot.image[inside] - expected) ** 2 / expected).sum() / inside.sum()
    assert chi == pytest.approx(1, abs=0.05)
    true = {name for bit, name in enumerate(HELIUM_CLASSES) if shot.truth["true_labels"] >> bit & 1}
    assert "Spherical/Oblate" in true
    assert shot.labels == ROUND


def test_a_shot_depends_on_seed_and_number_only():
    first, again = (helium_shot(ROUND, PlainConditions(), seed=5, index=3) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)
    assert str(first.truth) == str(again.truth)
    other = helium_shot(ROUND, PlainConditions(), seed=5, index=4)
    assert other.truth["radius"] != first.truth["radius"]


def test_runs_of_larger_droplets_and_empty_shots(monkeypatch):
    small, large = (helium_shot(ROUND, PlainConditions(size=size), 5, 3).truth["law_radius"] for size in (0.8, 1.2))
    assert large == pytest.approx(1.5 * small, rel=1e-6)
    monkeypatch.setattr(empty_shots, "DIM_SHARE", 0.0)
    empty = helium_shot(frozenset({"Empty"}), PlainConditions(), 5, 3)
    assert set(empty.truth) == set(helium_shot(ROUND, PlainConditions(), 5, 3).truth)
    assert np.isnan(empty.truth["photons"])
    assert empty.truth["true_labels"] == 1 << HELIUM_CLASSES.index("Empty")
    assert empty.image.mean() == pytest.approx(0.05 * PlainConditions().frame.sensitive.mean(), rel=0.1)
