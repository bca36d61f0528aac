"""Scoring predictions: every metric with its interval, class by class, beside the majority baseline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from airybench.config import SEED
from airybench.errors import ConfigError
from airybench.inference.bootstrap import ClassDraws, weighted_classes, weighted_scores, weighted_sums
from airybench.inference.hits import hit_scores
from airybench.inference.majority import majority_logits
from airybench.inference.predictions import Predictions
from airybench.inference.reliability import Reliability, reliability
from airybench.inference.spread import FEW, Sample, interval
from airybench.training.metrics import Scores, decide, score

FEWEST_TO_TUNE = 8
"""Positive shots on val that tuning a threshold takes: with three, the tuned one is worse in 60 % of cases."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class ClassReport:
    """One class.

    Attributes:
        name: name of the class.
        positives: number of shots that carry it.
        threshold: probability above which it is assigned (multilabel).
        values: `ap`, `roc_auc`, `f1`, `precision`, `recall`; empty where the class is not scored.
        intervals: 95 % interval over shots, or runs, of each value.
        majority_ap: average precision of the majority baseline, the prevalence.
        few: whether it has so few positive shots that its intervals are marked.
    """

    name: str
    positives: int
    threshold: float
    values: dict[str, float]
    intervals: dict[str, Interval]
    majority_ap: float
    few: bool = False


@dataclass(frozen=True)
class Evaluation:
    """Predictions of one part of the split, scored.

    Attributes:
        shots: number of shots.
        scores: every metric; `loss` is that of the untuned logits.
        intervals: 95 % interval over shots, or runs, of every metric.
        majority: the same metrics of the majority baseline.
        classes: class by class.
        reliability: reliability of the probabilities.
        unscored: classes without a positive or without a negative shot; macro averages leave them out.
    """

    shots: int
    scores: Scores
    intervals: dict[str, Interval]
    majority: Scores
    classes: tuple[ClassReport, ...]
    reliability: Reliability
    unscored: tuple[str, ...]


def evaluate(predictions: Predictions, training_labels: Tensor, thresholds: Tensor | None = None) -> Evaluation:
    """Score predictions.

    Args:
        predictions: N shots and C classes.
        training_labels: 0/1, shape (M, C), from which the majority baseline is made.
        thresholds: logit above which each class is assigned, shape (C,), multilabel only; 0 (p > 0.5) when left out.
    """
    logits, labels = torch.from_numpy(predictions.logits).double(), torch.from_numpy(predictions.labels).long()
    names, kind = predictions.class_names, predictions.label_kind
    offset = torch.zeros(logits.shape[1]).double() if thresholds is None else thresholds.double()
    shifted = logits - offset  # the same order within a class, and decisions at 0
    each = F.binary_cross_entropy_with_logits(logits, labels.double(), reduction="none").mean(1)
    scores = score(shifted, labels, names, kind)
    scores = Scores({**scores.values, "loss": float(each.mean())}, scores.f1, scores.ap)
    weights, sample = predictions.resamples(SEED), predictions.sample
    drawn = weighted_classes(shifted, labels, kind, weights)
    metrics = weighted_scores(shifted, labels, kind, weights, drawn)
    losses, drawn_shots = weighted_sums(torch.stack([each, torch.ones_like(each)], 1), weights).unbind(1)
    metrics["loss"] = losses / drawn_shots
    once = weighted_classes(shifted, labels, kind, torch.ones(1, len(labels)))
    majority = majority_logits(training_labels, len(labels))
    return Evaluation(
        shots=len(labels),
        scores=scores,
        intervals={
            name: interval(draws, scores.values[name], sample, metric=name)
            for name, draws in metrics.items()
            if name in scores.values
        },
        majority=score(majority, labels, names, kind),
        classes=_class_reports(names, labels, torch.sigmoid(offset), once, drawn, sample),
        reliability=reliability(logits, labels, weights, sample),
        unscored=predictions.unscored,
    )


