"""Bootstrap over shots, or over whole runs: every metric in many resamples at once."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.inference.rankings import Ranking
from airybench.training.metrics import decide

RESAMPLES = 1000


CLASS_METRICS = ("ap", "roc_auc", "f1", "precision", "recall")
"""What is computed class by class."""

AT_ONCE = 64
"""Weightings that are evaluated together: few enough that their cumulative sums stay in the cache of a core."""


def resamples(count: int, seed: int, draws: int = RESAMPLES, groups: NDArray[np.int32] | None = None) -> Tensor:
    """How often each shot is drawn in each resample with replacement.

    Args:
        count: number of shots.
        seed: the same count and seed give the same resamples, so that two networks are compared on the same ones.
        draws: number of resamples.
        groups: run of each shot, shape (count,); whole runs are drawn then, as many as there are.

    Returns:
        uint8, shape (draws, count); do not change it, since the same tensor is returned again.

    >>> weights = resamples(5, seed=0, draws=3)
    >>> weights.shape, weights.sum(dim=1)
    (torch.Size([3, 5]), tensor([5, 5, 5]))
    """
    if groups is not None:
        runs, member = np.unique(groups, return_inverse=True)
        return resamples(len(runs), seed, draws)[:, torch.from_numpy(member)]
    return _drawn(count, seed, draws)


@lru_cache(maxsize=4)
def _drawn(count: int, seed: int, draws: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(count, (draws, count), generator=generator)
    counts = torch.zeros(draws, count, dtype=torch.uint8)
    return counts.scatter_add_(1, rows, torch.ones((), dtype=torch.uint8).expand_as(rows))


def weighted_sums(columns: Tensor, weights: Tensor) -> Tensor:
    """Sums over shots under every weighting, float64, shape (B, K).

    Args:
        columns: what is summed, shape (N, K).
        weights: shape (B, N), any type.

    >>> weighted_sums(torch.tensor([[1.0], [10.0]]), torch.tensor([[2, 1]]))
    tensor([[12.]], dtype=torch.float64)
    """
    columns = columns.double()
    return torch.cat([some.double() @ columns for some in weights.split(AT_ONCE)])


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
    truth, decisions = labels.double(), decide(logits, label_kind).double()
    sums = weighted_sums(
        torch.stack([truth * decisions, truth, decisions, torch.ones_like(truth)], 1).flatten(1), weights
    )
    tp, positives, assigned, total = sums.unflatten(1, (4, -1)).unbind(1)
    ap, auc = _rankings(logits, truth, weights)
    values = (ap, auc, _ratio(2 * tp, positives + assigned), _ratio(tp, assigned), _ratio(tp, positives))
    return ClassDraws(dict(zip(CLASS_METRICS, values, strict=True)), (positives > 0) & (positives < total))


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
    truth, decisions = labels.double(), decide(logits, label_kind).double()
    right = (decisions == truth).double()
    pooled = [(truth * decisions).sum(1), truth.sum(1), decisions.sum(1)]
    whole = (right.sum(1) == truth.shape[1]).double()
    columns = torch.stack([*pooled, right.mean(1), whole, torch.ones_like(whole)], 1)
    pooled_tp, pooled_p, pooled_a, right_mean, exact, total = weighted_sums(columns, weights).unbind(1)
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
        "accuracy": right_mean / total,
        "exact_match": exact / total,
        "mcc": _ratio(covariance, spread),
    }


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return torch.where(below > 0, above / below.clamp_min(1e-300), 0.0)


def _rankings(logits: Tensor, truth: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Average precision and ROC AUC of every class under every weighting, shape (B, C) each."""
    classes = zip(logits.double().numpy().T, truth.numpy().T, strict=True)
    rankings = [Ranking.of(*one) for one in classes]
    chunks = []
    for some in weights.split(AT_ONCE):
        by_shot = some.T.double().contiguous().numpy()
        chunks.append(torch.stack([torch.stack(ranking.scores(by_shot)) for ranking in rankings], 2))
    ap, auc = torch.cat(chunks, 1)
    return ap, auc
