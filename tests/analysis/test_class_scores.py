"""Single classes of a cell against scikit-learn, against the evaluation of one training, and over folds."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import average_precision_score, f1_score

from airybench.analysis.class_scores import class_scores
from airybench.inference.evaluate import evaluate
from airybench.inference.predictions import Predictions

NAMES = ("often", "seldom", "never")


def predicted(seed: int, fold: int = 0) -> Predictions:
    labels = np.zeros((60, 3), np.uint8)
    labels[:25, 0], labels[20:24, 1] = 1, 1
    logits = 1.5 * (labels - 0.5) + np.random.default_rng([seed, fold]).normal(size=(60, 3))
    return Predictions(np.arange(60) + 60 * fold, logits.astype(np.float32), labels, NAMES, "multilabel")


def test_one_training_is_the_evaluation_of_it() -> None:
    (one,) = cell = [predicted(1)]
    expected = evaluate(one, torch.from_numpy(one.labels)).classes
    for found, report in zip(class_scores(cell), expected, strict=True):
        assert (found.name, found.positives, found.few) == (report.name, report.positives, report.few)
        for name, score in found.scores.items():
            assert score.value == pytest.approx(report.values[name])
            assert (score.low, score.high) == pytest.approx(report.intervals[name])
    assert [found.few for found in class_scores(cell)] == [False, True, False]
    assert class_scores(cell)[2].scores == {}


def test_several_seeds_are_averaged_and_bring_their_spread() -> None:
    cell = [predicted(seed) for seed in (1, 2, 3, 4)]
    often, seldom, _ = class_scores(cell)
    each = [average_precision_score(one.labels[:, 0], one.logits[:, 0]) for one in cell]
    assert often.scores["ap"].value == pytest.approx(np.mean(each))
    f1 = [f1_score(one.labels[:, 1], one.logits[:, 1] > 0) for one in cell]
    assert seldom.scores["f1"].value == pytest.approx(np.mean(f1))
    found = often.scores["ap"]
    seeds = np.var(each, ddof=1) / 4
    shots = found.error**2 - seeds
    assert found.parts.seeds == pytest.approx(seeds / found.error**2)
    # 25 positive shots: 24 degrees of freedom, and 3 between the seeds.
    assert found.df == pytest.approx(found.error**4 / (shots**2 / 24 + seeds**2 / 3))
    half = stats.t.ppf(0.975, found.df) * found.error
    assert (found.value - found.low, found.high - found.value) == pytest.approx((half, half))
    assert math.isnan(found.p)


def test_two_seeds_take_the_spread_of_the_study() -> None:
    cells = [[predicted(seed) for seed in seeds] for seeds in ((1, 2), (3, 4, 5, 6))]
    alone, pooled = class_scores(cells[0])[0].scores["ap"], class_scores(cells[0], cells)[0].scores["ap"]
    assert alone.value == pooled.value
    assert pooled.parts.seeds != alone.parts.seeds


def test_intervals_stay_inside_what_is_possible_and_rare_ones_are_wide() -> None:
    perfect = [replace(one, logits=(4 * one.labels - 2.0).astype(np.float32)) for one in (predicted(1), predicted(2))]
    often, seldom, _ = class_scores(perfect)
    assert (often.scores["ap"].high, seldom.scores["f1"].high) == (1, 1)
    assert 0.8 < often.scores["ap"].low < 1
    assert seldom.scores["ap"].low < 0.5


def test_folds_are_what_the_scores_of_a_cell_over_folds_vary_by() -> None:
    cell = [predicted(seed, fold) for fold in range(3) for seed in (1, 2)]
    often = class_scores(cell)[0]
    by_fold = (
        np.array([average_precision_score(one.labels[:, 0], one.logits[:, 0]) for one in cell]).reshape(3, 2).mean(1)
    )
    found = often.scores["ap"]
    assert (found.value, often.positives) == (pytest.approx(by_fold.mean()), 75)
    half = stats.t.ppf(0.975, 2) * by_fold.std(ddof=1) * math.sqrt(1 / 3 + 0.1)
    assert found.low == pytest.approx(max(0, by_fold.mean() - half))
    assert class_scores(cell)[1].positives == 12
