"""Scores on test with intervals, and differences of scores on the same resamples of the same shots."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from airybench.errors import StudyError
from airybench.inference.bootstrap import interval, resamples, weighted_scores
from airybench.inference.predictions import Predictions
from airybench.sweep.study import FinishedTrial
from airybench.training.metrics import score

SEED = 1612

Trained = tuple[str, FinishedTrial]
"""A study's name and one of its trials."""


@dataclass(frozen=True)
class Estimate:
    """A score or a difference of scores, mean over seeds.

    Attributes:
        value: on the test shots themselves; NaN where the metric is undefined there.
        low: lower end of the 95 % bootstrap interval over shots.
        high: its upper end.
        above: share of resamples in which it is above zero.
        seeds: value under each seed; of a difference only where both sides were trained with the same ones.
        seed_low: lower end of the 95 % t interval over seeds, NaN below two.
        seed_high: its upper end.
        drawn: the value in every resample.
    """

    value: float
    low: float
    high: float
    above: float
    seeds: tuple[float, ...]
    seed_low: float
    seed_high: float
    drawn: Tensor = field(repr=False, compare=False)


class Scorer:
    """Scores trials of one data set on one set of resamples.

    Args:
        metric: a metric of `weighted_scores`.
        fetch: the test predictions of a trial.
    """

    def __init__(self, metric: str, fetch: Callable[[str, FinishedTrial], Predictions]) -> None:
        self._metric = metric
        self._fetch = fetch
        self._weights: Tensor | None = None
        self._first: tuple[str, Predictions] | None = None
        self._known: dict[str, tuple[float, Tensor]] = {}

    @property
    def shots(self) -> int:
        """Number of test shots, 0 before anything was scored."""
        return len(self._first[1].ids) if self._first else 0

    def estimate(self, trials: Sequence[Trained]) -> Estimate:
        """Mean over the trials of one cell.

        Raises:
            StudyError: other shots, labels or classes than the trials before.
        """
        points, drawn = zip(*(self._scored(trial) for trial in trials), strict=True)
        return _estimate(list(points), torch.stack(drawn).mean(dim=0), float(np.mean(points)))

    def difference(self, ours: Sequence[Trained], theirs: Sequence[Trained], *, paired: bool) -> Estimate:
        """Ours minus theirs, on the same resamples.

        Args:
            ours: trials of one cell.
            theirs: trials of another.
            paired: whether the two are in the same order of the same seeds.
        """
        mine, others = self.estimate(ours), self.estimate(theirs)
        seeds = [a - b for a, b in zip(mine.seeds, others.seeds, strict=True)] if paired else []
        return _estimate(seeds, mine.drawn - others.drawn, mine.value - others.value)

    def mean(self, found: Sequence[Estimate]) -> Estimate:
        """Mean of several, resample by resample, and seed by seed where all have equally many."""
        columns = list(zip(*(one.seeds for one in found), strict=False))
        paired = len({len(one.seeds) for one in found}) == 1
        seeds = [float(np.mean(column)) for column in columns] if paired else []
        drawn = torch.stack([one.drawn for one in found]).mean(dim=0)
        return _estimate(seeds, drawn, float(np.mean([one.value for one in found])))

    def _scored(self, trial: Trained) -> tuple[float, Tensor]:
        study, record = trial
        if record.run_id not in self._known:
            kept = self._fetch(study, record)
            self._check(study, kept)
            if self._weights is None:
                self._weights = resamples(len(kept.ids), SEED)
            logits, labels = torch.from_numpy(kept.logits), torch.from_numpy(kept.labels)
            point = score(logits, labels, kept.class_names, kept.label_kind).values.get(self._metric, math.nan)
            drawn = weighted_scores(logits, labels, kept.label_kind, self._weights)[self._metric]
            self._known[record.run_id] = (point, drawn)
        return self._known[record.run_id]

    def _check(self, study: str, kept: Predictions) -> None:
        if self._first is None:
            self._first = (study, kept)
            return
        name, first = self._first
        for what, same in (
            ("classes", kept.class_names == first.class_names and kept.label_kind == first.label_kind),
            ("test shots", np.array_equal(kept.ids, first.ids)),
            ("labels", np.array_equal(kept.labels, first.labels)),
        ):
            if not same:
                raise StudyError(
                    f"studies {name} and {study} are not comparable, their {what} differ; compare those alone that "
                    "agree, with --study"
                )


def _estimate(seeds: Sequence[float], drawn: Tensor, value: float) -> Estimate:
    finite = drawn[drawn.isfinite()]
    low, high = interval(drawn, value) if not math.isnan(value) else (math.nan, math.nan)
    above = float((finite > 0).double().mean()) if len(finite) else math.nan
    return Estimate(value, low, high, above, tuple(seeds), *_student(seeds), drawn)


def _student(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return math.nan, math.nan
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(stats.sem(values))
    return float(np.mean(values)) - half, float(np.mean(values)) + half
