"""One cell class by class: average precision and F1, with the intervals of the one estimator."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from airybench.analysis.estimate import Estimate, Side, combined
from airybench.analysis.fold_intervals import fold_of, fold_score, fold_table, on_folds
from airybench.analysis.intervals import Cell
from airybench.config import SEED
from airybench.inference.bootstrap import weighted_classes
from airybench.inference.predictions import Predictions
from airybench.inference.spread import FEW, possible

SHOWN = ("ap", "f1")


@dataclass(frozen=True)
class ClassScores:
    """One class.

    Attributes:
        name: of the class.
        positives: test shots that carry it, of all folds.
        scores: `ap` and `f1`, mean over seeds, with 95 % intervals; empty where it cannot be scored.
    """

    name: str
    positives: int
    scores: dict[str, Estimate]

    @property
    def few(self) -> bool:
        """Whether it has so few positive shots that its intervals are marked."""
        return bool(self.scores) and self.positives < FEW


def class_scores(cell: Cell, pool: Sequence[Cell] = (), seed: int = SEED) -> tuple[ClassScores, ...]:
    """Every class of one cell.

    Args:
        cell: predictions of its trainings on the same shots, or on several folds.
        pool: the cells of the study, whose seeds say how far trainings lie apart where this one has fewer than three.
        seed: of the resamples.
    """
    tested = {fold_of(one): one for one in cell}.values()
    positives = torch.stack([torch.from_numpy(one.labels).long().sum(0) for one in tested]).sum(0).tolist()
    found = _over_folds(cell) if on_folds(cell) else _over_shots(cell, pool, seed, positives)
    return tuple(
        ClassScores(name, count, {} if math.isnan(scores[SHOWN[0]].value) else scores)
        for name, count, scores in zip(cell[0].class_names, positives, found, strict=True)
    )


def _over_shots(cell: Cell, pool: Sequence[Cell], seed: int, positives: Sequence[int]) -> list[dict[str, Estimate]]:
    drawn = [_values(one, one.resamples(seed)) for one in cell]
    others = [[_values(one) for one in other] for other in pool]
    found = []
    for column, count in enumerate(positives):
        sample, scores = replace(cell[0].sample, rests_on=count), {}
        for name in SHOWN:
            side = Side(1.0, torch.stack([one[name][:, column] for one in drawn]))
            spread = [torch.stack([one[name][:, column] for one in other]) for other in others]
            one = combined([side], spread, sample)
            low, high = (
                possible((one.low, one.high), one.value, sample) if math.isfinite(one.low) else (one.low, one.high)
            )
            scores[name] = replace(one, low=low, high=high, p=math.nan)
        found.append(scores)
    return found


def _over_folds(cell: Cell) -> list[dict[str, Estimate]]:
    values = [_values(one) for one in cell]
    return [
        {
            name: fold_score(
                fold_table([cell], [[float(one[name][0, column]) for one in values]])[0], within=(0.0, 1.0)
            )
            for name in SHOWN
        }
        for column in range(len(cell[0].class_names))
    ]


def _values(predictions: Predictions, drawn: Tensor | None = None) -> dict[str, Tensor]:
    """The metrics of every class on the shots themselves, then in every resample, shape (1 + RESAMPLES, C)."""
    shots = torch.ones(1, len(predictions), dtype=torch.uint8)
    weights = shots if drawn is None else torch.cat([shots, drawn])
    logits, labels = torch.from_numpy(predictions.logits), torch.from_numpy(predictions.labels)
    found = weighted_classes(logits, labels, predictions.label_kind, weights)
    return {name: torch.where(found.defined, found.values[name], math.nan) for name in SHOWN}
