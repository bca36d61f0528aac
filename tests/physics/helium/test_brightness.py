"""Photons by size of the droplet."""

import numpy as np
from scipy import stats

from airybench.physics.helium.brightness import brightest, draw_photons


def test_photons_are_log_uniform_up_to_the_fourth_power_of_the_radius():
    rng = np.random.default_rng(3)
    for radius in (200.0, 330.0, 800.0):
        top = min(1e6 * (radius / 500) ** 4, 1e6)
        drawn = np.array([draw_photons(rng, radius) for _ in range(2000)])
        uniform = (np.log(drawn) - np.log(1e3)) / (np.log(top) - np.log(1e3))
        assert stats.kstest(uniform, "uniform").pvalue > 0.01
    assert brightest(400.0) / brightest(200.0) == 16


def test_no_hit_leaves_the_range():
    rng = np.random.default_rng(4)
    drawn = [draw_photons(rng, radius) for radius in (50.0, 60.0, 1000.0) for _ in range(50)]
    assert min(drawn) >= 999.9
    assert max(drawn) <= 1.0001e6


def test_brightness_knows_the_size():
    rng = np.random.default_rng(5)
    radii = 314 * np.exp(0.38 * rng.standard_normal(2000))
    photons = [draw_photons(rng, radius) for radius in radii]
    assert stats.spearmanr(radii, photons).statistic > 0.25
