"""Shots without a hit: how many hold a droplet, how dim it is, and that its truth makes it again."""

import numpy as np
import torch
from helium_conditions import PlainConditions
from scipy.stats import kstest

from airybench.physics.helium import empty
from airybench.physics.helium.conditions import helium_shot
from airybench.physics.helium.draw import Illumination
from airybench.physics.helium.rebuild import pattern_from_truth
from airybench.physics.populations import HELIUM_CLASSES

EMPTY = frozenset({"Empty"})
LIGHT = Illumination(21.0, 0.0, torch.device("cpu"))


def test_half_of_the_empty_shots_hold_a_droplet_of_any_photons_below_the_threshold(monkeypatch):
    monkeypatch.setattr(empty, "illuminate", lambda droplet, light: droplet)
    drawn = [empty.draw_empty(300.0, LIGHT, np.random.default_rng(seed)) for seed in range(600)]
    photons = np.array([one for members, one in drawn if members])
    assert abs(len(photons) - 300) < 50  # four standard deviations
    assert all(np.isnan(one) for members, one in drawn if not members)
    assert photons.min() >= 30
    assert photons.max() <= 1000
    assert kstest(np.log(photons / 30) / np.log(1000 / 30), "uniform").pvalue > 1e-3


def test_a_dim_droplet_is_no_hit_and_its_truth_makes_it_again(monkeypatch):
    monkeypatch.setattr(empty, "DIM_SHARE", 1.0)
    monkeypatch.setattr(empty, "DIM_FROM", 999.0)
    conditions = PlainConditions()
    shot = helium_shot(EMPTY, conditions, seed=5, index=3)
    assert shot.labels == EMPTY
    assert shot.truth["true_labels"] == 1 << HELIUM_CLASSES.index("Empty")
    assert 999 <= shot.truth["photons"] <= 1000
    inside = conditions.frame.sensitive
    pattern = pattern_from_truth({key: np.float32(value) for key, value in shot.truth.items()}, shot.photon_energy)
    expected = pattern[inside] * (shot.truth["photons"] / pattern[inside].sum()) + 0.05
    counts = shot.image[inside].astype(np.float64)
    assert abs(counts.sum() - expected.sum()) < 4 * expected.sum() ** 0.5
    # The counts follow the rebuilt pattern: their mean under it is that of Poisson counts, far from that of flat light.
    mean, spread = (expected**2).sum(), (expected**3).sum() ** 0.5
    assert abs((counts * expected).sum() - mean) < 4 * spread
    assert abs(expected.mean() * expected.sum() - mean) > 8 * spread
