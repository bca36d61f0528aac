"""Bootstrap over the shots of a split: every metric under many resamples at once."""

from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from airybench.training.metrics import decide

RESAMPLES = 1000


def resamples(count: int, seed: int, draws: int = RESAMPLES) -> Tensor:
    """How often each of `count` shots is drawn in each of `draws` resamples with replacement; float64, (draws, count).

    The same (count, seed) gives the same resamples, so that two networks scored on them are compared in pairs.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(count, (draws, count), generator=generator)
    return torch.zeros(draws, count, dtype=torch.float64).scatter_add_(1, rows, torch.ones(draws, count).double())


@dataclass(frozen=True)
class ClassDraws:
    """Metrics of every class under every weighting, each float64 of shape (B, C).

    Attributes:
        values: `ap`, `roc_auc`, `f1`, `precision`, `recall`.
        defined: where a class has a positive and a negative; elsewhere values mean nothing.
    """

    values: dict[str, Tensor]
    defined: Tensor

    def macro(self, name: str) -> Tensor:
        """Mean over the classes that are defined, shape (B,); NaN where there is none."""
        return torch.where(self.defined, self.values[name], 0.0).sum(1) / self.defined.sum(1)


def weighted_classes(logits: Tensor, labels: Tensor, label_kind: str, weights: Tensor) -> ClassDraws:
    """Metrics class by class under shot weights; arguments as those of `weighted_scores`."""
    weights, truth = weights.double(), labels.double()
    answers = decide(logits, label_kind).double()
    tp, positives, answered = weights @ (truth * answers), weights @ truth, weights @ answers
    ap, auc = _rankings(logits, truth, weights)
    values = {
        "ap": ap,
        "roc_auc": auc,
        "f1": _ratio(2 * tp, positives + answered),
        "precision": _ratio(tp, answered),
        "recall": _ratio(tp, positives),
    }
    return ClassDraws(values, (positives > 0) & (positives < weights.sum(1)[:, None]))


def weighted_scores(
    logits: Tensor, labels: Tensor, label_kind: str, weights: Tensor, classes: ClassDraws | None = None
) -> dict[str, Tensor]:
    """The metrics of `airybench.training.metrics.score` but the loss, under shot weights.

    Args:
        logits: shape (N, C).
        labels: 0/1, shape (N, C).
        label_kind: `multilabel` or `multiclass`.
        weights: non-negative, shape (B, N).
        classes: what `weighted_classes` gave for the same, if it is known.

    Returns:
        Per metric float64, shape (B,); NaN where a resample has no class with a positive and a negative.
    """
    classes = classes or weighted_classes(logits, labels, label_kind, weights)
    weights, truth = weights.double(), labels.double()
    answers = decide(logits, label_kind).double()
    total, right = weights.sum(1), (answers == truth).double()
    pooled_tp, pooled_p, pooled_a = (weights @ of.sum(1) for of in (truth * answers, truth, answers))
    cells = total * truth.shape[1]
    covariance = pooled_tp * cells - pooled_p * pooled_a
    spread = (pooled_p * (cells - pooled_p) * pooled_a * (cells - pooled_a)).sqrt()
    return {
        "macro_ap": classes.macro("ap"),
        "roc_auc": classes.macro("roc_auc"),
        "macro_f1": classes.macro("f1"),
        "precision": classes.macro("precision"),
        "recall": classes.macro("recall"),
        "micro_f1": _ratio(2 * pooled_tp, pooled_p + pooled_a),
        "accuracy": weights @ right.mean(1) / total,
        "exact_match": weights @ (right.sum(1) == truth.shape[1]).double() / total,
        "mcc": _ratio(covariance, spread),
    }


def interval(values: Tensor, point: float, level: float = 0.95) -> tuple[float, float]:
    """Bias-corrected percentile interval of the finite values; NaN where there are none.

    Macro averages over rare classes are biased in resamples (a class drops out, or a positive counts twice), which the
    plain percentile interval would inherit.

    Args:
        values: the metric in every resample, shape (B,).
        point: the metric on the shots themselves.
        level: coverage.

    Source: Efron, J. Am. Stat. Assoc. 82, 171 (1987), with zero acceleration.
    """
    kept = values[values.isfinite()].double()
    if not len(kept):
        return float("nan"), float("nan")
    normal = NormalDist()
    below = float(((kept < point).double() + 0.5 * (kept == point).double()).mean())
    shift = normal.inv_cdf(min(max(below, 0.5 / len(kept)), 1 - 0.5 / len(kept)))
    tail = normal.inv_cdf((1 - level) / 2)
    ends = [normal.cdf(2 * shift + tail), normal.cdf(2 * shift - tail)]
    low, high = torch.quantile(kept, torch.tensor(ends, dtype=torch.float64)).tolist()
    return low, high


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return torch.where(below > 0, above / below.clamp_min(1e-300), 0.0)


def _rankings(logits: Tensor, truth: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Average precision and ROC AUC of every class under every weighting, (B, C) each.

    Both are sums over positives alone, which are few: only where a positive stands are counts looked at.
    """
    ap, auc = [], []
    by_shot = weights.T.contiguous()  # one row per shot: sorting shots moves whole rows
    for column, hit in zip(logits.double().unbind(1), truth.unbind(1), strict=True):
        order = column.argsort(descending=True, stable=True)
        above = torch.cat(
            [torch.zeros_like(by_shot[:1]), by_shot[order].cumsum(0)]
        )  # row k: the k shots ranked highest
        # Shots that share a logit are answered together: only the ends of ties are operating points.
        ends = torch.cat([order.new_zeros(1), torch.unique_consecutive(column[order], return_counts=True)[1].cumsum(0)])
        places = (hit[order] > 0).nonzero()[:, 0]
        tie = torch.searchsorted(ends, places, right=True)  # the tie that each positive is in
        ties, members = torch.unique_consecutive(tie, return_counts=True)
        tp = torch.cat([torch.zeros_like(above[:1]), by_shot[order[places]].cumsum(0)[members.cumsum(0) - 1]])
        gained = torch.diff(tp, dim=0)
        fp_before, fp = above[ends[ties - 1]] - tp[:-1], above[ends[ties]] - tp[1:]
        positives, negatives = tp[-1], above[-1] - tp[-1]
        ap.append(_ratio((gained * _ratio(tp[1:], tp[1:] + fp)).sum(0), positives))
        auc.append(_ratio((gained * (negatives - (fp_before + fp) / 2)).sum(0), positives * negatives))
    return torch.stack(ap, 1), torch.stack(auc, 1)
