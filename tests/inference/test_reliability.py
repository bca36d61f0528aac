"""Reliability against scikit-learn, and its intervals."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
import torch
from numpy.typing import NDArray
from scipy import stats
from sklearn.calibration import calibration_curve

from airybench.inference.bootstrap import resamples
from airybench.inference.reliability import Reliability, reliability
from airybench.inference.spread import Sample


def measured(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Reliability:
    shots = len(labels)
    return reliability(torch.from_numpy(logits), torch.from_numpy(labels), resamples(shots, seed=0), Sample(shots))


def test_reliability_is_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(400, 3)) * 2
    labels = (rng.random((400, 3)) < 1 / (1 + np.exp(-0.5 * logits))).astype(np.int64)
    found = measured(logits, labels)
    p = 1 / (1 + np.exp(-logits.ravel()))
    held, said = calibration_curve(labels.ravel(), p, n_bins=10)
    filled = np.array(found.counts) > 0
    np.testing.assert_allclose(np.array(found.predicted)[filled], said, atol=1e-12)
    np.testing.assert_allclose(np.array(found.observed)[filled], held, atol=1e-12)
    assert found.brier == pytest.approx(sk.brier_score_loss(labels.ravel(), p))
    assert sum(found.counts) == 1200
    weighted = sum(n * abs(a - b) for n, a, b in zip(np.array(found.counts)[filled], said, held, strict=True)) / 1200
    assert found.error == pytest.approx(weighted)


def test_intervals_are_those_of_a_share_and_wider_where_labels_come_in_shots() -> None:
    """Ten labels of a shot that hold together say no more than one: the binomial error takes them for ten."""
    rng = np.random.default_rng(4)
    once = rng.random((400, 1)) < 0.3
    alone = measured(np.full((400, 1), -0.8), once.astype(np.int64))
    together = measured(np.full((400, 10), -0.8), np.repeat(once, 10, axis=1).astype(np.int64))
    (place,) = np.flatnonzero(alone.counts)
    share = float(once.mean())
    for found in (alone, together):
        expected = stats.t.interval(0.95, 399, loc=share, scale=math.sqrt(share * (1 - share) / 400))
        assert (found.low[place], found.high[place]) == pytest.approx(expected, abs=0.005)
        assert math.isnan(found.low[0])


def test_a_bin_of_few_shots_is_no_certainty() -> None:
    logits = np.r_[np.full(100, -3.0), np.full(3, 3.0)][:, None]
    found = measured(logits, (logits > 0).astype(np.int64))
    assert (found.observed[9], found.high[9]) == (1, 1)
    assert found.low[9] == pytest.approx(stats.binomtest(3, 3).proportion_ci(0.95).low)
