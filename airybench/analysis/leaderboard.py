"""The leaderboard: the cells of a study ranked on the validation split by their mean over seeds, with intervals."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import torch

from airybench.analysis.baseline_rows import BaselineRow
from airybench.analysis.cells import by_cell, folds_of, seeds_of
from airybench.analysis.fold_intervals import fold_of
from airybench.analysis.intervals import RESAMPLED, Estimate, score, t_interval
from airybench.config import SEED, Objective, TrialConfig
from airybench.config.objective import SHOWN
from airybench.inference.bootstrap import RESAMPLES
from airybench.inference.hits import HIT_METRICS, hit_scores
from airybench.inference.predictions import Predictions
from airybench.sweep.records import FinishedTrial

MOST_RESAMPLED = 20  # cells from the top that are resampled; the rest cannot win

CLEAR_LEAD, LEAD = 0.95, 0.8  # how often the winner stays first in resamples


@dataclass(frozen=True)
class RankedCell:
    """One cell.

    Attributes:
        config: what was trained, with the seed of its best trial.
        mean: the objective, mean over seeds.
        low: lower end of its 95 % interval; NaN where there is none.
        high: upper end.
        trials: the finished trials of the cell, best first.
        scores: metrics on the validation split, means over seeds; those of hit finding where predictions were read.
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

    @property
    def seeds(self) -> int:
        """How many seeds it was trained with."""
        return seeds_of(self.trials)

    @property
    def folds(self) -> int:
        """On how many folds it was trained; 0 where the study has one split."""
        return folds_of(self.trials)


