"""Evaluating a trained model on a split, as a run of its own: numbers, curves and tables."""

import csv
import io
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from airybench.data.split.split import PARTS
from airybench.errors import DataError, unknown
from airybench.figures.classes import class_f1, confusion
from airybench.figures.curves import precision_recall, reliability, roc
from airybench.figures.style import save
from airybench.inference.evaluate import Evaluation, answers, evaluate, tuned_thresholds
from airybench.inference.logits import store_logits
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.reporter import Reporter
from airybench.tracking.dataset import log_data
from airybench.tracking.run import Run
from airybench.tracking.store import connect
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

SPLITS = (*PARTS, "all")


@dataclass(frozen=True)
class Evaluated:
    """An evaluation and where it is kept.

    Attributes:
        model: what the user called the model.
        title: what it is.
        dataset: on what it was evaluated.
        split: `train`, `val`, `test` or `all`.
        result: the numbers.
        tuned: whether thresholds were tuned on val.
        data_source: `simulated`, or where the shots came from.
        run_id: of the MLflow run.
        tracking_uri: where that is.
    """

    model: str
    title: str
    dataset: str
    split: str
    result: Evaluation
    tuned: bool
    data_source: str
    run_id: str
    tracking_uri: str


def evaluate_model(
    model: str,
    predictor: Predictor,
    dataset: str,
    uri: str,
    reporter: Reporter,
    *,
    split: str = "test",
    tune: bool = False,
    device: torch.device,
    output: Path | None = None,
) -> Evaluated:
    """Evaluate a model in one full pass over a split, the one that its own training knew.

    The run is one of its own; under `mlflow run` it is the run that MLflow made.

    Args:
        model: what the user called it.
        predictor: the model.
        dataset: name or path of the data.
        uri: tracking store that the run goes to; opened once nothing is left to refuse.
        reporter: receives notices and progress.
        split: `train`, `val`, `test`, or `all` for every shot.
        tune: choose the threshold of each label on val, where its F1 is best.
        device: where to compute.
        output: folder that gets the plots and tables as well.

    Raises:
        ConfigError: no such split, or thresholds where there are none.
        DataError: other classes or another image size than the model was trained on.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    if tune:
        tuned_thresholds(torch.zeros(1, 1), torch.zeros(1, 1), predictor.label_kind)  # refused before anything is made
    source = prepare(dataset, predictor.config, device, reporter, load=False)
    require_same(predictor, source, reporter)
    if tune and split in ("val", "all"):
        reporter.notify(f"thresholds are tuned on val, whose shots are among those of {split}: their F1 is flattered")
    rows = np.arange(source.store.count) if split == "all" else getattr(source.split, split)
    title = f"evaluate {predictor.config.label} on {source.name} {split}"
    tracking = connect(uri)
    run = Run.own(tracking, title, "evaluate", source.provenance().tags(), os.environ.get("MLFLOW_RUN_ID"))
    with run.ending():
        run.params({"model": model, "split": split, "tuned_thresholds": tune} | predictor.config.params())
        log_data(run, source.data_input())
        labels = torch.from_numpy(source.store.labels())
        with reporter.progress(f"evaluating on {source.name} {split}") as progress:
            found = store_logits(predictor, source.store, rows, device, progress)
        thresholds = None
        if tune:
            with reporter.progress("tuning thresholds on val") as progress:
                val = store_logits(predictor, source.store, source.split.val, device, progress)
            thresholds = tuned_thresholds(val, labels[torch.from_numpy(source.split.val)], predictor.label_kind)
        truth = labels[torch.from_numpy(rows)]
        training = labels[torch.from_numpy(source.split.train)]
        result = evaluate(found, truth, predictor.class_names, predictor.label_kind, training, thresholds)
        _log(run, split, result)
        kept = Predictions(
            source.store.ids()[rows], found.numpy(), truth.numpy(), predictor.class_names, predictor.label_kind
        )
        with run.artifacts() as folder:
            _write(folder, predictor, source, split, result, kept, thresholds)
            if output is not None:
                _write(output, predictor, source, split, result, kept, thresholds)
    return Evaluated(
        model, predictor.config.label, source.name, split, result, tune, source.store.source, run.run_id, tracking.uri
    )


def require_same(predictor: Predictor, source: PreparedDataset, reporter: Reporter) -> None:
    """Refuse data that the model does not fit, and tell where it may have been trained on some of them.

    Raises:
        DataError: other classes, or another image size.
    """
    store, origin = source.store, predictor.provenance
    if store.class_names != predictor.class_names:
        raise DataError(
            f"{store.path} has the classes {', '.join(store.class_names)}; the model was trained on "
            f"{', '.join(predictor.class_names)}; evaluate it on data with the same classes in the same order"
        )
    if origin is None:
        return
    if origin.image_shape is not None and store.image_shape != origin.image_shape:
        raise DataError(
            f"{store.path} has images of {store.image_shape[0]} x {store.image_shape[1]} px, the model was trained on "
            f"{origin.image_shape[0]} x {origin.image_shape[1]} px; import the data at that size (--bin)"
        )
    if not source.provenance().same_data(origin):
        reporter.notify(
            f"the model was trained on other shots or another split ({origin.dataset}, {origin.data_sha256[:12]}): "
            "some of these may have been among its training shots"
        )


def _log(run: Run, split: str, result: Evaluation) -> None:
    metrics = result.scores.flat(split)
    for name, (low, high) in result.intervals.items():
        metrics |= {f"{split}/{name}/low": low, f"{split}/{name}/high": high}
    metrics |= {f"majority/{split}/{name}": value for name, value in result.majority.values.items()}
    metrics |= {
        f"{split}/calibration_error": result.reliability.error,
        f"{split}/brier": result.reliability.brier,
    }
    run.metrics({name: value for name, value in metrics.items() if value == value})


def _write(
    folder: Path,
    predictor: Predictor,
    source: PreparedDataset,
    split: str,
    result: Evaluation,
    kept: Predictions,
    thresholds: Tensor | None,
) -> None:
    """Plots, tables and logits."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in _figures(predictor, source, split, result, kept, thresholds).items():
        save(figure, folder / "plots" / f"{name}.png")
    (folder / "classes.csv").write_text(class_table(result), encoding="utf-8")
    (folder / "evaluation.json").write_text(evaluation_json(result) + "\n", encoding="utf-8")
    (folder / "predictions").mkdir(exist_ok=True)
    kept.write(folder / "predictions" / f"{split}.h5")


