"""Intervals over shots and seeds against Welch's t, the normal interval, and what they cover."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.analysis.estimate import Estimate, SeedSpread, Side, bounded, combined
from airybench.inference.spread import Sample

RNG = np.random.default_rng(2)
DRAWS = 400


def cell(values: list[float], spread: float = 0.0) -> torch.Tensor:
    """Seeds with these values, and resamples about them that move together."""
    moves = spread * RNG.normal(size=DRAWS)
    return torch.tensor([[value, *(value + moves)] for value in values], dtype=torch.float64)


def test_without_spread_over_shots_it_is_welchs_interval() -> None:
    one, other = [0.61, 0.65, 0.58, 0.66], [0.52, 0.55, 0.60]
    cells = [cell(one), cell(other)]
    found = combined([Side(1, cells[0]), Side(-1, cells[1])], cells, Sample(10**9))
    welch = stats.ttest_ind(one, other, equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert found.value == pytest.approx(np.mean(one) - np.mean(other))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert found.p == pytest.approx(welch.pvalue, rel=1e-9)


def test_without_spread_over_seeds_it_is_the_normal_interval_of_the_bootstrap() -> None:
    first, second = cell([0.7, 0.7, 0.7], 0.02), cell([0.6, 0.6, 0.6], 0.03)
    found = combined([Side(1, first), Side(-1, second)], [first, second], Sample(10**6))
    error = float((first - second)[0, 1:].std())
    assert found.high - found.value == pytest.approx(1.96 * error, rel=1e-3)
    assert found.value - found.low == pytest.approx(1.96 * error, rel=1e-3)


def test_few_seeds_borrow_the_spread_of_the_study_and_need_enough_of_it() -> None:
    pairs = [cell([0.5 + step, 0.52 + step]) for step in (0, 0.1, 0.2, 0.3, 0.4, 0.5)]
    study = SeedSpread.of(pairs)
    assert (study.variance, study.freedom) == (pytest.approx(0.02**2 / 2), 6)
    found = combined([Side(1, pairs[1]), Side(-1, pairs[0])], pairs, Sample(1000))
    half = stats.t.ppf(0.975, 6) * math.sqrt(study.variance)
    assert found.high - found.value == pytest.approx(half)
    assert found.p < 0.05
    few = combined([Side(1, pairs[1]), Side(-1, pairs[0])], pairs[:5], Sample(1000))
    assert math.isnan(few.p)
    assert not few.certain
    wild = cell([0.2, 0.9])
    assert combined([Side(1, wild), Side(-1, pairs[0])], pairs, Sample(1000)).high > 1, "its own spread is larger"


def test_one_side_of_few_seeds_makes_both_take_the_spread_of_the_study() -> None:
    """The t test of two samples of one variance, of which other cells of the study know as well."""
    pairs = [cell([0.5 + step, 0.52 + step]) for step in (0, 0.1, 0.2, 0.3, 0.4)]
    three = cell([0.6, 0.601, 0.602])  # by chance closer than the others
    pool = [*pairs, three]
    squares = 5 * 0.02**2 / 2 + 2 * 0.001**2
    for few in (pairs[0], pairs[0][:1]):
        found = combined([Side(1, three), Side(-1, few)], pool, Sample(1000))
        assert found.error == pytest.approx(math.sqrt(squares / 7 * (1 / 3 + 1 / len(few))))
        assert found.df == pytest.approx(7)
    wild = cell([0.4, 0.6, 0.8])
    apart = combined([Side(1, wild), Side(-1, pairs[0])], [*pairs, wild], Sample(1000))
    study = (5 * 0.02**2 / 2 + 2 * 0.2**2) / 7
    assert stats.f.ppf(0.95, 2, 7) * study > 0.2**2, "hidden by its own part in the pooled spread"
    assert apart.error == pytest.approx(math.sqrt(study * (1 / 3 + 1 / 2)))
    more = [*pairs, *(pair + 0.01 for pair in pairs), wild]
    apart = combined([Side(1, wild), Side(-1, pairs[0])], more, Sample(1000))
    study = (10 * 0.02**2 / 2 + 2 * 0.2**2) / 12
    assert apart.error == pytest.approx(math.sqrt(0.2**2 / 3 + study / 2)), "its own is certainly larger"
    alone = combined([Side(1, three), Side(-1, pairs[0])], [], Sample(1000))
    assert alone.error == pytest.approx(math.sqrt(0.001**2 / 3 + 0.02**2 / 2 / 2)), "no study to lend any"


def test_mixed_numbers_of_seeds_cover_the_truth() -> None:
    """Three seeds against two, where other cells of the study have two: 2 000 studies."""
    rng, covered = np.random.default_rng(4), 0
    for _ in range(2000):
        drawn = [torch.from_numpy(rng.normal(0.5, 0.02, (seeds, 1))) for seeds in (3, 2, 2, 2, 2, 2, 2, 2)]
        found = combined([Side(1, drawn[0]), Side(-1, drawn[1])], drawn, Sample(10**9))
        covered += found.low <= 0 <= found.high
    assert covered / 2000 == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000))


def test_one_seed_everywhere_is_a_first_look() -> None:
    cells = [cell([0.9], 0.001), cell([0.1], 0.001)]
    found = combined([Side(1, cells[0]), Side(-1, cells[1])], cells, Sample(100))
    assert 0 < found.low < found.value
    assert math.isnan(found.p)


def test_nothing_is_said_where_resamples_have_no_value() -> None:
    one = cell([0.5, 0.6, 0.7], 0.01)
    one[:, 1:40] = math.nan
    found = combined([Side(1, one)], [one], Sample(50))
    assert found.value == pytest.approx(0.6)
    assert not found.certain
    assert math.isnan(found.p)
    same = cell([0.5, 0.5, 0.5])
    nothing = combined([Side(1, same), Side(-1, same)], [same], Sample(50))
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = 0
    for _ in range(300):
        noise = 0.03 * RNG.normal()  # of the drawn shots, shared by all seeds
        cells = [cell((mean + noise + 0.02 * RNG.normal(size=3)).tolist(), 0.03) for mean in (0.5, 0.5)]
        found = combined([Side(1, cells[0])], cells, Sample(200))
        covered += found.low <= 0.5 <= found.high
    assert 0.92 < covered / 300 < 0.99


def test_a_side_without_seeds_adds_none() -> None:
    trained, fixed = cell([0.6, 0.62, 0.64], 0.01), cell([0.5], 0.01)
    found = combined([Side(1, trained), Side(-1, fixed, trained=False)], [trained], Sample(500))
    assert found.certain
    assert found.seeds == (3, 0)
    shots = float((trained.mean(0) - fixed[0])[1:].var())
    assert found.error == pytest.approx(math.sqrt(0.02**2 / 3 + shots))
    assert found.parts.seeds == pytest.approx(0.02**2 / 3 / found.error**2)
    assert found.parts.seeds + found.parts.shots == pytest.approx(1)
    assert found.parts.runs == 0


def test_whole_runs_have_their_own_degrees_of_freedom() -> None:
    one = cell([0.6, 0.6, 0.6], 0.03)
    shots, runs = (combined([Side(1, one)], [one], sample) for sample in (Sample(200), Sample(200, 8)))
    assert runs.error == pytest.approx(shots.error * math.sqrt(8 / 7))
    assert (shots.df, runs.df) == pytest.approx((199, 7))
    half = stats.t.ppf(0.975, 7) * runs.error
    assert runs.high - runs.value == pytest.approx(half)
    assert (runs.parts.runs, runs.parts.shots, runs.runs) == (pytest.approx(1), 0, 8)


def test_other_levels_are_of_the_same_t() -> None:
    found = Estimate(0.01, error=0.02, df=9)
    assert found.ends(0.9) == pytest.approx(stats.t.interval(0.9, 9, 0.01, 0.02))


def test_a_score_stays_where_it_can_be() -> None:
    cells = [cell([0.9, 0.2])]
    wild = bounded(combined([Side(1, cells[0])], cells, Sample(18)), "macro_ap")
    assert (wild.low, wild.high) == (0, 1)
    assert bounded(combined([Side(1, cells[0])], cells, Sample(18)), "mcc").low == -1
    certain = cell([1.0, 1.0, 1.0])
    found = bounded(combined([Side(1, certain)], [certain], Sample(6)), "exact_match")
    assert (found.low, found.high) == (pytest.approx(stats.binomtest(6, 6).proportion_ci(0.95).low), 1)
    never = bounded(combined([Side(1, certain - 1)], [certain], Sample(6)), "exact_match")
    assert (never.low, never.high) == (0, pytest.approx(stats.binomtest(0, 6).proportion_ci(0.95).high))
