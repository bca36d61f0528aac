"""Scores and differences: the point by scikit-learn, the interval by its coverage, the verdict by its side."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from airybench.analysis.intervals import Estimate, difference, mean, score, t_interval
from airybench.errors import StudyError
from airybench.inference.bootstrap import interval, resamples
from airybench.inference.predictions import Predictions

NAMES = ("a", "b")
SHOTS = 120


def kept(strength: float, *, seed: int = 0, shot_seed: int = 0, names: tuple[str, ...] = NAMES) -> Predictions:
    """Logits that tell the labels by `strength`, on the shots of `shot_seed`."""
    generator = np.random.default_rng(shot_seed)
    labels = (generator.random((SHOTS, 2)) < 0.4).astype(np.uint8)
    shared = generator.normal(size=(SHOTS, 2))  # what makes a shot hard is hard for every network
    own = np.random.default_rng(1000 + seed).normal(size=(SHOTS, 2))
    logits = (strength * (labels - 0.5) + shared + 0.3 * own).astype(np.float32)
    return Predictions(np.arange(SHOTS) + shot_seed * 10_000, logits, labels, names, "multilabel")


def cell(strength: float, seeds: tuple[int, ...] = (1, 2, 3), shot_seed: int = 0) -> list[Predictions]:
    return [kept(strength, seed=seed, shot_seed=shot_seed) for seed in seeds]


def macro_ap(predictions: list[Predictions], rows: np.ndarray | slice = slice(None)) -> float:
    return float(np.mean([average_precision_score(one.labels[rows], one.logits[rows]) for one in predictions]))


def test_points_are_scikit_learns() -> None:
    good, bad = cell(2.0), cell(1.0, (7,))
    assert score(good, "macro_ap").value == pytest.approx(macro_ap(good), abs=1e-9)
    assert score(good, "macro_ap").by_seed == pytest.approx([macro_ap([one]) for one in good], abs=1e-9)
    found = difference(good, bad, "macro_ap")
    assert found.value == pytest.approx(macro_ap(good) - macro_ap(bad), abs=1e-9)
    assert found.low < found.value < found.high
    assert found.by_seed == ()


@pytest.mark.parametrize("paired", [False, True])
def test_each_resample_draws_shots_and_seeds(paired: bool) -> None:
    """Against scikit-learn on rows that are really repeated; paired cells draw the same seeds."""
    first, second = cell(2.0), cell(1.5)
    found = difference(first, second, "macro_ap", paired=paired, seed=5)
    generator = np.random.default_rng(5)
    ours = generator.integers(3, size=(1000, 3))
    theirs = ours if paired else generator.integers(3, size=(1000, 3))
    for number, counts in enumerate(resamples(SHOTS, 5)[:15].numpy()):
        rows = np.repeat(np.arange(SHOTS), counts.astype(int))
        one = macro_ap([first[seed] for seed in ours[number]], rows)
        other = macro_ap([second[seed] for seed in theirs[number]], rows)
        assert float(found.draws[number]) == pytest.approx(one - other, abs=1e-9)
    assert (found.low, found.high) == interval(found.draws, found.value)
    assert score(first, "macro_ap", seed=5).draws[0] == pytest.approx(
        macro_ap([first[seed] for seed in ours[0]], np.repeat(np.arange(SHOTS), resamples(SHOTS, 5)[0].int().numpy()))
    )


def test_seeds_may_be_left_out_of_the_interval_and_values_given() -> None:
    found = score(cell(1.5), "macro_ap", values=[0.5, 0.6, 0.7], draw_seeds=False)
    alone = [score([one], "macro_ap").draws for one in cell(1.5)]
    np.testing.assert_allclose(found.draws, sum(alone) / 3)
    assert (found.value, found.by_seed) == (pytest.approx(0.6), (0.5, 0.6, 0.7))
    assert (found.low, found.high) == interval(found.draws, found.value)


def test_verdicts() -> None:
    assert difference(cell(2.0), cell(1.0), "macro_ap", paired=True).verdict() == "held"
    assert difference(cell(1.0), cell(2.0), "macro_ap", paired=True).verdict() == "not held"
    assert difference(cell(1.0), cell(2.0), "macro_ap", paired=True).verdict("min") == "held"
    assert difference(cell(1.5), cell(1.5, (4, 5, 6)), "macro_ap").verdict() == "undecided"
    same = difference(cell(1.5), cell(1.5), "macro_ap", paired=True)
    assert same == Estimate(0.0, 0.0, 0.0, (0.0, 0.0, 0.0))
    assert same.verdict() == "undecided"
    assert Estimate(math.nan, math.nan, math.nan).verdict() == "undecided"


def test_pairing_narrows_the_difference() -> None:
    first, second = score(cell(1.6), "macro_ap"), score(cell(1.4), "macro_ap")
    found = difference(cell(1.6), cell(1.4), "macro_ap", paired=True)
    alone = np.hypot(first.high - first.low, second.high - second.low)
    assert found.high - found.low < 0.7 * alone


def test_the_interval_covers_the_truth() -> None:
    """Both cells are alike in truth: of 16 data sets, about one may say otherwise."""
    wrong = 0
    for number in range(16):
        found = difference(cell(1.5, (1, 2), number), cell(1.5, (4, 5), number), "macro_ap", seed=number)
        wrong += found.verdict() != "undecided"
    assert wrong <= 4


def test_the_mean_of_differences_is_taken_resample_by_resample() -> None:
    pairs = [difference(cell(2.0, (s, s + 1)), cell(1.0, (s, s + 1)), "macro_ap", paired=True) for s in (1, 5)]
    found = mean(pairs)
    np.testing.assert_allclose(found.draws, (pairs[0].draws + pairs[1].draws) / 2)
    assert found.by_seed == pytest.approx([(a + b) / 2 for a, b in zip(*(p.by_seed for p in pairs), strict=True)])
    assert found.above_zero == float((found.draws > 0).double().mean())
    longer = difference(cell(2.0), cell(1.0), "macro_ap", paired=True)
    assert mean([pairs[0], longer]).by_seed == ()


def test_the_interval_over_seeds_is_students() -> None:
    values = [0.5, 0.6, 0.56]
    expected = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert t_interval(values) == pytest.approx(expected)
    assert Estimate(0, 0, 0, tuple(values)).over_seeds == t_interval(values)
    assert all(math.isnan(end) for end in t_interval([0.5]))


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(StudyError, match=r"their test shots differ \(120 against 120\); compare only what shares data"):
        difference(cell(1.0), cell(1.0, shot_seed=1), "macro_ap")
    with pytest.raises(StudyError, match=r"their classes differ \(a, b against a, c\)"):
        difference(cell(1.0), [kept(1.0, names=("a", "c"))], "macro_ap")
    one = kept(1.0)
    other = Predictions(one.ids, one.logits, 1 - one.labels, NAMES, "multilabel")
    with pytest.raises(StudyError, match="their labels differ"):
        difference([one], [other], "macro_ap")
    with pytest.raises(StudyError, match="the trainings of one cell are not comparable"):
        score([one, replace(one, ids=one.ids + 1)], "macro_ap")  # shots without any in common are another fold


def test_undefined_is_undecided() -> None:
    one = kept(1.0)
    blank = Predictions(one.ids, one.logits, np.zeros_like(one.labels), NAMES, "multilabel")
    found = score([blank], "macro_ap")
    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.above_zero)
    assert difference([blank], [blank], "macro_ap").verdict() == "undecided"
