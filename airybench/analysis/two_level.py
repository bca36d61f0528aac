"""Combinations of cells judged at two levels: the test shots are drawn anew, and so are the seeds of the trainings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from torch import Tensor

ENOUGH = 6
"""Degrees of freedom between seeds from which a side with one or two of them allows a verdict."""


@dataclass(frozen=True)
class SeedSpread:
    """How far trainings of one cell lie apart, pooled over the cells of a study.

    Attributes:
        variance: between the seeds of a cell; 0 where no cell has two.
        freedom: its degrees of freedom, the sum of (seeds - 1).
    """

    variance: float
    freedom: int

    @classmethod
    def of(cls, cells: Sequence[Tensor]) -> "SeedSpread":
        """From the values of every cell, each of shape (S, 1 + RESAMPLES) with the value itself in front."""
        freedom = sum(len(cell) - 1 for cell in cells)
        squares = sum(float(((cell[:, 0] - cell[:, 0].mean()) ** 2).sum()) for cell in cells)
        return cls(squares / freedom if freedom else 0.0, freedom)


@dataclass(frozen=True)
class TwoLevel:
    """A combination of cells with its 95 % t interval.

    Attributes:
        value: the combination.
        low: lower end.
        high: upper end.
        p: two-sided, of the value being 0; NaN where there is no verdict.
    """

    value: float
    low: float
    high: float
    p: float


def two_level(parts: Sequence[tuple[float, Tensor]], spread: SeedSpread, shots: int) -> TwoLevel:
    """A weighted sum of cells, each the mean over its seeds, with an interval over test shots and seeds.

    Seeds are not paired. A cell of three seeds or more brings its own variance, one of fewer that of the study, and one
    of two its own where it is certainly the larger. Where cells of fewer than three seeds meet less than ENOUGH degrees
    of freedom in the study, the interval is a first look without a verdict.

    Args:
        parts: weight and values of each cell; values of shape (S, 1 + RESAMPLES), on the same resamples for all.
        spread: of the seeds over the study.
        shots: how many test shots were drawn from.

    Source: the two variances are added with the degrees of freedom of Welch and Satterthwaite, Biometrics Bull. 2, 110
    (1946).
    """
    whole = np.sum([weight * values.mean(dim=0).double().numpy() for weight, values in parts], axis=0)
    value, draws = float(whole[0]), whole[1:][np.isfinite(whole[1:])]
    if not math.isfinite(value) or len(draws) < 0.95 * (len(whole) - 1):
        return TwoLevel(value, math.nan, math.nan, math.nan)
    components = [(float(np.var(draws, ddof=1)), shots - 1)]
    pooled, few = 0.0, False
    for weight, values in parts:
        seeds, scale = len(values), weight**2 / len(values)
        own = float(values[:, 0].var(unbiased=True)) if seeds > 1 else 0.0
        if seeds > 2 or (seeds == 2 and _larger(own, spread)):
            components.append((scale * own, seeds - 1))
        else:
            pooled += scale * spread.variance
        few |= seeds < 3
    components.append((pooled, spread.freedom))
    variance = sum(one for one, _ in components)
    if variance == 0:
        return TwoLevel(value, value, value, math.nan if value == 0 else 0.0)
    freedom = variance**2 / sum(one**2 / df for one, df in components if one and df)
    error = math.sqrt(variance)
    half = float(stats.t.ppf(0.975, freedom)) * error
    certain = not few or spread.freedom >= ENOUGH
    p = float(2 * stats.t.sf(abs(value) / error, freedom)) if certain else math.nan
    return TwoLevel(value, value - half, value + half, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their number by Holm's step-down rule; NaN stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Source: Holm, Scand. J. Stat. 6, 65 (1979).
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted, highest = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        adjusted[place] = highest
    return adjusted


def _larger(own: float, spread: SeedSpread) -> bool:
    """Whether the variance of two seeds is larger than that of the study by more than chance."""
    return spread.freedom > 1 and own > float(stats.f.ppf(0.95, 1, spread.freedom)) * spread.variance
