"""Bootstrap over shots, or over whole runs: every metric in many resamples at once."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.training.metrics import decide

RESAMPLES = 1000


def resamples(count: int, seed: int, draws: int = RESAMPLES, groups: NDArray[np.int32] | None = None) -> Tensor:
    """How often each shot is drawn in each resample with replacement.

    Args:
        count: number of shots.
        seed: the same count and seed give the same resamples, so that two networks are compared on the same ones.
        draws: number of resamples.
        groups: run of each shot, shape (count,); whole runs are drawn then, as many as there are.

    Returns:
        float64, shape (draws, count).

    >>> weights = resamples(5, seed=0, draws=3)
    >>> weights.shape, weights.sum(dim=1)
    (torch.Size([3, 5]), tensor([5., 5., 5.], dtype=torch.float64))
    """
    if groups is not None:
        runs, member = np.unique(groups, return_inverse=True)
        return resamples(len(runs), seed, draws)[:, torch.from_numpy(member)]
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(count, (draws, count), generator=generator)
    return torch.zeros(draws, count, dtype=torch.float64).scatter_add_(1, rows, torch.ones(draws, count).double())


@dataclass(frozen=True)
class ClassDraws:
    """Metrics of every class under every weighting, each float64 of shape (B, C).

    Attributes:
        values: `ap`, `roc_auc`, `f1`, `precision`, `recall`.
        defined: where a class has a positive and a negative shot; elsewhere values mean nothing.
    """

    values: dict[str, Tensor]
    defined: Tensor

    def macro(self, name: str, kept: Tensor | None = None) -> Tensor:
        """Mean over the classes that are defined, and kept, shape (B,); NaN where there is none.

        Args:
            name: of the metric.
            kept: bool, shape (C,); all classes when left out.
        """
        counted = self.defined if kept is None else self.defined & kept
        return torch.where(counted, self.values[name], 0.0).sum(1) / counted.sum(1)


def weighted_classes(logits: Tensor, labels: Tensor, label_kind: str, weights: Tensor) -> ClassDraws:
    """Metrics of every class under shot weights; arguments as those of `weighted_scores`."""
    weights, truth = weights.double(), labels.double()
    decisions = decide(logits, label_kind).double()
    tp, positives, assigned = weights @ (truth * decisions), weights @ truth, weights @ decisions
    ap, auc = _rankings(logits, truth, weights)
    values = {
        "ap": ap,
        "roc_auc": auc,
        "f1": _ratio(2 * tp, positives + assigned),
        "precision": _ratio(tp, assigned),
        "recall": _ratio(tp, positives),
    }
    return ClassDraws(values, (positives > 0) & (positives < weights.sum(1)[:, None]))


def weighted_scores(
    logits: Tensor,
    labels: Tensor,
    label_kind: str,
    weights: Tensor,
    classes: ClassDraws | None = None,
    kept: Tensor | None = None,
) -> dict[str, Tensor]:
    """The metrics of `airybench.training.metrics.score` except the loss, under shot weights.

    Args:
        logits: shape (N, C).
        labels: 0/1, shape (N, C).
        label_kind: `multilabel` or `multiclass`.
        weights: non-negative, shape (B, N).
        classes: result of `weighted_classes` for the same arguments, where it is known already.
        kept: classes that macro averages are over, bool, shape (C,); all when left out.

    Returns:
        By metric, float64, shape (B,); NaN where a resample has no class with a positive and a negative shot.
    """
    classes = classes or weighted_classes(logits, labels, label_kind, weights)
    weights, truth = weights.double(), labels.double()
    decisions = decide(logits, label_kind).double()
    total, right = weights.sum(1), (decisions == truth).double()
    pooled_tp, pooled_p, pooled_a = (weights @ of.sum(1) for of in (truth * decisions, truth, decisions))
    cells = total * truth.shape[1]
    covariance = pooled_tp * cells - pooled_p * pooled_a
    spread = (pooled_p * (cells - pooled_p) * pooled_a * (cells - pooled_a)).sqrt()
    return {
        "macro_ap": classes.macro("ap", kept),
        "roc_auc": classes.macro("roc_auc", kept),
        "macro_f1": classes.macro("f1", kept),
        "precision": classes.macro("precision", kept),
        "recall": classes.macro("recall", kept),
        "micro_f1": _ratio(2 * pooled_tp, pooled_p + pooled_a),
        "accuracy": weights @ right.mean(1) / total,
        "exact_match": weights @ (right.sum(1) == truth.shape[1]).double() / total,
        "mcc": _ratio(covariance, spread),
    }


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return torch.where(below > 0, above / below.clamp_min(1e-300), 0.0)


def _rankings(logits: Tensor, truth: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Average precision and ROC AUC of every class under every weighting, shape (B, C) each.

    Both are sums over the positive shots, which are few: only their ranks are evaluated.
    """
    ap, auc = [], []
    by_shot = weights.T.contiguous()  # one row per shot, so that sorting shots moves whole rows
    for column, hit in zip(logits.double().unbind(1), truth.unbind(1), strict=True):
        order = column.argsort(descending=True, stable=True)
        # Row k holds the weight of the k shots with the highest logits.
        above = torch.cat([torch.zeros_like(by_shot[:1]), by_shot[order].cumsum(0)])
        # Shots with equal logits get the same decision: only the ends of ties are operating points.
        ends = torch.cat([order.new_zeros(1), torch.unique_consecutive(column[order], return_counts=True)[1].cumsum(0)])
        places = (hit[order] > 0).nonzero()[:, 0]
        tie = torch.searchsorted(ends, places, right=True)  # the tie of each positive shot
        ties, members = torch.unique_consecutive(tie, return_counts=True)
        tp = torch.cat([torch.zeros_like(above[:1]), by_shot[order[places]].cumsum(0)[members.cumsum(0) - 1]])
        gained = torch.diff(tp, dim=0)
        fp_before, fp = above[ends[ties - 1]] - tp[:-1], above[ends[ties]] - tp[1:]
        positives, negatives = tp[-1], above[-1] - tp[-1]
        ap.append(_ratio((gained * _ratio(tp[1:], tp[1:] + fp)).sum(0), positives))
        auc.append(_ratio((gained * (negatives - (fp_before + fp) / 2)).sum(0), positives * negatives))
    return torch.stack(ap, 1), torch.stack(auc, 1)