def _figures(
    predictor: Predictor,
    source: PreparedDataset,
    split: str,
    result: Evaluation,
    kept: Predictions,
    thresholds: Tensor | None,
) -> dict[str, Figure]:
    names, kind = predictor.class_names, predictor.label_kind
    said = "simulated " if source.store.source == "simulated" else ""
    heading = f"{predictor.config.label} on {said}{source.name} {split}"
    truth = kept.labels.astype(np.int64)
    scores: NDArray[np.float64] = kept.logits.astype(np.float64)
    answered = answers(torch.from_numpy(kept.logits), kind, thresholds).numpy()

    def texts(metric: str, short: str) -> list[str]:
        return [
            f"{short} {c.values[metric]:.2f} [{c.intervals[metric][0]:.2f} .. {c.intervals[metric][1]:.2f}]"
            if c.values
            else ""
            for c in result.classes
        ]

    measured = result.reliability
    positives = {c.name: c.positives for c in result.classes}
    return {
        "precision-recall": precision_recall(scores, truth, names, texts("ap", "AP"), f"Precision, recall: {heading}"),
        "roc": roc(scores, truth, names, texts("roc_auc", "AUC"), f"ROC: {heading}"),
        "reliability": reliability(
            measured.said,
            measured.held,
            measured.counts,
            float(truth.mean()),
            measured.error,
            f"Reliability\n{heading}",
        ),
        "confusion": confusion(answered, truth, names, kind, f"Confusion\n{heading}"),
        "class-f1": class_f1(result.scores.f1, positives, f"F1 per class\n{heading}"),
    }


def evaluation_json(result: Evaluation) -> str:
    """All numbers as JSON; what is not a number is null."""
    return json.dumps(as_data(result), indent=2, allow_nan=False)


def as_data(result: Evaluation | Evaluated) -> dict[str, Any]:
    """An evaluation as data that JSON can hold: null for what is no number, or undefined for a class not scored."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [clean(one) for one in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    content: dict[str, Any] = clean(asdict(result))
    for one in content.get("result", content)["classes"]:
        if not one["values"]:
            one["majority_ap"] = None
    return content


def class_table(result: Evaluation) -> str:
    """Class by class as CSV; a class that is not scored has empty cells."""
    text = io.StringIO()
    metrics = ("ap", "roc_auc", "f1", "precision", "recall")
    heads = [head for metric in metrics for head in (metric, f"{metric}_low", f"{metric}_high")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["class", "positives", "shots", "threshold", *heads, "majority_ap"])
    for one in result.classes:
        cells: list[str] = []
        for metric in metrics:
            numbers = (one.values[metric], *one.intervals[metric]) if one.values else ()
            cells += [f"{number:.6f}" if math.isfinite(number) else "" for number in numbers] or ["", "", ""]
        last = f"{one.majority_ap:.6f}" if one.values else ""
        writer.writerow([one.name, one.positives, result.shots, f"{one.threshold:.6f}", *cells, last])
    return text.getvalue()
