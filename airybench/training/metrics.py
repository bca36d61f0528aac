"""Metrics of one split, computed by torchmetrics: ranking metrics from logits, decisions at p > 0.5 or by argmax."""

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics.functional import classification as tm

from airybench.paths import slug
from airybench.training.loss import cross_entropy


@dataclass(frozen=True)
class Scores:
    """Metrics of one split.

    Attributes:
        values: `loss`, `macro_ap`, ..., by the names of `airybench.config.METRICS`, and `classes_scored`.
        f1: F1 score by class, without undefined ones.
        ap: average precision by class, without undefined ones.
    """

    values: dict[str, float]
    f1: dict[str, float]
    ap: dict[str, float]

    def flat(self, prefix: str) -> dict[str, float]:
        """All metrics by the keys under which they are logged, such as `val/macro_ap` and `val/f1/Round`."""
        flat = {f"{prefix}/{name}": value for name, value in self.values.items()}
        flat |= {f"{prefix}/f1/{slug(name)}": value for name, value in self.f1.items()}
        return flat | {f"{prefix}/ap/{slug(name)}": value for name, value in self.ap.items()}


def decide(logits: Tensor, label_kind: str) -> Tensor:
    """Decisions from logits: p > 0.5 for `multilabel`, the largest logit for `multiclass`.

    Args:
        logits: shape (N, C).
        label_kind: `multilabel` or `multiclass`.

    Returns:
        0/1, int64, shape (N, C).

    >>> decide(torch.tensor([[2.0, 1.0, -1.0]]), "multilabel"), decide(torch.tensor([[2.0, 1.0, -1.0]]), "multiclass")
    (tensor([[1, 1, 0]]), tensor([[1, 0, 0]]))
    """
    if label_kind == "multilabel":
        return (logits > 0).long()
    return torch.nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1])


def scored_classes(labels: Tensor) -> Tensor:
    """Classes with at least one positive and one negative shot; ranking metrics are undefined for the others.

    Args:
        labels: 0/1, shape (N, C).

    Returns:
        Boolean, shape (C,).

    >>> scored_classes(torch.tensor([[1, 1, 0], [0, 1, 0]]))
    tensor([ True, False, False])
    """
    positives = labels.sum(dim=0)
    return (positives > 0) & (positives < len(labels))


def dense_ranks(logits: Tensor) -> Tensor:
    """Dense ranks of the logits of each class, in [0, 1), float64, shape (N, C); equal logits have equal ranks.

    Ranking metrics depend on the order only. Unlike probabilities, ranks do not saturate into ties, and torchmetrics
    does not mistake them for logits, which it would pass through a sigmoid.

    >>> dense_ranks(torch.tensor([[-80.0], [80.0], [81.0], [80.0]]))[:, 0]
    tensor([0.0000, 0.2500, 0.5000, 0.2500], dtype=torch.float64)
    """
    columns = [torch.unique(column, return_inverse=True)[1] for column in logits.double().unbind(dim=1)]
    return torch.stack(columns, dim=1).double() / max(1, len(logits))


def matthews(answers: Tensor, truth: Tensor) -> float:
    """Matthews correlation of two 0/1 tensors of the same shape, pooled over all elements.

    It is 0 if either tensor is constant, as in scikit-learn. torchmetrics instead gives up to a few hundredths for
    constant answers, and 1 if they are all correct.

    >>> matthews(torch.tensor([1, 1, 0, 0]), torch.tensor([1, 0, 0, 0]))
    0.5773502691896258
    """
    cells = truth.numel()
    hits, positives, answered = (float(t.sum()) for t in (answers * truth, truth, answers))
    spread = math.sqrt(positives * (cells - positives) * answered * (cells - answered))
    return (hits * cells - positives * answered) / spread if spread else 0.0


def score(logits: Tensor, labels: Tensor, class_names: tuple[str, ...], label_kind: str) -> Scores:
    """All metrics of one split.

    Args:
        logits: float, shape (N, C).
        labels: 0/1, shape (N, C).
        class_names: C names.
        label_kind: `multilabel` or `multiclass` (labels one-hot).

    Returns:
        The scores. Macro values are averages over the scored classes; the precision of a class without positive
        answers is 0, as with scikit-learn's `zero_division=0`.
    """
    truth = labels.long()
    answers = decide(logits, label_kind)
    mask = scored_classes(truth)
    names = [name for name, kept in zip(class_names, mask.tolist(), strict=True) if kept]
    values = {
        "loss": float(cross_entropy(logits, labels.float())),
        "accuracy": float((answers == truth).double().mean()),
        "exact_match": float((answers == truth).all(dim=1).double().mean()),
        "micro_f1": float(tm.binary_f1_score(answers.flatten(), truth.flatten())),
        "mcc": matthews(answers, truth),
        "classes_scored": float(len(names)),
    }
    if not names:
        return Scores(values, {}, {})
    answers, truth, order = answers[:, mask], truth[:, mask], dense_ranks(logits[:, mask])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "no positive answers": the documented 0
        ap = [tm.binary_average_precision(order[:, c], truth[:, c]) for c in range(len(names))]
        auc = [tm.binary_auroc(order[:, c], truth[:, c]) for c in range(len(names))]
        f1 = [tm.binary_f1_score(answers[:, c], truth[:, c]) for c in range(len(names))]
        precision = [tm.binary_precision(answers[:, c], truth[:, c]) for c in range(len(names))]
        recall = [tm.binary_recall(answers[:, c], truth[:, c]) for c in range(len(names))]
    columns = {"macro_ap": ap, "roc_auc": auc, "macro_f1": f1, "precision": precision, "recall": recall}
    values |= {key: float(torch.stack(column).double().mean()) for key, column in columns.items()}
    return Scores(values, dict(zip(names, map(float, f1), strict=True)), dict(zip(names, map(float, ap), strict=True)))
