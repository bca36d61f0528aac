"""An estimate with its interval: the variances between seeds and between test shots, or runs, added."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import torch
from scipy import stats
from torch import Tensor

from airybench.config.objective import limits
from airybench.inference.spread import Sample, Spread, mostly_defined, within

ENOUGH = 6
"""Degrees of freedom between seeds from which a side with one or two of them allows a verdict."""


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of an estimate; they add up to 1, or are all 0 where nothing varies.

    Attributes:
        seeds: between trainings.
        shots: between draws of the test shots.
        runs: the same where whole runs are drawn.
    """

    seeds: float = 0.0
    shots: float = 0.0
    runs: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """A metric of one cell, or a difference between cells, averaged over seeds.

    Attributes:
        value: on the shots themselves; NaN where the metric is undefined.
        low: lower end of the 95 % interval; NaN where there is none.
        high: upper end.
        p: two-sided, of a difference being 0; NaN of a score, and where there is no verdict.
        df: degrees of freedom.
        error: standard error.
        certain: whether there are seeds enough for a verdict.
        parts: what the error is made of.
        seeds: number of trainings on each side; 0 for what needs none.
        shots: number of test shots.
        runs: number of runs, where whole runs are drawn; else 0.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    df: float = math.nan
    error: float = math.nan
    certain: bool = True
    parts: Shares = field(default_factory=Shares)
    seeds: tuple[int, ...] = ()
    shots: int = 0
    runs: int = 0

    def ends(self, level: float) -> tuple[float, float]:
        """Ends of the t interval at another level than 0.95; NaN where there is none."""
        return Spread(self.error, self.df).ends(self.value, level)


class Side(NamedTuple):
    """What a combination adds up.

    Attributes:
        weight: factor.
        values: the metric of each seed on the shots themselves, then in every resample, shape (S, 1 + RESAMPLES).
        trained: whether it would come out otherwise with another seed.
    """

    weight: float
    values: Tensor
    trained: bool = True


@dataclass(frozen=True)
class SeedSpread:
    """How far trainings of one cell lie apart, pooled over the cells of a study.

    Attributes:
        variance: between the seeds of a cell; 0 where no cell has two.
        freedom: its degrees of freedom, the sum of (seeds - 1).
    """

    variance: float = 0.0
    freedom: int = 0

    @classmethod
    def of(cls, cells: Sequence[Tensor]) -> Self:
        """From the values of every cell, each of shape (S, 1 + RESAMPLES)."""
        freedom = sum(len(cell) - 1 for cell in cells)
        squares = sum(float(((cell[:, 0] - cell[:, 0].mean()) ** 2).sum()) for cell in cells)
        return cls(squares / freedom if freedom and math.isfinite(squares) else 0.0, freedom)


def combined(sides: Sequence[Side], pool: Sequence[Tensor], sample: Sample) -> Estimate:
    """A weighted sum of cells, each the mean over its seeds, with an interval over test shots and seeds.

    Where all cells have three seeds or more, each brings its own variance between them. Else each brings that of the
    study, or its own where that is certainly larger: with few seeds on one side, Student's t is exact for a variance
    that both share. Where cells of fewer than three seeds meet less than ENOUGH degrees of freedom in the study, the
    interval is a first look.

    Args:
        sides: values of each cell, on the same resamples for all.
        pool: values of every cell of the study.
        sample: what the resamples were drawn from.

    Source: the variances of two samples are added as in Welch, Biometrika 34, 28 (1947).
    """
    whole = torch.stack([side.weight * side.values.double().mean(dim=0) for side in sides]).sum(dim=0)
    value, spread = float(whole[0]), SeedSpread.of(pool)
    shots = sample.variance(whole[1:]) if len(whole) > 1 else 0.0
    seeds = [(0.0, 1.0)]
    pooled = 0.0
    trained = [side for side in sides if side.trained]
    each_own = all(len(side.values) > 2 for side in trained)
    for weight, values, _ in trained:
        number, scale = len(values), weight**2 / len(values)
        own = float(values[:, 0].var(unbiased=True)) if number > 1 else 0.0
        if each_own or spread.freedom < number - 1 or _larger(own, number - 1, spread):
            seeds.append((scale * own, number - 1))
        else:
            pooled += scale * spread.variance
    seeds.append((pooled, spread.freedom))
    certain = spread.freedom >= ENOUGH or each_own
    certain &= mostly_defined(whole[1:]) if len(whole) > 1 else True
    counts = tuple(len(side.values) if side.trained else 0 for side in sides)
    bare = Estimate(value, certain=certain, seeds=counts, shots=sample.shots, runs=sample.runs)
    known = len(whole) > 1 or any(len(side.values) > 1 for side in sides) or spread.freedom
    if not math.isfinite(value) or math.isnan(shots) or not known:
        return bare
    both = Spread.of([(shots, sample.freedom), *seeds])
    low, high = both.ends(value)
    variance = both.error**2
    share = shots / variance if variance else 0.0
    parts = Shares((1 - share) if variance else 0.0, 0.0 if sample.runs else share, share if sample.runs else 0.0)
    p = both.p(value) if certain else math.nan
    return replace(bare, low=low, high=high, p=p, df=both.df, error=both.error, parts=parts)


def bounded(estimate: Estimate, metric: str) -> Estimate:
    """A score whose interval ends where the metric does; it has no p."""
    bounds = limits(metric)
    low, high = within((estimate.low, estimate.high), estimate.value, estimate.shots, bounds)
    return replace(estimate, low=low, high=high, p=math.nan)


def _larger(own: float, freedom: int, spread: SeedSpread) -> bool:
    """Whether the variance of a cell, with its degrees of freedom, is larger than the study's by more than chance."""
    if not 0 < freedom < spread.freedom:
        return False
    return own > float(stats.f.ppf(0.95, freedom, spread.freedom)) * spread.variance
