"""Counts over benchmarks, and the estimator itself: it covers the truth as often as it says."""

import math
from itertools import combinations

import numpy as np
import pytest

from airybench.analysis import calibration_draw
from airybench.analysis.calibration import METRIC, VerdictCounts, judged
from airybench.analysis.calibration_draw import Setting, draw_benchmark, label_sets
from airybench.analysis.intervals import difference, score
from airybench.analysis.power import SEED_SD, detectable, expected_test

COVERED, FALSE = (0.93, 0.97), 0.06


def test_tallies_add_up() -> None:
    both = VerdictCounts(10, 9, 1, 3, 0, 8, 1.0, 0.5) + VerdictCounts(10, 5, 2, 4, 4, 6, 1.0, 0.5)
    assert both == VerdictCounts(20, 14, 3, 7, 4, 14, 2.0, 1.0)
    assert (both.judged, both.coverage, both.verdicts) == (16, 14 / 16, 3 / 16)
    assert math.isnan(VerdictCounts(3, unjudged=3).coverage)
    assert math.isnan(VerdictCounts(3, unjudged=3).error(0.5))


def test_an_aim_is_missed_only_by_more_than_chance() -> None:
    assert not VerdictCounts(1000, 950, 50).missed()
    assert VerdictCounts(1000, 900, 50).missed()
    assert not VerdictCounts(20, 18, 2).missed()
    assert VerdictCounts(1000, 995, 5).missed()
    assert VerdictCounts(1000, 950, 90).missed()
    assert not VerdictCounts(5, unjudged=5).missed()


def test_a_benchmark_depends_on_its_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration_draw, "_EXPECTED", 5)
    setting = Setting(60, 0.02, cells=6)
    whole = judged(setting, (2, 3), 0, 4, seed=5)
    parts = [judged(setting, (2, 3), first, 2, seed=5) for first in (0, 2)]
    for seeds in (2, 3):
        assert (parts[0][seeds] + parts[1][seeds]).covered == whole[seeds].covered
        assert (parts[0][seeds] + parts[1][seeds]).width == pytest.approx(whole[seeds].width)
    assert judged(setting, (2,), 0, 4, seed=6)[2].width != whole[2].width


def test_two_seeds_of_few_cells_are_not_judged() -> None:
    found = judged(Setting(60, 0.02, cells=4), (2, 3), 0, 3, seed=5)
    assert (found[2].unjudged, found[3].unjudged) == (3, 0)


def test_a_benchmark_is_judged_by_the_estimator_itself() -> None:
    """The difference and score that are counted are those of `difference` and `score` with all cells as the pool."""
    setting = Setting(80, 0.03, cells=6, runs=8, correlation=0.1)
    drawn = draw_benchmark(setting, 2, np.random.default_rng([5, *setting.key, 0]), kept=6)
    found = difference(*drawn.cells[:2], METRIC, pool=drawn.cells)
    alone = score(drawn.cells[0], METRIC, pool=drawn.cells)
    counted = judged(setting, (2,), 0, 1, seed=5)[2]
    assert counted.width == pytest.approx((found.high - found.low) / 2)
    assert counted.squares == pytest.approx(found.value**2)
    assert counted.covered == (found.low <= 0 <= found.high)
    assert found.value == pytest.approx(drawn.values[0].mean() - drawn.values[1].mean())
    assert alone.value == pytest.approx(drawn.scores[0].mean())


def test_claims_of_a_benchmark_are_judged_together() -> None:
    """One false verdict among them counts once; each p is multiplied by the number of claims."""
    one, family = Setting(60, 0.0, cells=6), Setting(60, 0.0, cells=6, claims=15)
    drawn = [draw_benchmark(family, 3, np.random.default_rng([5, *family.key, number]), kept=6) for number in range(12)]
    least = [min(difference(a, b, METRIC, pool=each.cells).p for a, b in combinations(each.cells, 2)) for each in drawn]
    found = judged(family, (3,), 0, 12, seed=5)[3]
    assert found.found == sum(15 * p < 0.05 for p in least)
    assert sum(p < 0.05 for p in least) > found.found  # what the same pages held without Holm's rule
    alone = judged(one, (3,), 0, 12, seed=5)[3]
    assert (found.covered, found.width, found.score_covered) == (alone.covered, alone.width, alone.score_covered)


def test_a_few_benchmarks_cover_the_truth() -> None:
    """Far too few to see a wrong level, enough to see an estimator that does not work."""
    found = judged(Setting(154, 0.03), (3,), 0, 12, seed=1612)[3]
    assert found.covered >= 9
    assert found.found <= 3
    assert found.score_covered >= 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "count"),
    [(Setting(154, 0.01), 700), (Setting(154, 0.03), 700), (Setting(154, 0.03, runs=20, correlation=0.2), 600)],
)
def test_two_thousand_benchmarks_cover_the_truth_as_often_as_they_say(setting: Setting, count: int) -> None:
    for tally in judged(setting, (2, 3, 5), 0, count, seed=1612).values():
        # Three standard errors, since nine shares are looked at.
        assert COVERED[0] - 3 * tally.error(COVERED[0]) < tally.coverage < COVERED[1] + 3 * tally.error(COVERED[1])
        assert tally.verdicts < FALSE + 3 * tally.error(FALSE)
        assert tally.unjudged == 0


@pytest.mark.slow
def test_a_detectable_difference_is_found_in_four_of_five_benchmarks() -> None:
    members, shares = label_sets()
    test = expected_test((300 * (shares @ members)).tolist(), 300)
    assert test is not None
    effect = detectable(test, 5, SEED_SD)
    found = judged(Setting(300, SEED_SD, effect=effect), (5,), 0, 100, seed=1612)[5]
    assert 0.68 < found.verdicts < 0.95
