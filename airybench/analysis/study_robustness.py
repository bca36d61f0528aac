"""What the networks of a study lose when the detector changes, and which choice loses least."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from airybench.analysis.estimate import Estimate, Side, bounded, combined
from airybench.analysis.intervals import resampled
from airybench.analysis.loss_effects import LossEffect, comparisons
from airybench.analysis.number_text import interval_text, score_text, with_interval
from airybench.analysis.verdicts import holm
from airybench.config import TrialConfig
from airybench.inference.predictions import Predictions
from airybench.inference.spread import Sample
from airybench.inference.stress import ALL_CHANGES, METRIC, mean_over_changes
from airybench.inference.stressed import Stressed
from airybench.sweep.ranking import by_cell
from airybench.sweep.records import FinishedTrial

Draws = dict[str, dict[float, Tensor]]
"""By change and strength: the metric of each seed on the shots and in every resample, shape (S, 1 + RESAMPLES)."""


@dataclass(frozen=True)
class CellRobustness:
    """One cell under changes of the detector; numbers are means over seeds on the test shots.

    Attributes:
        label: name of the cell, which no other cell of the study has.
        config: the cell, with the seed of one of its trials.
        seeds: how many.
        clean: score of the unchanged shots.
        changed: mean score over all changes.
        loss: the difference of the two.
        curves: scores by change and strength.
        worst: the change and strength with the largest loss.
    """

    label: str
    config: TrialConfig
    seeds: int
    clean: Estimate
    changed: Estimate
    loss: Estimate
    curves: dict[str, dict[float, Estimate]]
    worst: tuple[str, float]


@dataclass(frozen=True)
class StudyRobustness:
    """All cells of a study under changes of the detector.

    Attributes:
        cells: best on the validation split first.
        effects: the comparisons that the cells allow.
        shots: number of test shots.
        worst: change, strength, and mean loss over all cells, of the change that costs most.
    """

    cells: tuple[CellRobustness, ...]
    effects: tuple[LossEffect, ...]
    shots: int
    worst: tuple[str, float, Estimate]

    @property
    def advice(self) -> str:
        """What to do about the worst change, in one line."""
        name, strength, loss = self.worst
        if not loss.low > 0:
            return "No change of the detector costs these networks more than chance would."
        return (
            f"Worst over all cells: {name} {strength:g} {ALL_CHANGES[name].unit} costs "
            f"{with_interval(loss.value, loss.low, loss.high)} {METRIC}; {ALL_CHANGES[name].remedy}."
        )

    @property
    def note(self) -> str:
        """How the numbers were made, and how they must be read."""
        seeds = sorted({cell.seeds for cell in self.cells})
        once = (
            " One seed per cell: a first look without a verdict, since the spread between trainings is not known."
            if seeds == [1]
            else ""
        )
        return (
            f"{self.shots} test shots under the changes of `evaluate --stress`; a loss is the mean over changes and "
            "strengths, with a 95 % t interval over shots and seeds. A network that scores little has little to lose: "
            f"read the loss beside the score.{once}"
        )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and one row per cell."""
        heads = ["cell", "seeds", f"test {METRIC}", "under changes", "mean loss", "95 % interval", "worst change"]
        rows = [
            [
                cell.label, str(cell.seeds), score_text(cell.clean.value), score_text(cell.changed.value),
                score_text(cell.loss.value), interval_text(cell.loss.low, cell.loss.high),
                f"{cell.worst[0]} {cell.worst[1]:g} {ALL_CHANGES[cell.worst[0]].unit}",
            ]
            for cell in self.cells
        ]  # fmt: skip
        return heads, rows

    def to_csv(self) -> str:
        """One line for each cell, change and strength, and one for the mean over changes of each cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["cell", "seeds", "change", "strength", "unit", "score", "low", "high"])
        for cell in self.cells:
            name, seeds = cell.label, cell.seeds
            for change, curve in cell.curves.items():
                for strength, one in curve.items():
                    writer.writerow([name, seeds, change, f"{strength:g}", ALL_CHANGES[change].unit, *_fields(one)])
            writer.writerow([name, seeds, "mean", "", "", *_fields(cell.changed)])
            writer.writerow([name, seeds, "mean loss", "", "", *_fields(cell.loss)])
        return text.getvalue()

    def to_json(self) -> dict[str, object]:
        """The answer as data; null for what is undefined."""
        return {
            "metric": METRIC,
            "shots": self.shots,
            "cells": [
                {
                    "name": cell.label,
                    "seeds": cell.seeds,
                    "clean": _as_data(cell.clean),
                    "changed": _as_data(cell.changed),
                    "loss": _as_data(cell.loss),
                    "worst": {"change": cell.worst[0], "strength": cell.worst[1]},
                }
                for cell in self.cells
            ],
            "effects": [
                {
                    "factor": effect.choice.factor,
                    "level": effect.choice.level,
                    "reference": effect.choice.reference,
                    "pairs": effect.choice.pairs,
                    "loss": _as_data(effect.difference),
                    "changed": _as_data(effect.changed),
                    "p_holm": None if math.isnan(effect.p) else effect.p,
                    "verdict": effect.verdict,
                }
                for effect in self.effects
            ],
            "advice": self.advice,
            "note": self.note,
        }


def study_robustness(
    trials: Sequence[FinishedTrial], sign: float, fetch: Callable[[FinishedTrial], tuple[Predictions, Stressed]]
) -> StudyRobustness:
    """Compare the cells of a study by what they lose under changes of the detector.

    Args:
        trials: finished trials of one study.
        sign: 1 where more of the objective is better, else -1; orders the cells.
        fetch: predictions of the test shots of a trial, and those under every change.
    """
    groups = sorted(by_cell(trials), key=lambda group: -sign * sum(one.value for one in group) / len(group))
    draws: list[Draws] = []
    sample = Sample(0)
    for group in groups:
        found = [fetch(trial) for trial in group]
        sample = found[0][0].sample
        draws.append(_draws([stressed for _, stressed in found]))
    configs = [group[0].config for group in groups]
    losses, changed = [_loss(one) for one in draws], [mean_over_changes(one) for one in draws]

    def judged(values: list[Tensor], weights: Mapping[int, float]) -> Estimate:
        return combined([Side(weight, values[i]) for i, weight in weights.items()], values, sample)

    choices = comparisons(configs)
    differences = [judged(losses, choice.weights) for choice in choices]
    adjusted = holm([one.p for one in differences])
    return StudyRobustness(
        cells=tuple(
            _cell(group[0], one, judged(losses, {i: 1.0}), judged(changed, {i: 1.0}), draws, sample)
            for i, (group, one) in enumerate(zip(groups, draws, strict=True))
        ),
        effects=tuple(
            LossEffect(choice, difference, judged(changed, choice.weights), p)
            for choice, difference, p in zip(choices, differences, adjusted, strict=True)
        ),
        shots=sample.shots,
        worst=_worst(draws, sample),
    )


def _draws(seeds: Sequence[Stressed]) -> Draws:
    """The metric of every seed, on the shots themselves and in every resample of them."""
    return {
        name: {strength: resampled([one[name][strength] for one in seeds], METRIC) for strength in found}
        for name, found in seeds[0].items()
    }


def _clean(draws: Draws) -> Tensor:
    return next(iter(draws.values()))[0.0]


def _loss(draws: Draws) -> Tensor:
    return _clean(draws) - mean_over_changes(draws)


def _cell(
    trial: FinishedTrial, draws: Draws, loss: Estimate, changed: Estimate, study: Sequence[Draws], sample: Sample
) -> CellRobustness:
    def one(name: str, strength: float) -> Estimate:
        return bounded(
            combined([Side(1.0, draws[name][strength])], [other[name][strength] for other in study], sample), METRIC
        )

    curves = {name: {strength: one(name, strength) for strength in found} for name, found in draws.items()}
    clean = next(iter(curves.values()))[0.0]
    cases = [(name, strength) for name, curve in curves.items() for strength in curve if strength]
    worst = min(cases, key=lambda case: curves[case[0]][case[1]].value)
    return CellRobustness(trial.label, trial.config, len(_clean(draws)), clean, changed, loss, curves, worst)


def _worst(draws: Sequence[Draws], sample: Sample) -> tuple[str, float, Estimate]:
    """The change that costs most on the mean over cells."""
    found = []
    for name, curve in draws[0].items():
        for strength in curve:
            if strength:
                losses = [_clean(one) - one[name][strength] for one in draws]
                sides = [Side(1 / len(losses), loss) for loss in losses]
                found.append((name, strength, combined(sides, losses, sample)))
    return max(found, key=lambda one: one[2].value)


def _fields(one: Estimate) -> list[str]:
    return [f"{number:.6f}" if math.isfinite(number) else "" for number in (one.value, one.low, one.high)]


def _as_data(one: Estimate) -> dict[str, float | None]:
    return {
        name: number if math.isfinite(number) else None
        for name, number in (("value", one.value), ("low", one.low), ("high", one.high))
    }
