"""What a comparison of two cells can tell, from numbers that are known before it runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from airybench.analysis.estimate import ENOUGH
from airybench.analysis.fold_intervals import OVERLAP
from airybench.analysis.intervals import FEWEST_POSITIVES

POWER = 0.8
"""Chance of finding a difference of the size that is called detectable."""

OTHER_CELL = 0.5
"""Correlation of the errors that a draw of test shots makes in the scores of two cells."""

SAME_CELL = 0.75
"""The same for two trainings of one cell."""

UNKNOWN_AP = 0.5
SEED_SD = 0.02
"""Standard deviation of macro AP between seeds, where no pilot study has measured it."""

RUN_CORRELATION = 0.1
"""Correlation of the errors of two positive shots of one run, where it is unknown."""

MOST_SEEDS = 100


@dataclass(frozen=True)
class ExpectedTest:
    """The test split as far as it is known before a sweep.

    Attributes:
        shots: how many there are, N.
        positives: of each of C scored classes, expected or counted.
        ap: average precision expected of each class, or one for all.
        runs: whole runs that the split draws; 0 where single shots are split.
        correlation: of the errors of two shots of one run.
    """

    shots: int
    positives: tuple[float, ...]
    ap: tuple[float, ...] | float = UNKNOWN_AP
    runs: int = 0
    correlation: float = RUN_CORRELATION

    @property
    def variance(self) -> float:
        """Variance of a difference of two macro AP over draws of the test shots, were the two independent.

        Shots of a run err alike. What counts is how many positive shots of a class share a run, since average precision
        is a mean over these.
        """
        positives = np.array(self.positives, np.float64)
        ap = np.broadcast_to(np.array(self.ap, np.float64), positives.shape)
        size = np.maximum(positives / self.runs, 1) if self.runs else np.ones_like(positives)
        by_class = ap * (1 - ap) / positives * (1 + (size - 1) * self.correlation)
        return 2 / len(positives) ** 2 * float(by_class.sum())

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the part of the shots: runs or shots, less one."""
        return (self.runs or self.shots) - 1


def expected_test(
    positives: Sequence[float], shots: int, *, runs: int = 0, correlation: float = RUN_CORRELATION
) -> ExpectedTest | None:
    """A test split without the classes that have too few positive shots for a verdict; None where none is left.

    Args:
        positives: of each class, expected or counted.
        shots: in the test split.
        runs: whole runs that the split draws; 0 where single shots are split.
        correlation: of the errors of two shots of one run.
    """
    enough = tuple(float(count) for count in positives if FEWEST_POSITIVES <= count < shots)
    return ExpectedTest(shots, enough, runs=runs, correlation=correlation) if enough else None


def detectable(
    test: ExpectedTest, seeds: int, sd: float = SEED_SD, *, claims: int = 1, freedom: float | None = None
) -> float:
    """Smallest true difference of macro AP between two cells that is found with a chance of 80 %.

    Args:
        test: the test split.
        seeds: of each cell, S.
        sd: standard deviation of macro AP between seeds on very many shots.
        claims: how many the study tests; each is judged at .05 over their number.
        freedom: degrees of freedom between seeds; by default those of two cells that have S - 1 each.

    Returns:
        The difference; infinite where no verdict is possible: with one seed, with two seeds and fewer than six degrees
        of freedom, or with one run.

    >>> few = ExpectedTest(154, (40.0, 20.0, 10.0))
    >>> round(detectable(few, seeds=3), 3), round(detectable(few, seeds=10), 3)
    (0.188, 0.154)

    Source: the parts of shots and seeds are added with the degrees of freedom of Satterthwaite, Biometrics Bull. 2,
    110 (1946); Bonferroni's bound in place of Holm's rule.
    """
    between = 2 * (seeds - 1) if freedom is None else freedom
    if seeds < 2 or test.freedom < 1 or between <= 0 or (seeds == 2 and between < ENOUGH):
        return math.inf
    of_shots, of_seeds = _parts(test.variance, seeds, sd)
    variance = of_shots + of_seeds
    df = variance**2 / (of_shots**2 / test.freedom + of_seeds**2 / between)
    return _quantiles(df, claims) * math.sqrt(variance)


