"""The leaderboard: cells ranked by their mean over seeds, with honest intervals."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from airybench.config import TrialConfig
from airybench.inference.bootstrap import interval, resamples, weighted_scores
from airybench.inference.predictions import Predictions
from airybench.sweep.study import FinishedTrial

COMPARED = 20  # cells from the top that are bootstrapped; the rest cannot win

COLUMNS = ("macro_ap", "macro_f1", "micro_f1", "exact_match", "accuracy", "mcc", "roc_auc")


@dataclass(frozen=True)
class Row:
    """One cell.

    Attributes:
        config: what was trained, with the seed of its best trial.
        mean: the objective, mean over seeds.
        low: lower end of its 95 % interval, NaN where there is none.
        high: upper end.
        trials: the finished trials of the cell, best first.
        scores: metrics on val, means over seeds.
    """

    config: TrialConfig
    mean: float
    low: float
    high: float
    trials: tuple[FinishedTrial, ...]
    scores: dict[str, float]

    @property
    def best(self) -> FinishedTrial:
        """The best trial of the cell."""
        return self.trials[0]


@dataclass(frozen=True)
class Leaderboard:
    """Rows from best to worst.

    Attributes:
        rows: the cells.
        interval_kind: what the intervals are.
        certainty: share of bootstrap resamples of val in which the first row stays first; NaN with one cell.
        shots: number of val shots behind it.
    """

    rows: tuple[Row, ...]
    interval_kind: str
    certainty: float
    shots: int

    def sure(self) -> str:
        """How sure the ranking is, in one line."""
        seeds = min(len(row.trials) for row in self.rows)
        runs = f"{seeds} seed{'s' if seeds > 1 else ''} a cell, {self.shots} val shots"
        if len(self.rows) == 1:
            return f"How sure: a single cell is no ranking ({runs})."
        if math.isnan(self.certainty):
            return f"How sure: not estimated for this objective ({runs})."
        first = f"How sure: with {runs}, the winner stays first in {self.certainty:.0%} of 1000 bootstrap resamples"
        if seeds == 1:
            return (
                f"{first} of the shots; one seed a cell says nothing of the spread between trainings, so take this as "
                "a first look (--seeds 3 or more, and more shots, make it surer)."
            )
        verdict = "a clear lead" if self.certainty >= 0.95 else "a lead" if self.certainty >= 0.8 else "no sure ranking"
        return f"{first}: {verdict}."

    def to_csv(self, metric: str) -> str:
        """The table as CSV."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.table(metric))
        return text.getvalue()

    def table(self, metric: str) -> list[list[object]]:
        """Headings, then one line a cell."""
        lines: list[list[object]] = [
            ["rank", "name", "arch", "depth", "log_activation", "alpha", "leakiness", "seeds", f"val_{metric}", "low",
             "high", "interval", *(f"val_{name}" for name in COLUMNS if name != metric), "parameters", "seconds",
             "best_run_id"]
        ]  # fmt: skip
        for rank, row in enumerate(self.rows, 1):
            network, facts = row.config.network, row.best.facts
            others = [_number(row.scores.get(name)) for name in COLUMNS if name != metric]
            lines.append(
                [rank, row.config.label, network.arch, network.depth, network.log_activation, network.alpha,
                 network.leakiness, len(row.trials), _number(row.mean), _number(row.low), _number(row.high),
                 self.interval_kind, *others, int(facts["parameters"]), f"{facts['seconds']:.1f}", row.best.run_id]
            )  # fmt: skip
        return lines


def rank(
    records: Sequence[FinishedTrial],
    metric: str,
    direction: str,
    val: Callable[[FinishedTrial], Predictions],
    *,
    seed: int = 0,
    ways: Sequence[str] = (),
) -> Leaderboard:
    """Rank cells.

    With two seeds a cell or more the intervals are Student's t over seeds; with one they are bootstrap intervals over
    the val shots. The certainty resamples val shots, the same draws for every cell.

    Args:
        records: finished trials, at least one.
        metric: objective.
        direction: `max` or `min`.
        val: fetches the val predictions of a trial.
        seed: of the resamples.
        ways: `max` or `min` of every objective, the first included; further ones decide between equals in the first, so
            that the winner is on the Pareto front.
    """
    sign = 1.0 if direction == "max" else -1.0
    groups: dict[str, list[FinishedTrial]] = {}
    for record in records:
        groups.setdefault(record.config.cell(), []).append(record)
    cells = [sorted(group, key=lambda r: -sign * r.value) for group in groups.values()]
    signs = [1.0 if way == "max" else -1.0 for way in ways[1:]]

    def standing(group: Sequence[FinishedTrial]) -> tuple[float, ...]:
        further = (s * float(np.mean([r.values[i] for r in group])) for i, s in enumerate(signs, 1))
        return (-sign * float(np.mean([r.value for r in group])), *(-value for value in further))

    cells.sort(key=standing)
    resampled, shots = _resampled(cells[:COMPARED], metric, val, seed)
    over_seeds = min(len(group) for group in cells) > 1
    rows = []
    for index, group in enumerate(cells):
        mean = float(np.mean([record.value for record in group]))
        if over_seeds:
            low, high = _student([record.value for record in group])
        else:
            known = index < len(resampled)
            low, high = interval(resampled[index], mean) if known else (math.nan, math.nan)
        means = {
            name: float(np.mean([record.scores[name] for record in group if name in record.scores]))
            for name in group[0].scores
        }
        rows.append(Row(group[0].config, mean, low, high, tuple(group), means))
    certainty = math.nan
    if len(resampled) > 1:
        drawn = torch.stack(resampled).mul(sign)
        drawn = drawn[:, drawn.isfinite().all(dim=0)]  # a resample without a scored class ranks nothing
        first = drawn == drawn.amax(dim=0)
        certainty = float((first[0] / first.sum(dim=0)).mean()) if drawn.shape[1] else math.nan  # a tie is shared
    kind = "95 % bootstrap over val shots" if resampled else "none for this objective"
    if over_seeds:
        kind = "95 % t interval over seeds"
    return Leaderboard(tuple(rows), kind, certainty, shots)


def _resampled(
    cells: Sequence[Sequence[FinishedTrial]], metric: str, val: Callable[[FinishedTrial], Predictions], seed: int
) -> tuple[list[Tensor], int]:
    """The objective of each cell, mean over seeds, in every resample of the val shots."""
    found: list[Tensor] = []
    weights: Tensor | None = None
    shots = 0
    for group in cells:
        values = []
        for record in group:
            kept = val(record)
            shots = len(kept.ids)
            if weights is None:
                weights = resamples(shots, seed)
            scores = weighted_scores(
                torch.from_numpy(kept.logits), torch.from_numpy(kept.labels), kept.label_kind, weights
            )
            if metric not in scores:
                return [], shots
            values.append(scores[metric])
        found.append(torch.stack(values).mean(dim=0))
    return found, shots


def _student(values: Sequence[float]) -> tuple[float, float]:
    mean, error = float(np.mean(values)), float(stats.sem(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return mean - half, mean + half


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4f}"