@dataclass(frozen=True)
class Leaderboard:
    """Cells from best to worst.

    Attributes:
        objective: what they are ranked by.
        rows: the cells.
        interval_kind: what the intervals are.
        certainty: share of bootstrap resamples of the validation shots in which the first row stays first; NaN where
            there is one cell, or no resampling for this objective.
        shots: number of validation shots.
        baselines: what is reached without a network; they have no rank.
    """

    objective: Objective
    rows: tuple[RankedCell, ...]
    interval_kind: str
    certainty: float
    shots: int
    baselines: tuple[BaselineRow, ...] = ()

    def certainty_sentence(self) -> str:
        """How certain the ranking is."""
        seeds, folds = min(row.seeds for row in self.rows), max(row.folds for row in self.rows)
        scope = f"{seeds} {'seed' if seeds == 1 else 'seeds'} per cell and {self.shots} validation shots"
        if folds:
            return (
                f"How certain: cells are ranked by the mean over {folds} folds, {scope.split(' and ')[0]}. Every "
                "shot is a validation shot of one fold and a test shot of another, so the winner's test score is "
                "flattered a little; differences between cells that were named beforehand are not."
            )
        if len(self.rows) == 1:
            return f"How certain: a single cell is no ranking ({scope})."
        if math.isnan(self.certainty):
            return f"How certain: not estimated for this objective ({scope})."
        first = f"the winner stays first in {self.certainty:.0%} of {RESAMPLES} bootstrap resamples"
        if seeds == 1:
            return (
                f"How certain: with {scope}, {first} of the shots; one seed per cell does not show the spread between "
                "trainings, so this is a first look (--seeds 3 or more, and more shots, make it more certain)."
            )
        lead = "no clear ranking"
        if self.certainty >= LEAD:
            lead = "a clear lead" if self.certainty >= CLEAR_LEAD else "a lead"
        return f"How certain: with {scope}, {first}: {lead}."

    def table(self) -> list[dict[str, object]]:
        """One entry per cell by column name, numbers unrounded; NaN where a metric or an interval is undefined."""
        return [
            {
                "rank": place,
                "name": row.config.label,
                "arch": row.config.network.arch,
                "depth": row.config.network.depth,
                "log_activation": row.config.network.log_activation,
                "alpha": row.config.network.alpha,
                "leakiness": row.config.network.leakiness,
                "seeds": row.seeds,
                **({"folds": row.folds} if row.folds else {}),
                f"val_{self.objective.metric}": row.mean,
                "low": row.low,
                "high": row.high,
                "interval": self.interval_kind,
                **{f"val_{name}": row.scores.get(name, math.nan) for name in self._further_metrics},
                "parameters": int(row.best.facts["parameters"]),
                "seconds": row.best.facts["seconds"],
                "best_run_id": row.best.run_id,
            }
            for place, row in enumerate(self.rows, 1)
        ]

    def text_table(self) -> list[list[str]]:
        """The column names, one line per cell and one per baseline, with rounded numbers; undefined ones are empty."""
        metrics = (self.objective.metric, *self._further_metrics)
        decimals = {"seconds": 1, "low": 4, "high": 4, **{f"val_{metric}": 4 for metric in metrics}}

        def text(name: str, value: object) -> str:
            if not isinstance(value, float) or name not in decimals:
                return str(value)
            return "" if math.isnan(value) else f"{value:.{decimals[name]}f}"

        table = self.table()
        for row in self.baselines:
            known = {"name": row.name, "low": row.low, "high": row.high, f"val_{self.objective.metric}": row.value}
            known |= {f"val_{name}": row.scores.get(name, math.nan) for name in self._further_metrics}
            table.append({name: known.get(name, "") for name in table[0]})
        return [list(table[0]), *([text(name, value) for name, value in line.items()] for line in table)]

    def to_csv(self) -> str:
        """The table as CSV."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.text_table())
        return text.getvalue()

    @property
    def _further_metrics(self) -> list[str]:
        further = [name for name in SHOWN if name != self.objective.metric]
        return further + [name for name in HIT_METRICS if any(name in row.scores for row in self.rows)]


def rank(
    trials: Sequence[FinishedTrial],
    objectives: Sequence[Objective],
    predictions: Callable[[FinishedTrial], Predictions],
    *,
    seed: int = SEED,
) -> Leaderboard:
    """Rank cells by the first objective, by means over seeds and folds; a cell that lacks a fold stands below.

    With two seeds per cell or more the intervals are Student's t over seeds; with one they are bootstrap intervals over
    the validation shots. The certainty resamples validation shots, the same draws for every cell.

    Args:
        trials: finished trials, at least one.
        objectives: the first one ranks; further ones decide between equals in the first, so that the winner is on the
            Pareto front.
        predictions: fetches the predictions of a trial on the validation split.
        seed: seed of the resamples.
    """
    objective = objectives[0]
    cells = [sorted(cell, key=lambda trial: -objective.sign * trial.value) for cell in by_cell(trials)]

    def standing(cell: Sequence[FinishedTrial]) -> tuple[float, ...]:
        further = (
            -other.sign * float(np.mean([trial.values[index] for trial in cell]))
            for index, other in enumerate(objectives[1:], 1)
        )
        missing = folds - folds_of(cell)
        return (missing, -objective.sign * float(np.mean([trial.value for trial in cell])), *further)

    folds = max(map(folds_of, cells))
    cells.sort(key=standing)
    estimates, hits, shots = _resampled(cells[:MOST_RESAMPLED], objective.metric, predictions, seed)
    several_seeds = min(len(cell) for cell in cells) > 1 and not folds
    kind = "95 % bootstrap over val shots" if estimates else "none for this objective"
    kind = "95 % t interval over folds" if folds and estimates else kind
    if several_seeds:
        kind = "95 % t interval over seeds"
    rows = []
    for index, cell in enumerate(cells):
        low, high = math.nan, math.nan
        if several_seeds:
            low, high = t_interval([trial.value for trial in cell])
        elif index < len(estimates):
            low, high = estimates[index].low, estimates[index].high
        value = float(np.mean([trial.value for trial in cell]))
        scores = _mean([trial.scores for trial in cell]) | (hits[index] if index < len(hits) else {})
        rows.append(RankedCell(cell[0].config, value, low, high, tuple(cell), scores))
    return Leaderboard(objective, tuple(rows), kind, _certainty(estimates, objective), shots)


def _resampled(
    cells: Sequence[Sequence[FinishedTrial]],
    metric: str,
    predictions: Callable[[FinishedTrial], Predictions],
    seed: int,
) -> tuple[list[Estimate], list[dict[str, float]], int]:
    """Of each cell, the objective over resamples of the validation shots and the hit finding; the number of shots."""
    if metric not in RESAMPLED:
        return [], [], len(predictions(cells[0][0]).ids)
    estimates, hits, shots = [], [], 0
    for cell in cells:
        found = [predictions(trial) for trial in cell]
        shots = sum(len(one) for one in {fold_of(one): one for one in found}.values())
        # The values that trials reported are what is ranked; here they are only resampled.
        values = [trial.value for trial in cell]
        estimates.append(score(found, metric, values=values, draw_seeds=False, seed=seed))
        hits.append(_mean([hit_scores(one) for one in found]))
    return estimates, hits, shots


def _mean(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(one[name] for one in scores if name in one) for name in scores[0]}


def _certainty(estimates: Sequence[Estimate], objective: Objective) -> float:
    """Share of the resamples in which the first cell is the best; a tie is shared."""
    if len(estimates) < 2:
        return math.nan
    draws = objective.sign * torch.stack([one.draws for one in estimates])  # over folds there are none
    draws = draws[:, draws.isfinite().all(dim=0)]  # a resample without a scored class ranks nothing
    first = draws == draws.amax(dim=0)
    return float((first[0] / first.sum(dim=0)).mean()) if draws.shape[1] else math.nan
