"""One cell against another on the test shots: how large the difference is, how sure, and what that says of a claim."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from airybench.errors import StudyError
from airybench.inference.bootstrap import RESAMPLES, interval, resamples, weighted_scores
from airybench.inference.predictions import Predictions

Verdict = Literal["held", "not held", "undecided"]


@dataclass(frozen=True)
class Answers:
    """The test logits of one cell, one entry a seed."""

    seeds: tuple[int, ...]
    kept: tuple[Predictions, ...]


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Contrast:
    """How much better the first is than the second.

    Attributes:
        first: metric of the first on test, mean over seeds.
        second: likewise of the second.
        difference: first - second, with the paired bootstrap over test shots and seeds.
        shots: test shots behind it.
        seeds: seeds of either side.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    shots: int
    seeds: tuple[int, int]

    def verdict(self, better: float = 1.0) -> Verdict:
        """Whether the first is better: the interval lies on its side of 0, on the other, or on both.

        Args:
            better: 1 where more is better, -1 where less is.
        """
        low, high = sorted((better * self.difference.low, better * self.difference.high))
        return "held" if low > 0 else "not held" if high < 0 else "undecided"


def contrast(first: Answers, second: Answers, metric: str, *, seed: int) -> Contrast:
    """Compare two cells on the same test shots.

    Each of the 1000 resamples draws shots, the same for both, and seeds of either: the same ones where both were
    trained under the same seeds. With one seed a side the spread between trainings is not in the interval.

    Args:
        first: of the cell that is claimed to be better.
        second: of the other.
        metric: one of those of `weighted_scores`.
        seed: of the resamples.

    Raises:
        StudyError: the two were not scored on the same shots and classes.
    """
    check_same_shots(first.kept[0], second.kept[0])
    one, other = _resampled(first, metric, seed), _resampled(second, metric, seed)
    points = float(one[:, 0].mean()), float(other[:, 0].mean())
    generator = np.random.default_rng(seed)
    drawn = _over_seeds(one[:, 1:], generator.integers(len(one), size=(RESAMPLES, len(one))))
    paired = first.seeds == second.seeds
    again = np.random.default_rng(seed) if paired else generator
    drawn_other = _over_seeds(other[:, 1:], again.integers(len(other), size=(RESAMPLES, len(other))))
    sides = (Estimate(points[0], *interval(drawn, points[0])), Estimate(points[1], *interval(drawn_other, points[1])))
    point = points[0] - points[1]
    difference = Estimate(point, *interval(drawn - drawn_other, point))
    return Contrast(*sides, difference, len(first.kept[0].ids), (len(one), len(other)))


def estimate(answers: Answers, metric: str, *, seed: int) -> Estimate:
    """A metric on test, mean over seeds, with its 95 % interval over shots and seeds."""
    values = _resampled(answers, metric, seed)
    point = float(values[:, 0].mean())
    chosen = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    return Estimate(point, *interval(_over_seeds(values[:, 1:], chosen), point))


def check_same_shots(first: Predictions, second: Predictions) -> None:
    """Make sure that two were scored on the same shots and classes.

    Raises:
        StudyError: saying in what they differ.
    """
    if first.class_names != second.class_names:
        raise StudyError(
            f"not comparable: classes {', '.join(first.class_names)} against {', '.join(second.class_names)}; compare "
            "runs on one data set"
        )
    if not np.array_equal(first.ids, second.ids):
        raise StudyError(
            f"not comparable: other test shots ({len(first.ids)} against {len(second.ids)}); run both on the same "
            "data, split seed and count"
        )


def _resampled(answers: Answers, metric: str, seed: int) -> Tensor:
    """The metric on the shots themselves, then in every resample of them: (seeds, 1 + RESAMPLES)."""
    shots = len(answers.kept[0].ids)
    weights = torch.cat([torch.ones(1, shots, dtype=torch.float64), resamples(shots, seed)])
    return torch.stack(
        [
            weighted_scores(torch.from_numpy(kept.logits), torch.from_numpy(kept.labels), kept.label_kind, weights)[
                metric
            ]
            for kept in answers.kept
        ]
    )


def _over_seeds(values: Tensor, chosen: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Tensor:
    """Mean over the seeds that each resample drew: (seeds, RESAMPLES) and (RESAMPLES, seeds) to (RESAMPLES,)."""
    rows = torch.from_numpy(chosen)
    return values.T.gather(1, rows).mean(dim=1)
