"""From resamples to an interval: how far a score would move with other shots, and Student's t."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from torch import Tensor

from airybench.config.objective import limits

FEW = 8
"""Intervals of a class with fewer positive shots are marked; they rest on too little to be more than a rough guess."""

_MOST_UNDEFINED = 0.05


@dataclass(frozen=True)
class Sample:
    """What resamples are drawn from.

    Attributes:
        shots: number of shots.
        runs: number of runs, where whole runs are drawn; 0 where single shots are.
        rests_on: shots that a score rests on, where these are not all: the positive ones of its class; else 0.
    """

    shots: int
    runs: int = 0
    rests_on: int = 0

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a variance over resamples."""
        drawn = (self.runs or self.shots) - 1
        return max(1, min(drawn, self.rests_on - 1)) if self.rests_on else drawn

    def variance(self, draws: Tensor) -> float:
        """Variance of a score between samples like this one, from its value in every resample, shape (RESAMPLES,).

        Resamples without a value are left out. Runs are few, so that their resamples vary by (G - 1)/G too little.

        Returns:
            NaN where fewer than two resamples have a value.
        """
        values = draws.double().numpy()
        finite = values[np.isfinite(values)]
        if len(finite) < 2:
            return math.nan
        return float(np.var(finite, ddof=1)) * (self.runs / (self.runs - 1) if self.runs > 1 else 1.0)


def mostly_defined(draws: Tensor) -> bool:
    """Whether at most one resample in twenty has no value; else an interval is no ground for a verdict.

    >>> import torch
    >>> mostly_defined(torch.tensor([0.5] * 9 + [float("nan")]))
    False
    """
    return bool(draws.isnan().double().mean() <= _MOST_UNDEFINED)


@dataclass(frozen=True)
class Spread:
    """A sum of variances with the degrees of freedom of each, as one.

    Attributes:
        error: standard error.
        df: degrees of freedom; infinite where nothing varies.
    """

    error: float
    df: float

    @classmethod
    def of(cls, components: Sequence[tuple[float, float]]) -> "Spread":
        """Variances and their degrees of freedom, added.

        Source: Satterthwaite, Biometrics Bull. 2, 110 (1946).
        """
        variance = sum(one for one, _ in components)
        squares = sum(one**2 / df for one, df in components if one and df)
        return cls(math.sqrt(variance), variance**2 / squares if squares else math.inf)

    def ends(self, value: float, level: float = 0.95) -> tuple[float, float]:
        """Ends of the t interval about a value."""
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * self.error if self.error else 0.0
        return value - half, value + half

    def p(self, value: float) -> float:
        """Two-sided p of the true value being 0."""
        if not self.error:
            return math.nan if value == 0 else 0.0
        return float(2 * stats.t.sf(abs(value) / self.error, self.df))


def within(ends: tuple[float, float], value: float, tries: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """Ends of the interval of a score, inside what is possible.

    A score at its largest (smallest) possible value in every resample is not certain to be that: it then has the
    interval of a share, see `share_interval`.

    Args:
        ends: of its t interval.
        value: the score.
        tries: shots, or positive shots of a class, that it rests on.
        bounds: smallest and largest possible value.

    >>> within((0.9, 1.1), 0.98, 40, (0, 1)), round(within((1, 1), 1, 5, (0, 1))[0], 3)
    ((0.9, 1), 0.478)
    """
    low, high = max(ends[0], bounds[0]), min(ends[1], bounds[1])
    if low == high and value in bounds and all(map(math.isfinite, bounds)) and tries:
        return share_interval(value, tries, bounds)
    return low, high


def share_interval(value: float, tries: int, bounds: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """95 % interval of a share of some tries, which need not be a whole number of them.

    The mean of n numbers between 0 and 1 varies no more than a share of n tries does.

    Args:
        value: the share, or a mean of as many numbers, between the bounds.
        tries: how many.
        bounds: smallest and largest possible value.

    >>> [round(end, 3) for end in share_interval(1, 3)], [round(end, 3) for end in share_interval(0.5, 4)]
    ([0.292, 1.0], [0.068, 0.932])

    Source: Clopper and Pearson, Biometrika 26, 404 (1934).
    """
    width = bounds[1] - bounds[0]
    hits = min(max((value - bounds[0]) / width, 0.0), 1.0) * tries
    low = float(stats.beta.ppf(0.025, hits, tries - hits + 1)) if hits > 0 else 0.0
    high = float(stats.beta.ppf(0.975, hits + 1, tries - hits)) if hits < tries else 1.0
    return bounds[0] + low * width, bounds[0] + high * width


def possible(ends: tuple[float, float], value: float, sample: Sample, metric: str = "") -> tuple[float, float]:
    """Ends of the interval of a score, inside what is possible, and of a class not too narrow.

    The score of a class varies with its positive shots, whose number less one are its degrees of freedom. With fewer
    than FEW of them resamples vary too little, and the interval is no narrower than that of a share of as many tries.

    Args:
        ends: of its t interval.
        value: the score.
        sample: what was drawn from.
        metric: its name, for its bounds.
    """
    bounds = limits(metric)
    low, high = within(ends, value, sample.rests_on or sample.shots, bounds)
    if not 0 < sample.rests_on < FEW:
        return low, high
    least = share_interval(value, sample.rests_on, bounds)
    return min(low, least[0]), max(high, least[1])


def interval(draws: Tensor, value: float, sample: Sample, *, metric: str = "") -> tuple[float, float]:
    """95 % interval of a score of one training over test shots, or runs, alone; see `possible`.

    Args:
        draws: the score in every resample, shape (RESAMPLES,).
        value: on the shots themselves.
        sample: what was drawn from.
        metric: its name, for its bounds.

    Returns:
        NaN where the score is undefined, on the shots or in nearly all resamples.
    """
    variance = sample.variance(draws)
    if math.isnan(value) or math.isnan(variance):
        return math.nan, math.nan
    return possible(Spread.of([(variance, sample.freedom)]).ends(value), value, sample, metric)
