"""Scores and differences of cells with two-level intervals, on shots or on whole runs."""

import math
from collections.abc import Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.analysis.power import FEW_POSITIVES
from airybench.analysis.two_level import SeedSpread, TwoLevel, two_level
from airybench.config import SEED
from airybench.inference.bootstrap import resamples, weighted_classes, weighted_scores
from airybench.inference.predictions import Predictions

Groups = NDArray[np.int64] | None
_known: WeakKeyDictionary[Predictions, dict[str, Tensor]] = WeakKeyDictionary()


def difference(
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    metric: str,
    *,
    pool: SeedSpread,
    groups: Groups = None,
) -> TwoLevel:
    """How much larger a metric is for the first cell than for the second.

    Args:
        first: predictions of one cell, one per seed.
        second: of the other, for the same shots.
        metric: one of those of `weighted_scores`.
        pool: spread between seeds over the study.
        groups: run of each shot from 0, shape (N,); None where single shots are drawn.
    """
    sides = [(1.0, _values(first, metric, groups)), (-1.0, _values(second, metric, groups))]
    return two_level(sides, pool, _drawn(first[0], groups))


def score(cell: Sequence[Predictions], metric: str, *, pool: SeedSpread, groups: Groups = None) -> TwoLevel:
    """A metric of one cell; arguments as those of `difference`."""
    return two_level([(1.0, _values(cell, metric, groups))], pool, _drawn(cell[0], groups))


def _drawn(predictions: Predictions, groups: Groups) -> int:
    return len(predictions) if groups is None else int(groups.max()) + 1


def _values(cell: Sequence[Predictions], metric: str, groups: Groups) -> Tensor:
    """The metric of each seed, then in every resample: shape (S, 1 + RESAMPLES)."""
    return torch.stack([_resampled(one, metric, groups) for one in cell])


def _resampled(one: Predictions, metric: str, groups: Groups) -> Tensor:
    known = _known.setdefault(one, {})
    if metric not in known:
        positives = one.labels.sum(axis=0)
        few = (positives < FEW_POSITIVES) | (positives == len(one))
        logits, labels = torch.from_numpy(one.logits), torch.from_numpy(one.labels)
        weights = _weights(len(one), None if groups is None else tuple(groups.tolist()))
        if metric == "macro_ap":
            kept = torch.from_numpy(~few)
            found = weighted_classes(logits[:, kept], labels[:, kept], one.label_kind, weights).macro("ap")
        else:
            found = weighted_scores(logits, labels, one.label_kind, weights)[metric]
        if groups is not None:
            runs = _drawn(one, groups)
            found = found[0] + math.sqrt(runs / (runs - 1)) * (found - found[0])
        known[metric] = found
    return known[metric]


@lru_cache(maxsize=4)
def _weights(shots: int, groups: tuple[int, ...] | None) -> Tensor:
    """Every shot once, then how often each is drawn, shape (1 + RESAMPLES, N)."""
    drawn = resamples(shots, SEED) if groups is None else resamples(max(groups) + 1, SEED)[:, list(groups)]
    return torch.cat([torch.ones(1, shots, dtype=torch.float64), drawn])
