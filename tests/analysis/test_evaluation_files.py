"""The files of an evaluation: what is not a number stays empty, and the curves are those of the predictions."""

import csv
import io
import json
import math

import numpy as np
import pytest
import torch

from airybench.analysis.evaluation_files import class_table, evaluation_data, evaluation_figures, write_evaluation
from airybench.inference.evaluate import Evaluation, evaluate
from airybench.inference.predictions import Predictions

NAMES = ("Round", "Spherical/Oblate", "Empty", "Rare")


def predicted(scale: float = 1.0, floor: float = 0.0) -> Predictions:
    """120 shots; `Rare` has no positive one."""
    rng = np.random.default_rng(0)
    labels = (rng.random((120, 4)) < [0.5, 0.3, 0.7, 0.0]).astype(np.uint8)
    logits = scale * (1.5 * labels + rng.normal(size=labels.shape) - 0.5)
    logits += np.copysign(floor, logits)  # no probability near one half
    return Predictions(np.arange(120), logits.astype(np.float32), labels, NAMES, "multilabel")


def evaluated(predictions: Predictions) -> Evaluation:
    return evaluate(predictions, torch.from_numpy(predictions.labels))


def test_the_table_has_a_line_for_every_class() -> None:
    found = evaluated(predicted())
    lines = list(csv.DictReader(io.StringIO(class_table(found))))
    assert [line["class"] for line in lines] == list(NAMES)
    assert {key for key, cell in lines[3].items() if cell} == {"class", "positives", "shots", "threshold"}
    for line, one in zip(lines[:3], found.classes, strict=False):
        assert float(line["ap"]) == pytest.approx(one.values["ap"], abs=1e-6)
        assert (float(line["f1_low"]), float(line["f1_high"])) == pytest.approx(one.intervals["f1"], abs=1e-6)
        assert int(line["positives"]) == one.positives


def test_few_positives_are_marked_in_every_file() -> None:
    labels = np.zeros((40, 2), np.uint8)
    labels[:5, 0], labels[:20, 1] = 1, 1
    logits = np.random.default_rng(1).normal(size=labels.shape).astype(np.float32)
    predictions = Predictions(np.arange(40), logits, labels, ("Rare", "Round"), "multilabel")
    found = evaluated(predictions)
    assert [line["few"] for line in csv.DictReader(io.StringIO(class_table(found)))] == ["1", "0"]
    assert [one["few"] for one in evaluation_data(found)["classes"]] == [True, False]
    figure = evaluation_figures(found, predictions, "net on data test")["roc"]
    panels = figure.axes
    assert "†: fewer than 8 positive shots" in figure.get_supxlabel()
    assert [axes.texts[0].get_text().endswith("] †") for axes in panels[:2]] == [True, False]


def test_what_is_no_number_is_null() -> None:
    found = evaluated(predicted(floor=5.0))
    assert any(math.isnan(value) for value in found.reliability.predicted)
    text = json.dumps(evaluation_data(found), allow_nan=False)
    content = json.loads(text)
    assert list(content["reliability"]) == [
        "said",
        "held",
        "counts",
        "error",
        "brier",
        "low",
        "high",
    ]  # scripts read these
    assert content["reliability"]["said"][5] is None
    assert content["reliability"]["held"][0] == found.reliability.observed[0]
    assert content["reliability"]["counts"][5] == 0
    assert content["unscored"] == ["Rare"]
    assert (content["classes"][3]["values"], content["classes"][3]["majority_ap"]) == ({}, None)
    assert content["scores"]["values"] == found.scores.values


def test_figures_show_the_numbers_they_are_given() -> None:
    predictions = predicted()
    found = evaluated(predictions)
    figures = evaluation_figures(found, predictions, "net on data test", torch.full((4,), 9.0))
    panels = {
        axes.get_title(loc="left"): [text.get_text() for text in axes.texts]
        for axes in figures["precision-recall"].axes
    }
    first = found.classes[0]
    low, high = first.intervals["ap"]
    assert panels["Round"] == [f"AP {first.values['ap']:.2f} [{low:.2f} .. {high:.2f}]"]
    assert panels["Rare"] == ["not scored"]
    counts = [text.get_text() for text in figures["confusion"].axes[0].texts]
    assert counts[:2] == ["0", str(first.positives)]  # no logit is above 9, so every positive is missed


def test_every_file_is_written(tmp_path) -> None:
    predictions = predicted()
    write_evaluation(tmp_path / "new", evaluated(predictions), predictions, "val", "net on data val", None)
    files = {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*") if path.is_file()}
    names = ("precision-recall", "roc", "reliability", "confusion", "class-f1")
    assert files == {"classes.csv", "evaluation.json", "predictions/val.h5"} | {
        f"plots/{name}.{kind}" for name in names for kind in ("png", "pdf", "svg")
    }
    kept = Predictions.read(tmp_path / "new" / "predictions" / "val.h5")
    np.testing.assert_array_equal(kept.logits, predictions.logits)
    np.testing.assert_array_equal(kept.labels, predictions.labels)
