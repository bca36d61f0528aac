"""What a sweep can tell, against the table of the estimator's design and against drawn experiments."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from airybench.analysis import power
from airybench.analysis.calibration_draw import Setting, draw_benchmark
from airybench.analysis.fold_intervals import OVERLAP, FoldSpread, fold_combination
from airybench.analysis.power import (
    ExpectedTest,
    detectable,
    detectable_on_folds,
    expected_test,
    seed_sd,
    seeds_and_shots,
    seeds_needed,
)
from airybench.physics.populations import HELIUM_CLASSES, helium_label_sets, helium_weights

SHARES = np.array([[name in labels for labels in helium_label_sets()[0]] for name in HELIUM_CLASSES]) @ helium_weights()


def average_precision(distance: float, share: float) -> float:
    """Of two normal distributions so far apart, where `share` of the shots are positive."""
    cut = np.linspace(-8, 8 + distance, 4001)
    found, false = stats.norm.sf(cut - distance), stats.norm.sf(cut)
    precision = share * found / (share * found + (1 - share) * false)
    return float(-np.trapezoid(precision, found))


@pytest.fixture(scope="module")
def binormal() -> tuple[float, ...]:
    """AP of each helium class where macro AP is .60 and all classes are equally far apart."""
    distance = optimize.brentq(lambda d: np.mean([average_precision(d, share) for share in SHARES]) - 0.6, 0.5, 4)
    return tuple(average_precision(distance, share) for share in SHARES)


@pytest.mark.parametrize(("shots", "error"), [(154, 0.062), (1090, 0.0233), (5000, 0.0109)])
def test_the_error_of_the_shots_is_the_predicted_one(shots: int, error: float, binormal: tuple[float, ...]) -> None:
    test = ExpectedTest(shots, tuple(shots * SHARES), binormal)
    assert math.sqrt(sum(power._parts(test.variance, 1, 0.0)) - test.variance / 4) == pytest.approx(error, rel=0.01)


@pytest.mark.parametrize(
    ("shots", "expected"),
    [(154, (0.185, 0.166, 0.150)), (1090, (0.090, 0.076, 0.065)), (5000, (0.070, 0.056, 0.044))],
)
def test_detectable_differences_are_those_of_the_table(shots, expected, binormal) -> None:
    """The table pools the spread between seeds over eight cells."""
    test = ExpectedTest(shots, tuple(shots * SHARES), binormal)
    found = [detectable(test, seeds, 0.02, freedom=8 * (seeds - 1)) for seeds in (2, 3, 5)]
    assert found == pytest.approx(expected, rel=0.012)


def test_without_seed_spread_and_own_noise_it_is_the_textbook_t_test(monkeypatch) -> None:
    monkeypatch.setattr(power, "SAME_CELL", 1.0)
    test = ExpectedTest(400, (100.0,), 0.5)
    variance = 2 * 0.25 / 100 * 0.5
    quantiles = stats.t.ppf([0.975, 0.8], 399).sum()
    assert detectable(test, 4, 0.0) == pytest.approx(quantiles * math.sqrt(variance))


def test_runs_count_by_their_correlation_and_number() -> None:
    single = ExpectedTest(200, (50.0, 20.0))
    grouped = ExpectedTest(200, (50.0, 20.0), runs=20, correlation=0.1)
    assert grouped.variance == pytest.approx(2 / 4 * 0.25 * (1.15 / 50 + 1 / 20))
    assert (single.freedom, grouped.freedom) == (199, 19)
    assert ExpectedTest(200, (50.0, 20.0), runs=20, correlation=0).variance == pytest.approx(single.variance)
    fewer = ExpectedTest(200, (50.0, 20.0), runs=4, correlation=0.1)
    assert detectable(fewer, 5) > detectable(grouped, 5) > detectable(single, 5)


def test_no_verdict_is_possible_with_one_seed_or_one_run_or_two_seeds_of_few_cells() -> None:
    test = ExpectedTest(200, (50.0, 20.0))
    assert detectable(test, 1) == detectable(test, 2) == math.inf
    assert detectable(test, 2, freedom=6) < math.inf
    assert detectable(ExpectedTest(200, (50.0, 20.0), runs=1), 5) == math.inf


def test_more_claims_need_larger_differences_and_more_seeds() -> None:
    test = ExpectedTest(5000, (2000.0, 500.0, 200.0))
    assert detectable(test, 5, claims=10) > detectable(test, 5)
    few, many = seeds_needed(test, 0.06), seeds_needed(test, 0.06, claims=10)
    assert few is not None
    assert many is not None
    assert many > few
    assert detectable(test, few) <= 0.06 < detectable(test, few - 1)
    assert seeds_needed(test, 0.0001) is None
    assert seeds_needed(test, 0.2, cells=8) == 2
    assert seeds_needed(test, 0.2, cells=2) == 3, "two seeds of two cells allow no verdict"


def test_so_many_seeds_and_shots_would_do() -> None:
    test = ExpectedTest(154, (40.0, 20.0, 10.0))
    seeds, times = seeds_and_shots(test, 0.05)
    larger = ExpectedTest(round(154 * times), tuple(times * count for count in test.positives))
    assert detectable(larger, seeds, freedom=10**6) == pytest.approx(0.05, rel=0.02)
    assert seeds_and_shots(test, 0.05, claims=10) > (seeds, times)


def test_classes_with_few_positives_are_left_out() -> None:
    found = expected_test((150, 30, 5, 4.9, 0), 150)
    assert found is not None
    assert found.positives == (30, 5)
    assert expected_test((4, 2), 100) is None


def test_the_spread_seen_on_few_shots_is_partly_theirs() -> None:
    test = ExpectedTest(154, (40.0, 20.0, 10.0))
    seen = math.sqrt(0.02**2 + test.variance / 8)
    assert seed_sd(seen, test) == pytest.approx(0.02)
    assert seed_sd(0.001, test) == 0


@pytest.mark.parametrize(("runs", "correlation"), [(0, 0.0), (20, 0.2)])
def test_drawn_differences_spread_as_predicted(runs: int, correlation: float, binormal: tuple[float, ...]) -> None:
    setting = Setting(300, 0.0, runs, correlation, cells=6)
    enough = 300 * SHARES >= 5
    test = ExpectedTest(300, tuple(300 * SHARES[enough]), tuple(np.array(binormal)[enough]), runs, correlation)
    drawn = [draw_benchmark(setting, 1, np.random.default_rng([3, n]), kept=0).values[:, 0] for n in range(60)]
    seen = np.mean([np.diff(values.reshape(3, 2))[:, 0] ** 2 for values in drawn])
    predicted = test.variance * (1 - power.OTHER_CELL)
    assert math.sqrt(seen / predicted) == pytest.approx(1, abs=0.25)


def test_folds_tell_what_simulated_ones_tell() -> None:
    """Drawn with the variances that the formula assumes, the verdict of the fold estimator is right in 80 %."""
    test, folds, cells, sd = ExpectedTest(200, (50.0, 30.0, 20.0)), 5, 4, 0.02
    smallest = detectable_on_folds(test, folds, 1, sd, cells=cells)
    rng, found = np.random.default_rng(5), []
    per_cell = test.variance * 0.5 / 2 + sd**2  # of one cell on one fold, beyond what all cells share
    lasting = OVERLAP * per_cell  # what is the same on all folds, as they share their training shots
    for _ in range(3000):
        table = rng.normal(0, np.sqrt(per_cell), (cells, folds)) + rng.normal(0, np.sqrt(lasting), (cells, 1))
        table[0] += smallest
        found.append(fold_combination([(1, table[0]), (-1, table[1])], FoldSpread.of(table)).p < 0.05)
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)
    assert detectable_on_folds(test, folds, 1, sd, cells=1) == math.inf
