"""The files of an evaluation: curves, a table of classes, all numbers, and the predictions."""

import csv
import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from airybench.analysis.number_text import MARK, with_interval
from airybench.analysis.robustness import Robustness
from airybench.figures.classes import class_f1, confusion
from airybench.figures.curves import precision_recall, reliability, roc
from airybench.figures.robustness import StressCurve
from airybench.figures.robustness import robustness as draw_robustness
from airybench.figures.style import save_for_print
from airybench.inference.bootstrap import CLASS_METRICS
from airybench.inference.evaluate import Evaluation, decisions
from airybench.inference.predictions import Predictions
from airybench.inference.spread import FEW
from airybench.training.metrics import Scores


def write_evaluation(
    folder: Path, evaluation: Evaluation, predictions: Predictions, part: str, heading: str, thresholds: Tensor | None
) -> None:
    """Write `plots/*.png`, `classes.csv`, `evaluation.json` and `predictions/PART.h5`.

    Args:
        folder: made where it is missing.
        evaluation: the numbers.
        predictions: what they were computed from.
        part: the part of the split, which names the file of predictions.
        heading: what the titles of the figures end with.
        thresholds: logit above which each class is assigned, shape (C,); None for 0.
    """
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    for name, figure in evaluation_figures(evaluation, predictions, heading, thresholds).items():
        save_for_print(figure, folder / "plots" / f"{name}.png")
    (folder / "classes.csv").write_text(class_table(evaluation), encoding="utf-8")
    content = json.dumps(evaluation_data(evaluation), indent=2, allow_nan=False)
    (folder / "evaluation.json").write_text(content + "\n", encoding="utf-8")
    predictions.write(folder / "predictions" / f"{part}.h5")


def write_robustness(folder: Path, found: Robustness, majority: Scores, heading: str) -> None:
    """Write `plots/stress.png`, `stress.csv` and `stress.json`.

    Args:
        folder: made where it is missing.
        found: the scores under changes of the detector.
        majority: scores of the majority baseline.
        heading: what the title of the figure ends with.
    """
    curves: dict[str, StressCurve] = {}
    for name in dict.fromkeys(row.change for row in found.rows):
        rows = [row for row in found.rows if row.change == name]
        scores = [row.score for row in rows]
        curves[name] = StressCurve(
            rows[0].unit,
            [row.strength for row in rows],
            [one.value for one in scores],
            [one.low for one in scores],
            [one.high for one in scores],
        )
    chance = majority.values.get(found.metric, math.nan)
    figure = draw_robustness(curves, chance, found.metric, f"Changes of the detector: {heading}")
    save_for_print(figure, folder / "plots" / "stress.png")
    (folder / "stress.csv").write_text(found.to_csv(), encoding="utf-8")
    content = json.dumps(found.to_json(), indent=2, allow_nan=False)
    (folder / "stress.json").write_text(content + "\n", encoding="utf-8")


def evaluation_figures(
    evaluation: Evaluation, predictions: Predictions, heading: str, thresholds: Tensor | None = None
) -> dict[str, Figure]:
    """Curves, reliability, confusion and F1 by their file names; arguments as those of `write_evaluation`."""
    names, kind = predictions.class_names, predictions.label_kind
    truth, scores = predictions.labels.astype(np.int64), predictions.logits.astype(np.float64)
    decided = decisions(torch.from_numpy(predictions.logits), kind, thresholds).numpy()

    def texts(metric: str, short: str) -> list[str]:
        return [
            f"{short} {with_interval(one.values[metric], *one.intervals[metric], digits=2)}{MARK if one.few else ''}"
            if one.values
            else ""
            for one in evaluation.classes
        ]

    few = any(one.few for one in evaluation.classes)
    footnote = f"; {MARK.strip()}: fewer than {FEW} positive shots" if few else ""
    measured = evaluation.reliability
    positives = {one.name: one.positives for one in evaluation.classes}
    return {
        "precision-recall": precision_recall(
            scores, truth, names, texts("ap", "AP"), f"Precision, recall: {heading}", footnote
        ),
        "roc": roc(scores, truth, names, texts("roc_auc", "AUC"), f"ROC: {heading}", footnote),
        "reliability": reliability(
            measured.predicted,
            measured.observed,
            measured.counts,
            float(truth.mean()),
            measured.error,
            (measured.low, measured.high),
            f"Reliability\n{heading}",
        ),
        "confusion": confusion(decided, truth, names, kind, f"Confusion\n{heading}"),
        "class-f1": class_f1(evaluation.scores.f1, positives, f"F1 per class\n{heading}"),
    }


def evaluation_data(evaluation: Evaluation) -> dict[str, Any]:
    """All numbers as JSON can hold them: null for what is not a number, or undefined for a class that is not scored."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [clean(one) for one in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    content: dict[str, Any] = clean(asdict(evaluation))
    bins = content["reliability"]  # scripts read these two by the names that they have in the file
    content["reliability"] = {"said": bins.pop("predicted"), "held": bins.pop("observed"), **bins}
    for one in content["classes"]:
        if not one["values"]:
            one["majority_ap"] = None
    return content


def class_table(evaluation: Evaluation) -> str:
    """One line per class as CSV; a class that is not scored has empty fields, one with few positives 1 in the last."""
    text = io.StringIO()
    heads = [head for metric in CLASS_METRICS for head in (metric, f"{metric}_low", f"{metric}_high")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["class", "positives", "shots", "threshold", *heads, "majority_ap", "few"])
    for one in evaluation.classes:
        fields: list[str] = []
        for metric in CLASS_METRICS:
            numbers = (one.values[metric], *one.intervals[metric]) if one.values else (math.nan,) * 3
            fields += [f"{number:.6f}" if math.isfinite(number) else "" for number in numbers]
        last = [f"{one.majority_ap:.6f}", int(one.few)] if one.values else ["", ""]
        writer.writerow([one.name, one.positives, evaluation.shots, f"{one.threshold:.6f}", *fields, *last])
    return text.getvalue()


def class_records(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One record per class by column, numbers unrounded; a class that is not scored lacks its metrics."""
    return [
        {
            "class": one.name,
            "positives": one.positives,
            "few": one.few,
            **one.values,
            **{f"{key}_{end}": one.intervals[key][i] for key in one.values for i, end in enumerate(("low", "high"))},
            "majority_ap": one.majority_ap,
        }
        for one in evaluation.classes
    ]
