"""The exact test of a difference in exact matches: the signs of the shots, or runs, on which two sides differ."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.analysis.fold_intervals import fold_of
from airybench.inference.predictions import Predictions
from airybench.training.metrics import decide


def exact_p(sides: Sequence[tuple[float, Sequence[Predictions]]]) -> float:
    """Two-sided p of a weighted sum of shares of exact matches being 0, over test shots alone.

    Where two networks are equally good, each shot that one of them gets right and the other wrong is as likely the one
    way as the other. For one training on each side this is McNemar's exact test; of several, a shot counts by the share
    of the trainings that get it right. Where shots come in several runs, whole runs change their sign. How far
    trainings lie apart is not in this p: a verdict takes that of the t interval to be small as well.

    Args:
        sides: weight and predictions of each cell, one per seed, all of the same shots or of the same folds; weights
            add up to 0.

    Returns:
        1 where no shot sets the sides apart.

    Source: McNemar, Psychometrika 12, 153 (1947); for several trainings the randomisation test of Fisher, The Design of
    Experiments (1935), section 21, with the distribution of all sign changes by its characteristic function.
    """
    by_fold: dict[str, list[tuple[Fraction, list[Predictions]]]] = {}
    for weight, cell in sides:
        for fold in dict.fromkeys(map(fold_of, cell)):
            tested = [one for one in cell if fold_of(one) == fold]
            by_fold.setdefault(fold, []).append((Fraction(weight).limit_denominator(1000) / len(tested), tested))
    known = [parts for parts in by_fold.values() if len(parts) == len(sides)]
    unit = math.lcm(*(weight.denominator for parts in known for weight, _ in parts))
    counts = np.concatenate([_counts(parts, unit) for parts in known])
    return _sign_p(counts[counts != 0])


def _counts(sides: Sequence[tuple[Fraction, Sequence[Predictions]]], unit: int) -> NDArray[np.int64]:
    """Weighted sum of how often each shot, or run, is right, in whole numbers of 1 / unit."""
    first = sides[0][1][0]
    counts = np.zeros(len(first), np.int64)
    for weight, cell in sides:
        counts += int(weight * unit) * np.sum([_right(one) for one in cell], axis=0)
    if first.groups is not None and len(runs := np.unique(first.groups)) > 1:
        counts = np.bincount(np.searchsorted(runs, first.groups), weights=counts).astype(np.int64)
    return counts


def _right(predictions: Predictions) -> NDArray[np.int64]:
    """1 for each shot whose labels are all decided rightly, shape (N,)."""
    decided = decide(torch.from_numpy(predictions.logits), predictions.label_kind).numpy()
    right: NDArray[np.int64] = (decided == predictions.labels).all(axis=1).astype(np.int64)
    return right


def _sign_p(counts: NDArray[np.int64]) -> float:
    """Share of all choices of signs by which the sum of some whole numbers is as far from 0 as it is.

    >>> round(_sign_p(np.array([1, 1, 1, 1, 1, -1])), 5), 14 / 2**6
    (0.21875, 0.21875)
    """
    largest, found = int(np.abs(counts).sum()), abs(int(counts.sum()))
    size = 2 * largest + 1
    # Each number x adds +x or -x: its characteristic function is cos(x t), and that of the sum is the product.
    turns = 2 * np.pi * np.arange(size) / size
    spectrum = np.ones(size)
    for value, times in zip(*np.unique(np.abs(counts), return_counts=True), strict=True):
        spectrum *= np.cos(turns * value) ** times
    shares = np.fft.fft(spectrum).real / size  # of the sums 0, 1, ..., largest, -largest, ..., -1
    inside = shares[:found].sum() + shares[size - found + 1 :].sum() if found else 0.0
    return float(min(max(1.0 - inside, 0.0), 1.0))
