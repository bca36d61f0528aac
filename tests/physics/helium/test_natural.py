"""Natural droplets: isotropic, without gaps, and screened without a bias."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from airybench.physics.helium.labeller import Look, chance_of_spheroid, likelihood
from airybench.physics.helium.natural import (
    FLOOR,
    Candidates,
    draw_elongated,
    draw_pills,
    draw_spheroids,
    droplet_of,
    screened,
)

ROUND_ASYMMETRIC = frozenset({"Spherical/Oblate", "Round", "Asymmetric"})


@pytest.mark.parametrize("draw", [lambda rng: draw_spheroids(rng, 300.0), lambda rng: draw_elongated(rng, 300.0)])
def test_axes_point_anywhere(draw):
    found = draw(np.random.default_rng(1))
    out_of_plane = np.sin(np.radians(found.delta))
    assert stats.kstest(out_of_plane, "uniform").pvalue > 0.01
    assert stats.kstest(found.azimuth / 360, "uniform").pvalue > 0.01
    # seen nearly along the beam: one droplet in 180, not one in three as in version 1
    assert (found.delta > 84).mean() == pytest.approx(1 - np.sin(np.radians(84)), abs=0.005)


def test_axis_ratios_have_no_gap():
    rng = np.random.default_rng(2)
    for found, low, high in ((draw_spheroids(rng, 300.0), 1.0, 2.0), (draw_elongated(rng, 300.0), 1.1, 4.5)):
        assert low <= found.ratio.min() < low * 1.01
        assert high * 0.98 < found.ratio.max() <= high
        assert np.diff(np.sort(found.ratio)).max() < 0.05
    pills = draw_pills(rng)
    short = pills.size / (1.5 * pills.ratio - 0.5) ** (1 / 3)
    assert short.min() >= 40 - 1e-9
    assert short.max() <= 90 + 1e-9


def test_a_rare_look_is_offered_first():
    rng = np.random.default_rng(3)
    candidates = draw_spheroids(rng, 400.0)
    order = screened(candidates, lambda look: chance_of_spheroid(look, ROUND_ASYMMETRIC), 0.13, rng)
    place, weight = next(order)
    assert weight > 0
    steep = [candidates.ratio[place]] + [candidates.ratio[next(order)[0]] for _ in range(4)]
    assert np.median(steep) > 1.3  # of all spheroids, one in ten


def test_screening_keeps_the_natural_proportions():
    """Accepting by chance over weight must give p(x) chance(x), here counted over two kinds of droplets."""
    rng, taken = np.random.default_rng(4), Counter()

    def chance(look: Look):
        return 0.05 + 0.6 * likelihood(look.ring_ratio, (1.2, 0.01))

    kind, two = np.ones(200, dtype=np.int64), np.where(np.arange(200) < 150, 1.05, 1.5)
    candidates = Candidates(kind, two, np.zeros(200), np.zeros(200), np.full(200, 300.0))
    for _ in range(4000):
        for place, weight in screened(candidates, chance, 0.1, rng):
            flat = two[place] > 1.2
            if rng.random() * weight < (0.65 if flat else 0.05):
                taken[bool(flat)] += 1
                break
    expected = 50 * 0.65 / (50 * 0.65 + 150 * 0.05)
    assert taken[True] / 4000 == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 4000) ** 0.5 + FLOOR)


def test_parameters_of_a_droplet_survive_storage():
    rng = np.random.default_rng(5)
    candidates = draw_elongated(rng, 333.3)
    for place in range(20):
        droplet = droplet_of(candidates, place, rng)
        for value in (droplet.radius, droplet.axis_ratio, droplet.delta, droplet.azimuth, droplet.middle):
            assert np.isnan(value) or value == float(np.float32(value))
        assert np.isnan(droplet.spin) == (droplet.shape != 3)
