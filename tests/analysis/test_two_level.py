"""Intervals over shots and seeds against Welch's t, the normal interval, and Holm's rule written out."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.analysis.two_level import SeedSpread, holm, two_level

RNG = np.random.default_rng(2)
DRAWS = 400


def cell(values: list[float], spread: float = 0.0) -> torch.Tensor:
    """Seeds with these values, and resamples about them that move together."""
    moves = spread * RNG.normal(size=DRAWS)
    return torch.tensor([[value, *(value + moves)] for value in values], dtype=torch.float64)


def test_without_spread_over_shots_it_is_welchs_interval() -> None:
    one, other = [0.61, 0.65, 0.58, 0.66], [0.52, 0.55, 0.60]
    cells = [cell(one), cell(other)]
    found = two_level([(1, cells[0]), (-1, cells[1])], SeedSpread.of(cells), shots=10**9)
    welch = stats.ttest_ind(one, other, equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert found.value == pytest.approx(np.mean(one) - np.mean(other))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert found.p == pytest.approx(welch.pvalue, rel=1e-9)


def test_without_spread_over_seeds_it_is_the_normal_interval_of_the_bootstrap() -> None:
    first, second = cell([0.7, 0.7, 0.7], 0.02), cell([0.6, 0.6, 0.6], 0.03)
    found = two_level([(1, first), (-1, second)], SeedSpread.of([first, second]), shots=10**6)
    error = float((first - second)[0, 1:].std())
    assert found.high - found.value == pytest.approx(1.96 * error, rel=1e-3)
    assert found.value - found.low == pytest.approx(1.96 * error, rel=1e-3)


def test_few_seeds_borrow_the_spread_of_the_study_and_need_enough_of_it() -> None:
    pairs = [cell([0.5 + step, 0.52 + step]) for step in (0, 0.1, 0.2, 0.3, 0.4, 0.5)]
    study = SeedSpread.of(pairs)
    assert (study.variance, study.freedom) == (pytest.approx(0.02**2 / 2), 6)
    found = two_level([(1, pairs[1]), (-1, pairs[0])], study, shots=1000)
    half = stats.t.ppf(0.975, 6) * math.sqrt(study.variance)
    assert found.high - found.value == pytest.approx(half)
    assert found.p < 0.05
    assert math.isnan(two_level([(1, pairs[1]), (-1, pairs[0])], SeedSpread.of(pairs[:5]), shots=1000).p)
    wild = cell([0.2, 0.9])
    assert two_level([(1, wild), (-1, pairs[0])], study, 1000).high > 1, "its own spread is certainly larger"


def test_one_seed_everywhere_is_a_first_look() -> None:
    cells = [cell([0.9], 0.001), cell([0.1], 0.001)]
    found = two_level([(1, cells[0]), (-1, cells[1])], SeedSpread.of(cells), shots=100)
    assert 0 < found.low < found.value
    assert math.isnan(found.p)


def test_nothing_is_said_where_resamples_have_no_value() -> None:
    one = cell([0.5, 0.6, 0.7], 0.01)
    one[:, 1:40] = math.nan
    found = two_level([(1, one)], SeedSpread.of([one]), 50)
    assert found.value == pytest.approx(0.6)
    assert math.isnan(found.low)
    same = cell([0.5, 0.5, 0.5])
    nothing = two_level([(1, same), (-1, same)], SeedSpread.of([same]), 50)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = 0
    for _ in range(300):
        noise = 0.03 * RNG.normal()  # of the drawn shots, shared by all seeds
        cells = [cell((mean + noise + 0.02 * RNG.normal(size=3)).tolist(), 0.03) for mean in (0.5, 0.5)]
        found = two_level([(1, cells[0])], SeedSpread.of(cells), shots=200)
        covered += found.low <= 0.5 <= found.high
    assert 0.92 < covered / 300 < 0.99


def test_holm_is_its_definition() -> None:
    p = [0.001, 0.2, math.nan, 0.03, 0.012]
    found = holm(p)
    expected = [0.004, 0.2, math.nan, 0.06, 0.036]
    np.testing.assert_allclose(found, expected)
    assert holm([]) == []