def detectable_on_folds(
    test: ExpectedTest, folds: int, seeds: int = 1, sd: float = SEED_SD, *, cells: int = 2, claims: int = 1
) -> float:
    """Smallest true difference of macro AP that cells on several folds can tell with a chance of 80 %.

    Args:
        test: the test split of one fold.
        folds: k of them.
        seeds: of each cell on each fold.
        sd: standard deviation of macro AP between seeds on very many shots.
        cells: of the study, K, which share one residual mean square of (K - 1)(k - 1) degrees of freedom.
        claims: how many the study tests; each is judged at .05 over their number.

    Returns:
        The difference; infinite with a single cell.

    >>> one_fold = ExpectedTest(200, (50.0, 30.0, 20.0))
    >>> round(detectable_on_folds(one_fold, 5, cells=4), 3), round(detectable_on_folds(one_fold, 10, cells=4), 3)
    (0.101, 0.079)
    """
    df = (cells - 1) * (folds - 1)
    if df < 1:
        return math.inf
    variance = test.variance * (SAME_CELL - OTHER_CELL + (1 - SAME_CELL) / seeds) + 2 * sd**2 / seeds
    return _quantiles(df, claims) * math.sqrt(variance * (1 / folds + OVERLAP))


def seeds_needed(
    test: ExpectedTest, delta: float, sd: float = SEED_SD, *, claims: int = 1, cells: int = 2
) -> int | None:
    """Smallest number of seeds of each cell with which a difference is found with a chance of 80 %.

    Args:
        test: the test split.
        delta: the true difference of macro AP.
        sd: standard deviation of macro AP between seeds on very many shots.
        claims: how many the study tests.
        cells: of the study, over which the spread of two seeds is pooled.

    Returns:
        The number; None where even 100 seeds are too few, since the test shots alone leave more doubt than that.

    >>> seeds_needed(ExpectedTest(5000, (2000.0, 1000.0, 500.0)), delta=0.05)
    5
    >>> seeds_needed(ExpectedTest(154, (40.0, 20.0, 10.0)), delta=0.05) is None
    True
    """
    for seeds in range(2, MOST_SEEDS + 1):
        if detectable(test, seeds, sd, claims=claims, freedom=freedom_between(seeds, cells)) <= delta:
            return seeds
    return None


def freedom_between(seeds: int, cells: int) -> int:
    """Degrees of freedom between seeds: pooled over the cells of the study with two seeds, of the two cells with more.

    >>> freedom_between(2, cells=8), freedom_between(3, cells=8)
    (8, 4)
    """
    return cells * (seeds - 1) if seeds == 2 else 2 * (seeds - 1)


def seeds_and_shots(test: ExpectedTest, delta: float, sd: float = SEED_SD, *, claims: int = 1) -> tuple[int, float]:
    """What it takes to find a difference where seeds alone do not suffice: seeds, and how many times the test shots.

    The seeds are those that use half of the variance that is allowed; the shots, or runs, use the other half.

    Args:
        test: the test split.
        delta: the true difference of macro AP.
        sd: standard deviation of macro AP between seeds on very many shots.
        claims: how many the study tests.

    >>> seeds, times = seeds_and_shots(ExpectedTest(154, (40.0, 20.0, 10.0)), 0.05)
    >>> seeds, round(times, 1)
    (6, 17.5)
    """
    allowed = (delta / _quantiles(math.inf, claims)) ** 2
    seeds = max(3, math.ceil(2 * 2 * sd**2 / allowed))
    return seeds, sum(_parts(test.variance, seeds, 0.0)) / (allowed - 2 * sd**2 / seeds)


def seed_sd(observed: float, test: ExpectedTest) -> float:
    """Standard deviation between seeds on very many shots, from the one seen on some.

    Trainings of one cell differ on few shots also because their noise does; that part is taken off.

    Args:
        observed: standard deviation of macro AP between seeds.
        test: the shots that it was seen on.

    >>> round(seed_sd(0.05, ExpectedTest(5000, (2000.0, 1000.0))), 3)
    0.05
    """
    return math.sqrt(max(0.0, observed**2 - test.variance / 2 * (1 - SAME_CELL)))


def _parts(variance: float, seeds: int, sd: float) -> tuple[float, float]:
    """The variance of a difference of two means over seeds: of the shots, and of the seeds.

    The noise of single trainings is in both, as it is in the estimator, which is on the safe side.
    """
    own = 1 - SAME_CELL
    return variance * (SAME_CELL - OTHER_CELL + own / seeds), 2 * (sd**2 + variance * own / 2) / seeds


def _quantiles(df: float, claims: int) -> float:
    return float(stats.t.ppf(1 - 0.025 / claims, df) + stats.t.ppf(POWER, df))
