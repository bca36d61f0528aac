"""How often intervals contain the truth, and how often a difference is found that is not there."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import torch

from airybench.analysis.calibration_draw import Setting, SimulatedBenchmark, draw_benchmark, expected_score
from airybench.analysis.estimate import Side, bounded, combined
from airybench.analysis.intervals import resampled
from airybench.analysis.verdicts import judged as judged_together

METRIC = "macro_ap"
COVERAGE = (0.93, 0.97)
"""What the coverage of a 95 % interval should lie between."""

FALSE = 0.06
"""What the share of false verdicts should not exceed."""


@dataclass(frozen=True)
class VerdictCounts:
    """Counts over benchmarks.

    Attributes:
        drawn: benchmarks.
        covered: intervals of the difference of the first claim that contain the true one.
        found: benchmarks with a verdict that a cell is better or worse, among all claims that are judged together.
        equal: verdicts of the first claim that there is no difference that matters.
        unjudged: benchmarks without a verdict.
        score_covered: intervals of a single score that contain its mean over test splits of as many shots.
        width: sum over benchmarks of half the interval of the difference.
        squares: sum of squared errors of the difference.
    """

    drawn: int = 0
    covered: int = 0
    found: int = 0
    equal: int = 0
    unjudged: int = 0
    score_covered: int = 0
    width: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "VerdictCounts") -> "VerdictCounts":
        """Both together."""
        return VerdictCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def judged(self) -> int:
        """Benchmarks with a verdict."""
        return self.drawn - self.unjudged

    @property
    def coverage(self) -> float:
        """Share of the intervals of a difference that contain the true one; NaN without any."""
        return self.covered / self.judged if self.judged else math.nan

    @property
    def verdicts(self) -> float:
        """Share of the benchmarks in which one cell is found better or worse; NaN without any."""
        return self.found / self.judged if self.judged else math.nan

    @property
    def score_coverage(self) -> float:
        """Share of the intervals of a score that contain its mean; NaN without any."""
        return self.score_covered / self.judged if self.judged else math.nan

    def error(self, share: float) -> float:
        """Standard error of a share of these benchmarks, not 0 for shares of 0 and 1 either; NaN without any.

        >>> round(VerdictCounts(drawn=100).error(0.05), 4), round(VerdictCounts(drawn=100).error(0.0), 4)
        (0.0246, 0.0135)

        Source: Agresti and Coull, Am. Stat. 52, 119 (1998).
        """
        if not self.judged:
            return math.nan
        more = self.judged + 4
        near = (share * self.judged + 2) / more
        return math.sqrt(near * (1 - near) / more)

    def missed(self) -> bool:
        """Whether coverage or false verdicts lie outside their aim by more than chance, two standard errors."""
        if not self.judged:
            return False
        low, high = COVERAGE
        return (
            self.coverage + 2 * self.error(low) < low
            or self.coverage - 2 * self.error(high) > high
            or self.verdicts - 2 * self.error(FALSE) > FALSE
        )


def judged(setting: Setting, seeds: Sequence[int], first: int, count: int, *, seed: int) -> dict[int, VerdictCounts]:
    """Draw some benchmarks of one kind and judge each with several numbers of seeds.

    Args:
        setting: kind of benchmark.
        seeds: numbers of seeds of each cell.
        first: number of the first benchmark; a benchmark depends on setting, number and seed alone.
        count: how many.
        seed: of the random numbers.

    Returns:
        By number of seeds.
    """
    tallies = dict.fromkeys(seeds, VerdictCounts())
    expected = expected_score(setting, seed)
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, *setting.key, number])
        benchmark = draw_benchmark(setting, max(seeds), rng, kept=1 + max(map(max, setting.pairs)))
        for some in seeds:
            tallies[some] += _judged(benchmark, setting.pairs, some, expected)
    return tallies


def _judged(
    benchmark: SimulatedBenchmark, pairs: Sequence[tuple[int, int]], seeds: int, expected: float
) -> VerdictCounts:
    """One benchmark, of which each cell was trained with that many seeds; `difference` and `score`, step by step.

    The values of the cells that are not compared are known without their resamples.
    """
    cells = [cell[:seeds] for cell in benchmark.cells]
    drawn, sample = [resampled(cell, METRIC, frequent=True) for cell in cells], cells[0][0].sample
    pool = list(torch.from_numpy(benchmark.values[:, :seeds, None]))
    differences = [combined([Side(1.0, drawn[i]), Side(-1.0, drawn[j])], pool, sample) for i, j in pairs]
    found = differences[0]
    if math.isnan(found.p):
        return VerdictCounts(drawn=1, unjudged=1)
    pool = list(torch.from_numpy(benchmark.scores[:, :seeds, None]))
    alone = bounded(combined([Side(1.0, resampled(cells[0], METRIC))], pool, sample), METRIC)
    verdicts = [judgement.verdict for judgement in judged_together(differences)]
    return VerdictCounts(
        drawn=1,
        covered=int(found.low <= benchmark.difference <= found.high),
        found=int("better" in verdicts or "worse" in verdicts),
        equal=int(verdicts[0] == "no difference that matters"),
        score_covered=int(alone.low <= expected <= alone.high),
        width=(found.high - found.low) / 2,
        squares=(found.value - benchmark.difference) ** 2,
    )
