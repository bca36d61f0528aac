"""Hit or miss: how well predictions tell shots with a particle from those without.

A hit is a shot that is not `Empty` (helium) or not `Background` (cxidb). Every network that knows such a class is a hit
finder as well, and is scored as one here.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from airybench.config import SEED
from airybench.data.store.labels import miss_column
from airybench.inference.bootstrap import weighted_classes, weighted_sums
from airybench.inference.predictions import Predictions
from airybench.inference.spread import interval

HIT = ("hit",)
"""The one class of predictions that only say hit or miss."""

HIT_METRICS = ("hit_precision", "hit_recall", "hit_balanced_accuracy", "hit_roc_auc", "hit_ap")
"""How hit finding is scored. Recall is the share of the hits that are found, precision the share of those called hits
that are; balanced accuracy is the mean of the shares of the hits and of the misses that are told rightly."""


HIT_FEWEST = "hit_fewest"
"""Number of shots of the rarer of hits and misses, which the intervals rest on."""


def as_hits(predictions: Predictions) -> Predictions | None:
    """Predictions of classes as predictions of hits, of one class; None where no class is that of the misses.

    A multilabel network calls a shot a hit where the probability of the miss class is at most 0.5, a multiclass one
    where another class is more probable; the logit is minus that of the miss class, or what the largest of the others
    is above it.

    >>> logits = np.array([[2.0, -1.0], [-3.0, 1.0]], np.float32)
    >>> labels = np.array([[1, 0], [0, 1]], np.uint8)
    >>> found = Predictions(np.arange(2), logits, labels, ("Round", "Empty"), "multiclass")
    >>> as_hits(found).logits.ravel(), as_hits(found).labels.ravel()
    (array([ 3., -4.], dtype=float32), array([1, 0], dtype=uint8))
    """
    if predictions.class_names == HIT:
        return predictions
    column = miss_column(predictions.class_names)
    if column is None:
        return None
    logits = -predictions.logits[:, [column]]
    if predictions.label_kind == "multiclass":
        logits = logits + np.delete(predictions.logits, column, axis=1).max(axis=1, initial=-np.inf, keepdims=True)
    labels = 1 - predictions.labels[:, [column]] if predictions.labels.shape[1] else predictions.labels
    return replace(predictions, logits=logits, labels=labels, class_names=HIT, label_kind="multilabel")


def hit_scores(predictions: Predictions, *, intervals: bool = False) -> dict[str, float]:
    """Scores of hit finding by their names in HIT_METRICS; empty where there are no hits or no misses to be told apart.

    Args:
        predictions: labelled, of any classes.
        intervals: give the ends of 95 % intervals over shots, or runs, as well, as `<metric>/low` and `<metric>/high`,
            and HIT_FEWEST.
    """
    hits = as_hits(predictions)
    if hits is None or not 0 < int(hits.labels.sum()) < len(hits):
        return {}
    weights, number = torch.ones(1, len(hits)).double(), int(hits.labels.sum())
    rarer = min(number, len(hits) - number)
    found = {name: float(values[0]) for name, values in _scores(hits, weights).items()}
    if intervals:
        for name, values in _scores(hits, hits.resamples(SEED)).items():
            found[f"{name}/low"], found[f"{name}/high"] = interval(
                values, found[name], replace(hits.sample, rests_on=rarer)
            )
        found[HIT_FEWEST] = rarer
    return found


def _scores(hits: Predictions, weights: torch.Tensor) -> dict[str, torch.Tensor]:
    """Every metric under every weighting of the shots, (B,); NaN where a resample has no hit or no miss."""
    logits, labels = torch.from_numpy(hits.logits), torch.from_numpy(hits.labels)
    drawn = weighted_classes(logits, labels, hits.label_kind, weights)
    is_miss = 1 - labels[:, :1].double()
    misses, rejected = weighted_sums(torch.cat([is_miss, is_miss * (logits[:, :1] <= 0)], 1), weights).unbind(1)
    values = {
        "hit_precision": drawn.values["precision"][:, 0],
        "hit_recall": drawn.values["recall"][:, 0],
        "hit_balanced_accuracy": (drawn.values["recall"][:, 0] + rejected / misses) / 2,
        "hit_roc_auc": drawn.values["roc_auc"][:, 0],
        "hit_ap": drawn.values["ap"][:, 0],
    }
    return {name: torch.where(drawn.defined[:, 0], value, torch.nan) for name, value in values.items()}


def logged_hits(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    """The scores of hit finding among logged metrics, by their names in HIT_METRICS and with the ends of intervals.

    Args:
        metrics: by key.
        prefix: of the keys.

    Returns:
        Empty unless all of HIT_METRICS are there.

    >>> logged_hits({f"test/{name}": 0.5 for name in HIT_METRICS}, "test/")["hit_ap"], logged_hits({}, "test/")
    (0.5, {})
    """
    names = [name for metric in HIT_METRICS for name in (metric, f"{metric}/low", f"{metric}/high")] + [HIT_FEWEST]
    found = {name: metrics[prefix + name] for name in names if prefix + name in metrics}
    return found if all(metric in found for metric in HIT_METRICS) else {}
