"""Differences between cells: the point by scikit-learn, the interval by its coverage, the verdict by its side."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from airybench.analysis.contrast import Answers, Contrast, Estimate, contrast, estimate
from airybench.errors import StudyError
from airybench.inference.predictions import Predictions

NAMES = ("a", "b")


def kept(strength: float, *, shots: int = 120, seed: int = 0, shot_seed: int = 0, names: tuple[str, ...] = NAMES):
    """Logits that tell the labels by `strength`, on the shots of `shot_seed`."""
    generator = np.random.default_rng(shot_seed)
    labels = (generator.random((shots, 2)) < 0.4).astype(np.uint8)
    shared = generator.normal(size=(shots, 2))  # what makes a shot hard is hard for every network
    own = np.random.default_rng(1000 + seed).normal(size=(shots, 2))
    logits = (strength * (labels - 0.5) + shared + 0.3 * own).astype(np.float32)
    return Predictions(np.arange(shots) + shot_seed * 10_000, logits, labels, names, "multilabel")


def cell(strength: float, seeds: tuple[int, ...] = (1, 2, 3), shot_seed: int = 0) -> Answers:
    return Answers(seeds, tuple(kept(strength, seed=seed, shot_seed=shot_seed) for seed in seeds))


def macro_ap(answers: Answers) -> float:
    return float(np.mean([average_precision_score(one.labels, one.logits, average="macro") for one in answers.kept]))


def test_points_are_scikit_learns() -> None:
    good, bad = cell(2.0), cell(1.0, (7,))
    found = contrast(good, bad, "macro_ap", seed=0)
    assert found.first.value == pytest.approx(macro_ap(good), abs=1e-9)
    assert found.second.value == pytest.approx(macro_ap(bad), abs=1e-9)
    assert found.difference.value == pytest.approx(macro_ap(good) - macro_ap(bad), abs=1e-9)
    assert (found.shots, found.seeds) == (120, (3, 1))
    assert found.difference.low < found.difference.value < found.difference.high
    assert estimate(good, "macro_ap", seed=0) == found.first


def test_verdicts() -> None:
    assert contrast(cell(2.0), cell(1.0), "macro_ap", seed=0).verdict() == "held"
    assert contrast(cell(1.0), cell(2.0), "macro_ap", seed=0).verdict() == "not held"
    assert contrast(cell(1.0), cell(2.0), "macro_ap", seed=0).verdict(better=-1) == "held"
    assert contrast(cell(1.5), cell(1.5, (4, 5, 6)), "macro_ap", seed=0).verdict() == "undecided"
    same = contrast(cell(1.5), cell(1.5), "macro_ap", seed=0)
    assert same.difference == Estimate(0.0, 0.0, 0.0)
    assert same.verdict() == "undecided"


def test_pairing_narrows_the_difference() -> None:
    found = contrast(cell(1.6), cell(1.4), "macro_ap", seed=0)
    alone = np.hypot(found.first.high - found.first.low, found.second.high - found.second.low)
    assert found.difference.high - found.difference.low < 0.7 * alone


def test_the_interval_covers_the_truth() -> None:
    """Both cells are alike in truth: of 16 data sets, about one may say otherwise."""
    wrong = 0
    for number in range(16):
        found = contrast(cell(1.5, (1, 2), number), cell(1.5, (4, 5), number), "macro_ap", seed=number)
        wrong += found.verdict() != "undecided"
    assert wrong <= 4


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(StudyError, match=r"other test shots \(120 against 120\); run both on the same data"):
        contrast(cell(1.0), cell(1.0, shot_seed=1), "macro_ap", seed=0)
    other = Answers((1,), (kept(1.0, names=("a", "c")),))
    with pytest.raises(StudyError, match="classes a, b against a, c"):
        contrast(cell(1.0), other, "macro_ap", seed=0)


def test_undefined_is_undecided() -> None:
    nan = float("nan")
    nothing = Estimate(nan, nan, nan)
    assert Contrast(nothing, nothing, nothing, 0, (1, 1)).verdict() == "undecided"