def _class_reports(
    names: tuple[str, ...], labels: Tensor, thresholds: Tensor, once: ClassDraws, drawn: ClassDraws, sample: Sample
) -> tuple[ClassReport, ...]:
    """Values of every class on the shots themselves (`once`), with intervals from the resamples (`drawn`)."""
    reports = []
    for column, name in enumerate(names):
        scored = bool(once.defined[0, column])
        values = {metric: float(of[0, column]) for metric, of in once.values.items()} if scored else {}
        kept, positives = drawn.defined[:, column], int(labels[:, column].sum())
        reports.append(
            ClassReport(
                name=name,
                positives=positives,
                threshold=float(thresholds[column]),
                values=values,
                intervals={
                    key: interval(drawn.values[key][kept, column], value, replace(sample, rests_on=positives))
                    for key, value in values.items()
                },
                majority_ap=float(labels[:, column].double().mean()),
                few=0 < positives < FEW,
            )
        )
    return tuple(reports)


def scores_on_test(predictions: Predictions) -> dict[str, float]:
    """Metrics on test as they are logged.

    Returns:
        `test/<metric>`, `test/f1/<class>` and `test/ap/<class>`; the ends of the 95 % interval over shots, or runs,
        of each metric as `test/<metric>/low` and `test/<metric>/high`. Where a class is that of the misses, those of
        hit finding are among them, see `airybench.inference.hits`.
    """
    logits, labels = torch.from_numpy(predictions.logits), torch.from_numpy(predictions.labels)
    flat = score(logits, labels, predictions.class_names, predictions.label_kind).flat("test")
    weights, sample = predictions.resamples(SEED), predictions.sample
    for name, values in weighted_scores(logits, labels, predictions.label_kind, weights).items():
        if f"test/{name}" in flat:
            ends = interval(values, flat[f"test/{name}"], sample, metric=name)
            if math.isfinite(ends[0]):
                flat[f"test/{name}/low"], flat[f"test/{name}/high"] = ends
    return flat | {f"test/{name}": value for name, value in hit_scores(predictions, intervals=True).items()}


def require_thresholds(label_kind: str) -> None:
    """Refuse to tune thresholds where there are none.

    Raises:
        ConfigError: classes exclude each other, so that the largest logit decides.
    """
    if label_kind != "multilabel":
        raise ConfigError("thresholds are tuned for classes that may occur together; here the largest logit decides")


def untuned_classes(labels: Tensor, class_names: Sequence[str]) -> tuple[str, ...]:
    """Classes that have fewer than FEWEST_TO_TUNE positive shots on val, whose threshold stays at p = 0.5.

    Args:
        labels: of the validation split, 0/1, shape (N, C).
        class_names: C names.

    >>> untuned_classes(torch.eye(9)[:, :1].repeat(1, 2), ("Round", "Bent"))
    ('Round', 'Bent')
    """
    return tuple(name for name, few in zip(class_names, (labels.sum(0) < FEWEST_TO_TUNE).tolist(), strict=True) if few)


def tuned_thresholds(logits: Tensor, labels: Tensor, label_kind: str) -> Tensor:
    """Logit of each class above which its F1 is best on the validation split; 0 where it has too few positives there.

    Args:
        logits: logits of the validation split, shape (N, C).
        labels: its labels, 0/1, shape (N, C).
        label_kind: only `multilabel` has thresholds.

    Returns:
        float64, shape (C,): half way between the lowest logit above the threshold and the highest below it.

    Raises:
        ConfigError: classes exclude each other, so that the largest logit decides.
    """
    require_thresholds(label_kind)
    thresholds = torch.zeros(logits.shape[1], dtype=torch.float64)
    for column, (values, truth) in enumerate(zip(logits.double().unbind(1), labels.double().unbind(1), strict=True)):
        positives = truth.sum()
        if not FEWEST_TO_TUNE <= positives < len(truth):
            continue
        order = values.argsort(descending=True, stable=True)
        ranked = values[order]
        f1 = 2 * truth[order].cumsum(0) / (torch.arange(1, len(truth) + 1) + positives)
        ends = torch.cat([ranked[1:] != ranked[:-1], torch.tensor([True])])  # ties get the same decision
        last = int(torch.where(ends, f1, -1.0).argmax())
        below = ranked[last + 1] if last + 1 < len(ranked) else ranked[last] - 1
        thresholds[column] = (ranked[last] + below) / 2
    return thresholds


def decisions(logits: Tensor, label_kind: str, thresholds: Tensor | None = None) -> Tensor:
    """Decisions 0/1, shape (N, C), from logits (N, C), at thresholds (C,) where there are any."""
    return decide(logits if thresholds is None else logits.double() - thresholds, label_kind)
