"""Logged metrics over folds: means, and t intervals in place of those of a single fold."""

import numpy as np
import pytest
from scipy import stats

from airybench.analysis.fold_intervals import OVERLAP
from airybench.analysis.fold_scores import mean_over_folds, scores_on_folds
from airybench.inference.predictions import Predictions


def test_means_and_intervals_over_folds() -> None:
    values = [0.5, 0.55, 0.7]
    folds = [{"svm/val/mcc": one, "svm/val/mcc/low": 0.0, "ap/Round": one} for one in values]
    folds[2].pop("ap/Round")
    found = mean_over_folds(folds)
    half = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) * np.sqrt(1 / 3 + OVERLAP)
    assert found["svm/val/mcc/low"] == pytest.approx(np.mean(values) - half)
    assert found["svm/val/mcc/high"] == pytest.approx(min(1, np.mean(values) + half))
    assert found["ap/Round"] == pytest.approx(0.525), "over the folds that define it"
    assert set(found) == {"svm/val/mcc", "svm/val/mcc/low", "svm/val/mcc/high", "ap/Round"}
    assert mean_over_folds(folds[:1]) == folds[0]


def test_a_cell_is_averaged_over_the_seeds_of_each_fold_first() -> None:
    def predicted(fold: int, right: int) -> Predictions:
        labels = np.tile(np.array([[1, 0], [0, 1]], np.uint8), (5, 1))
        logits = np.where(np.arange(10)[:, None] < right, 1.0, -1.0) * (2.0 * labels - 1)
        return Predictions(np.arange(10) + 10 * fold, logits.astype(np.float32), labels, ("a", "b"), "multiclass")

    found = scores_on_folds([predicted(0, 8), predicted(0, 6), predicted(1, 4)])  # a fold with two seeds weighs as one
    assert found["test/accuracy"] == pytest.approx((0.7 + 0.4) / 2)
    assert found["test/accuracy/low"] < 0.55 < found["test/accuracy/high"]
