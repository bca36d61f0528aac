"""How good a cell is and how much two cells differ: one estimator with 95 % intervals, and the verdict on a claim."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from airybench.analysis.fold_intervals import fold_difference, fold_score, fold_table, on_folds
from airybench.config import METRICS, SEED, Direction
from airybench.config.objective import limits, sign
from airybench.data.store.ids import same_ids
from airybench.errors import StudyError, unknown
from airybench.inference.bootstrap import RESAMPLES, interval, resamples, weighted_scores
from airybench.inference.predictions import Predictions

Verdict = Literal["held", "not held", "undecided"]
RESAMPLED = tuple(metric for metric in METRICS if metric != "loss")
"""Metrics that have an interval over shots."""

VERDICTS: tuple[Verdict, ...] = ("held", "not held", "undecided")

_scores_of: WeakKeyDictionary[Predictions, dict[int, dict[str, Tensor]]] = WeakKeyDictionary()
"""Every metric in every resample, by predictions and seed of the resamples: a cell is often compared more than once."""


@dataclass(frozen=True)
class Estimate:
    """A metric of one cell, or the difference between two cells, averaged over seeds.

    Attributes:
        value: on the shots themselves; NaN where the metric is undefined.
        low: lower end of the 95 % bootstrap interval.
        high: upper end.
        by_seed: value of each seed; of a difference only where both cells were trained with the same seeds.
        draws: the value in every resample, float64, shape (RESAMPLES,).
    """

    value: float
    low: float
    high: float
    by_seed: tuple[float, ...] = ()
    draws: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.float64), repr=False, compare=False)

    @property
    def over_seeds(self) -> tuple[float, float]:
        """Ends of the 95 % t interval over seeds alone; NaN below two seeds."""
        return t_interval(self.by_seed)

    @property
    def above_zero(self) -> float:
        """Share of the resamples in which the value is above zero; NaN where no resample has a value."""
        finite = self.draws[self.draws.isfinite()]
        return float((finite > 0).double().mean()) if len(finite) else math.nan

    def verdict(self, direction: Direction = "max") -> Verdict:
        """What a difference says about the claim that the first cell is better than the second.

        Args:
            direction: whether more or less of the metric is better.

        Returns:
            `held` where the whole interval is on the first cell's side of zero, `not held` where it is on the other
            side, `undecided` where it contains zero or does not exist.

        >>> Estimate(0.04, 0.01, 0.07).verdict(), Estimate(0.04, 0.01, 0.07).verdict("min")
        ('held', 'not held')
        """
        low, high = sorted((sign(direction) * self.low, sign(direction) * self.high))
        return "held" if low > 0 else "not held" if high < 0 else "undecided"


def compared_metric(objective: str, wanted: str | None = None) -> str:
    """The metric that cells are compared by on test: the one wanted, else the objective if it has an interval.

    Args:
        objective: the first objective of the study.
        wanted: what the user asks for, if anything.

    Raises:
        ConfigError: no such metric, or one without an interval over shots.

    >>> compared_metric("macro_f1"), compared_metric("loss"), compared_metric("loss", "mcc")
    ('macro_f1', 'macro_ap', 'mcc')
    """
    if wanted is not None and wanted not in RESAMPLED:
        raise unknown("metric", wanted, RESAMPLED)
    return wanted or (objective if objective in RESAMPLED else "macro_ap")


def score(
    cell: Sequence[Predictions],
    metric: str,
    *,
    values: Sequence[float] | None = None,
    draw_seeds: bool = True,
    seed: int = SEED,
) -> Estimate:
    """A metric of one cell with its interval: each of RESAMPLES resamples draws shots, and seeds.

    Args:
        cell: predictions of the same shots, one per seed.
        metric: one of those of `weighted_scores`.
        values: the metric of each seed where it is known; computed when left out.
        draw_seeds: keep every seed in every resample when False, for an interval over shots alone.
        seed: seed of the resamples; the same one draws the same shots for every cell.

    Raises:
        StudyError: the seeds were not scored on the same shots.

    >>> labels = np.array([[1], [0], [1], [0]], np.uint8)
    >>> logits = np.array([[2.0], [-1.0], [0.5], [0.3]], np.float32)
    >>> one = Predictions(np.arange(4), logits, labels, ("Round",), "multilabel")
    >>> score([one], "accuracy")
    Estimate(value=0.75, low=0.25, high=1.0, by_seed=(0.75,))
    """
    if on_folds(cell):
        found = fold_score(_on_each_fold([cell], metric, values)[0], within=limits(metric))
        return Estimate(found.value, found.low, found.high)
    drawn = _scores(cell, metric, seed)
    by_seed = drawn[:, 0] if values is None else torch.tensor(values, dtype=torch.float64)
    if draw_seeds:
        draws = _mean_over_drawn_seeds(drawn[:, 1:], np.random.default_rng(seed))
    else:
        draws = drawn[:, 1:].mean(dim=0)
    return _estimate(float(by_seed.mean()), by_seed.tolist(), draws)


def difference(
    first: Sequence[Predictions], second: Sequence[Predictions], metric: str, *, paired: bool = False, seed: int = SEED
) -> Estimate:
    """How much larger a metric is for the first cell than for the second, on the same resamples of the same shots.

    With one seed per cell the spread between trainings is not in the interval.

    Args:
        first: predictions of one cell, one per seed.
        second: of the other cell, for the same shots.
        metric: one of those of `weighted_scores`.
        paired: whether both have the same seeds in the same order; then each resample draws the same ones for both.
        seed: seed of the resamples.

    Raises:
        StudyError: the two were not scored on the same shots, labels and classes.
    """
    if on_folds(first) and on_folds(second):
        found = fold_difference(*_on_each_fold([first, second], metric))
        return Estimate(found.value, found.low, found.high)
    check_same_shots(first[0], second[0], "the two cells")
    one, other = _scores(first, metric, seed), _scores(second, metric, seed)
    generator = np.random.default_rng(seed)
    draws = _mean_over_drawn_seeds(one[:, 1:], generator)
    draws = draws - _mean_over_drawn_seeds(other[:, 1:], np.random.default_rng(seed) if paired else generator)
    by_seed = (one[:, 0] - other[:, 0]).tolist() if paired else []
    return _estimate(float(one[:, 0].mean()) - float(other[:, 0].mean()), by_seed, draws)


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """Mean of several estimates, resample by resample, and seed by seed where all have equally many seeds."""
    if any(not len(one.draws) for one in estimates):
        return Estimate(float(np.mean([one.value for one in estimates])), math.nan, math.nan)
    equal = len({len(one.by_seed) for one in estimates}) == 1
    by_seed = np.mean([one.by_seed for one in estimates], axis=0).tolist() if equal else []
    draws = torch.stack([one.draws for one in estimates]).mean(dim=0)
    return _estimate(float(np.mean([one.value for one in estimates])), by_seed, draws)


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of a mean by Student's t; NaN below two values.

    >>> low, high = t_interval([0.5, 0.6, 0.55])
    >>> round(low, 3), round(high, 3)
    (0.426, 0.674)
    """
    if len(values) < 2:
        return math.nan, math.nan
    middle = float(np.mean(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(stats.sem(values))
    return middle - half, middle + half


def check_same_shots(first: Predictions, second: Predictions, names: str) -> None:
    """Make sure that two predictions are of the same shots, labels and classes.

    Args:
        first: some predictions.
        second: others.
        names: what the message calls the two.

    Raises:
        StudyError: saying in what they differ.
    """
    if (first.class_names, first.label_kind) != (second.class_names, second.label_kind):
        what = f"classes differ ({', '.join(first.class_names)} against {', '.join(second.class_names)})"
    elif not same_ids(first.ids, second.ids):
        what = f"test shots differ ({len(first.ids)} against {len(second.ids)})"
    elif not np.array_equal(first.labels, second.labels):
        what = "labels differ"
    else:
        return
    raise StudyError(f"{names} are not comparable, their {what}; compare only what shares data, count and split seed")


def _scores(cell: Sequence[Predictions], metric: str, seed: int) -> Tensor:
    """The metric of each seed on the shots themselves, then in every resample of them: shape (S, 1 + RESAMPLES)."""
    for other in cell[1:]:
        check_same_shots(cell[0], other, "the trainings of one cell")
    return torch.stack([_resampled(one, seed)[metric] for one in cell])


def _on_each_fold(
    cells: Sequence[Sequence[Predictions]], metric: str, values: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """The metric of every cell on every fold, shape (K, k); `values` are those of a single cell where known."""
    if values is not None:
        return fold_table(cells, [values])
    return fold_table(cells, [[one.scores().values.get(metric, math.nan) for one in cell] for cell in cells])


def _resampled(predictions: Predictions, seed: int) -> dict[str, Tensor]:
    known = _scores_of.setdefault(predictions, {})
    if seed not in known:
        shots = len(predictions.ids)
        weights = torch.cat([torch.ones(1, shots, dtype=torch.float64), resamples(shots, seed)])
        logits, labels = torch.from_numpy(predictions.logits), torch.from_numpy(predictions.labels)
        known[seed] = weighted_scores(logits, labels, predictions.label_kind, weights)
    return known[seed]


def _mean_over_drawn_seeds(values: Tensor, generator: Generator) -> Tensor:
    """Mean over seeds that are drawn anew for each resample: (S, RESAMPLES) to (RESAMPLES,)."""
    seeds = len(values)
    chosen = torch.from_numpy(generator.integers(seeds, size=(RESAMPLES, seeds)))
    return values.T.gather(1, chosen).mean(dim=1)


def _estimate(value: float, by_seed: Sequence[float], draws: Tensor) -> Estimate:
    low, high = (math.nan, math.nan) if math.isnan(value) else interval(draws, value)
    return Estimate(value, low, high, tuple(by_seed), draws)
