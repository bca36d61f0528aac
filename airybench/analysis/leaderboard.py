"""The leaderboard: the cells of a study ranked on the validation split by their mean over seeds, with intervals."""

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import torch

from airybench.analysis.baseline_rows import BaselineRow
from airybench.analysis.estimate import Estimate, Side, bounded, combined
from airybench.analysis.fold_intervals import fold_of
from airybench.analysis.intervals import RESAMPLED, score
from airybench.analysis.number_text import score_text
from airybench.analysis.ties import MOST_CELLS, Ties, ties, told_apart
from airybench.analysis.verdicts import ALPHA
from airybench.config import SEED, Objective, TrialConfig
from airybench.config.objective import SHOWN
from airybench.inference.hits import HIT_METRICS, hit_scores
from airybench.inference.predictions import Predictions
from airybench.inference.spread import Sample
from airybench.sweep.ranking import folds_of, ranked, seeds_of
from airybench.sweep.records import FinishedTrial


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
    def label(self) -> str:
        """Its name, which no other cell of the study has."""
        return self.best.label

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
        apart: for each row below the first, whether it is told apart from it: Holm's p below 5 % over all of them;
            None where there are too few seeds to say, empty where there is one cell, or no resampling for this
            objective.
        shots: number of validation shots.
        baselines: what is reached without a network; they have no rank.
        ties: the sets of cells that are not told apart from each other, all pairs judged together; None where they are
            few, or too few seeds.
    """

    objective: Objective
    rows: tuple[RankedCell, ...]
    interval_kind: str
    apart: tuple[bool | None, ...]
    shots: int
    baselines: tuple[BaselineRow, ...] = ()
    ties: Ties | None = None

    @property
    def tied(self) -> tuple[str, ...]:
        """Names of the cells that are not told apart from the first one."""
        return tuple(row.label for row, apart in zip(self.rows[1:], self.apart, strict=False) if not apart)

    @property
    def tried(self) -> dict[str, int]:
        """How many configurations of each architecture were tried."""
        return Counter(row.config.network.arch for row in self.rows)

    def certainty_sentence(self) -> str:
        """Which cells may be as good as the first one."""
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
        if not self.apart:
            return f"How certain: not estimated for this objective ({scope})."
        if all(one is None for one in self.apart):
            return (
                f"How certain: a first look. With {scope}, the spread between trainings is not known, and no cell is "
                "told apart from another (--seeds 5, and more shots, make verdicts possible)."
            )
        tied, others = self.tied, len(self.apart)
        if not tied:
            them = "the other cell" if others == 1 else f"each of the {others} other cells"
            return f"How certain: with {scope}, the winner is told apart from {them} (Holm, {ALPHA:.0%})."
        whom = f"any of the {others} others" if len(tied) == others > 1 else ", ".join(tied)
        return f"How certain: with {scope}, the winner is not told apart from {whom} (Holm, {ALPHA:.0%})."

    def table(self) -> list[dict[str, object]]:
        """One entry per cell by column name, numbers unrounded; NaN where a metric or an interval is undefined."""
        tried = self.tried
        return [
            {
                "rank": place,
                "name": row.label,
                "arch": row.config.network.arch,
                "depth": row.config.network.depth,
                "log_activation": row.config.network.log_activation,
                "alpha": row.config.network.alpha,
                "leakiness": row.config.network.leakiness,
                "seeds": row.seeds,
                **({"folds": row.folds} if row.folds else {}),
                **({"tried": tried[row.config.network.arch]} if len(set(tried.values())) > 1 else {}),
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
            return score_text(value, digits=decimals[name])

        table = self.table()
        for row in self.baselines:
            known = {"name": row.name, "low": row.low, "high": row.high, f"val_{self.objective.metric}": row.value}
            known |= {f"val_{name}": row.scores.get(name, math.nan) for name in self._further_metrics}
            table.append({name: known.get(name, "") for name in table[0]})
        return [list(table[0]), *([text(name, value) for name, value in line.items()] for line in table)]

    def page_table(self) -> tuple[list[str], list[list[str]], list[str]]:
        """For readers: score and interval beside the name, without the columns that say the same of all cells.

        Returns:
            Headings; a line per cell and per baseline; what is the same in all cells, as `depth 18`.
        """
        metric = f"val_{self.objective.metric}"
        heads, *lines = self.text_table()
        rows = [dict(zip(heads, line, strict=True)) for line in lines]
        for row in rows:
            row["interval"] = f"{row['low']} .. {row['high']}" if row["low"] else ""
        cells = rows[: len(self.rows)]
        rest = [name for name in heads if name not in ("rank", "name", metric, "interval", "low", "high")]
        scores = [name for name in rest if name.startswith("val_")]
        params = [name for name in rest if name not in scores]
        same = [name for name in params if len(cells) > 1 and len({row[name] for row in cells}) == 1]
        shown = ["rank", "name", metric, "interval", *scores, *(name for name in params if name not in same)]
        titles = [f"val {name.removeprefix('val_')}" if name in (metric, *scores) else name for name in shown]
        titles[3] = self.interval_kind
        return titles, [[row[name] for name in shown] for row in rows], [f"{name} {cells[0][name]}" for name in same]

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

    Intervals are over validation shots, or whole runs of them, and over seeds; the same shots are drawn for every cell.

    Args:
        trials: finished trials, at least one.
        objectives: the first one ranks; further ones decide between equals in the first, so that the winner is on the
            Pareto front.
        predictions: fetches the predictions of a trial on the validation split.
        seed: seed of the resamples.
    """
    objective = objectives[0]
    cells = ranked(trials, objectives)
    folds = max(map(folds_of, cells))
    top = cells[:MOST_CELLS]
    resampled = objective.metric in RESAMPLED
    found = [[predictions(trial) for trial in cell] for cell in (top if resampled else top[:1])]
    estimates = _estimates(top, found, objective.metric, seed) if resampled else _over_seeds(cells)
    drawn = f"{found[0][0].sample.runs} val runs" if found[0][0].sample.runs else "val shots"
    kind = f"95 %, over {drawn}" if resampled else "95 %, over seeds alone"
    if resampled and max(len(cell) for cell in cells) > 1:
        kind = "95 %, over folds" if folds else f"95 %, over {drawn} and seeds"
    rows = []
    for index, cell in enumerate(cells):
        one = estimates[index] if index < len(estimates) else Estimate(math.nan)
        value = float(np.mean([trial.value for trial in cell]))
        hits = _mean([hit_scores(part) for part in found[index]]) if resampled and index < len(found) else {}
        scores = _mean([trial.scores for trial in cell]) | hits
        rows.append(RankedCell(cell[0].config, value, one.low, one.high, tuple(cell), scores))
    against = [(0, other) for other in range(1, len(found))]
    apart = told_apart(found, against, objective.metric, seed) if resampled else ()
    tied = ties(found, objective.metric, seed) if resampled else None
    shots = sum(len(one) for one in {fold_of(one): one for one in found[0]}.values())
    return Leaderboard(objective, tuple(rows), kind, apart, shots, ties=tied)


def _estimates(
    cells: Sequence[Sequence[FinishedTrial]], found: Sequence[Sequence[Predictions]], metric: str, seed: int
) -> list[Estimate]:
    """The objective of each cell, about the value that its trials reported, which is what is ranked."""
    estimates = []
    for cell, predictions in zip(cells, found, strict=True):
        one = score(predictions, metric, pool=found, seed=seed)
        moved = float(np.mean([trial.value for trial in cell])) - one.value
        known = math.isfinite(moved)
        there = replace(one, value=one.value + moved, low=one.low + moved, high=one.high + moved)
        estimates.append(bounded(there, metric) if known else Estimate(math.nan))
    return estimates


def _over_seeds(cells: Sequence[Sequence[FinishedTrial]]) -> list[Estimate]:
    """The objective of each cell where it has no value in resamples: Student's t over seeds."""
    values = [torch.tensor([[trial.value] for trial in cell], dtype=torch.float64) for cell in cells]
    return [combined([Side(1.0, one)], values, Sample(0)) for one in values]


def _mean(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(one[name] for one in scores if name in one) for name in scores[0]}
