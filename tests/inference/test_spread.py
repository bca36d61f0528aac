"""Intervals from resamples: Student's t, their coverage, and their ends at what is possible."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.inference.bootstrap import resamples, weighted_classes
from airybench.inference.spread import FEW, Sample, Spread, interval, mostly_defined


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
    low, high = interval(ones, 1.0, Sample(150, rests_on=3))
    assert (low, high) == (pytest.approx(stats.binomtest(3, 3).proportion_ci(0.95).low), 1)
    assert interval(torch.full((1000,), 0.25), 0.25, Sample(9)) == (0.25, 0.25)


def test_few_positive_shots_are_never_a_point() -> None:
    """A tie has a ROC AUC of one half in every resample, and five shots found of five are no certainty."""
    low, high = interval(torch.full((1000,), 0.5, dtype=torch.float64), 0.5, Sample(150, rests_on=4))
    expected = stats.binomtest(2, 4).proportion_ci(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    draws = torch.linspace(0.999, 1.0, 1000, dtype=torch.float64)
    assert interval(draws, 0.9995, Sample(150, rests_on=5))[0] < 0.5
    assert interval(draws, 0.9995, Sample(150, rests_on=FEW))[0] > 0.99


@pytest.mark.parametrize("positives", [2, 5])
def test_the_interval_of_a_rare_class_covers(positives: int) -> None:
    """The t interval over all shots holds the AP of such classes in 60 to 90 % of cases: resamples vary too little."""
    rng, shots = np.random.default_rng(positives), 100
    labels = torch.zeros(shots, 1, dtype=torch.int64)
    labels[:positives] = 1

    def average_precision(draws: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        found = weighted_classes(logits, labels, "multilabel", draws)
        return found.values["ap"][found.defined[:, 0], 0]

    drawn = [torch.from_numpy(rng.normal(size=(shots, 1))) + 1.5 * labels for _ in range(400)]
    values = [float(average_precision(torch.ones(1, shots), one)) for one in drawn]
    covered = plain = 0
    for seed, (one, value) in enumerate(zip(drawn[:100], values, strict=False)):
        draws = average_precision(resamples(shots, seed=seed, draws=200), one)
        low, high = interval(draws, value, Sample(shots, rests_on=positives))
        covered += low <= np.mean(values) <= high
        low, high = Spread.of([(Sample(shots).variance(draws), shots - 1)]).ends(value)
        plain += low <= np.mean(values) <= high
    assert plain < 92
    assert covered >= 94


def test_variances_are_added_with_their_degrees_of_freedom() -> None:
    both = Spread.of([(0.04, 3), (0.01, 40), (0.0, 0)])
    assert both.error == pytest.approx(math.sqrt(0.05))
    assert both.df == pytest.approx(0.05**2 / (0.04**2 / 3 + 0.01**2 / 40))
    assert both.p(0.3) == pytest.approx(2 * stats.t.sf(0.3 / both.error, both.df))
    nothing = Spread.of([(0.0, 5)])
    assert (nothing.ends(0.2), nothing.p(0.2)) == ((0.2, 0.2), 0)
    assert math.isnan(nothing.p(0))
