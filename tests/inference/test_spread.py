"""Intervals from resamples: Student's t, their coverage, and their ends at what is possible."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.inference.bootstrap import resamples
from airybench.inference.spread import Sample, Spread, interval, mostly_defined


def test_the_interval_is_students() -> None:
    draws = torch.from_numpy(np.random.default_rng(0).normal(0.5, 0.05, size=1000))
    expected = stats.t.interval(0.95, 59, loc=0.52, scale=float(draws.std()))
    assert interval(draws, 0.52, Sample(60)) == pytest.approx(expected)
    wide = stats.t.interval(0.95, 4, loc=0.52, scale=float(draws.std()) * math.sqrt(5 / 4))
    assert interval(draws, 0.52, Sample(60, 5)) == pytest.approx(wide)


def test_it_covers_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(1), 0
    for _ in range(400):
        sample = torch.from_numpy((rng.random(60) < 0.6).astype(float))
        means = resamples(60, seed=int(rng.integers(2**31)), draws=300).double() @ sample / 60
        low, high = interval(means, float(sample.mean()), Sample(60))
        covered += low <= 0.6 <= high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_runs_with_a_common_shift_are_covered_when_runs_are_drawn() -> None:
    rng, covered = np.random.default_rng(2), {0: 0, 12: 0}
    groups = np.repeat(np.arange(12), 20).astype(np.int32)
    for _ in range(200):
        sample = torch.from_numpy(0.5 + 0.05 * rng.normal(size=12)[groups] + 0.1 * rng.normal(size=240))
        for runs in covered:
            weights = resamples(240, seed=int(rng.integers(2**31)), draws=300, groups=groups if runs else None)
            low, high = interval(weights.double() @ sample / 240, float(sample.mean()), Sample(240, runs))
            covered[runs] += low <= 0.5 <= high
    assert covered[12] / 200 == pytest.approx(0.95, abs=0.04)
    assert covered[0] / 200 < 0.8, "shots alone would claim too much"


def test_undefined_resamples_are_left_out() -> None:
    draws = torch.linspace(0.4, 0.6, 1000, dtype=torch.float64)
    draws[:50] = math.nan
    low, high = interval(draws, 0.5, Sample(100))
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 99) * float(draws[50:].std()))
    assert mostly_defined(draws)
    draws[50] = math.nan
    assert not mostly_defined(draws)
    assert all(math.isnan(end) for end in interval(torch.full((9,), math.nan), 0.5, Sample(100)))


def test_ends_are_possible_and_never_both_at_the_best() -> None:
    draws = torch.linspace(0.8, 1.0, 1000, dtype=torch.float64)
    assert interval(draws, 0.98, Sample(20))[1] == 1
    assert interval(draws, -0.99, Sample(20), metric="mcc")[0] == -1
    ones = torch.ones(1000, dtype=torch.float64)
    low, high = interval(ones, 1.0, Sample(150), tries=3)
    assert (low, high) == (pytest.approx(stats.binomtest(3, 3).proportion_ci(0.95).low), 1)
    assert interval(torch.full((1000,), 0.25), 0.25, Sample(9)) == (0.25, 0.25)


def test_variances_are_added_with_their_degrees_of_freedom() -> None:
    both = Spread.of([(0.04, 3), (0.01, 40), (0.0, 0)])
    assert both.error == pytest.approx(math.sqrt(0.05))
    assert both.df == pytest.approx(0.05**2 / (0.04**2 / 3 + 0.01**2 / 40))
    assert both.p(0.3) == pytest.approx(2 * stats.t.sf(0.3 / both.error, both.df))
    nothing = Spread.of([(0.0, 5)])
    assert (nothing.ends(0.2), nothing.p(0.2)) == ((0.2, 0.2), 0)
    assert math.isnan(nothing.p(0))
