"""The majority baseline: what is reached without looking at the image."""

import torch
from torch import Tensor

from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.training.metrics import score


def majority_logits(training_labels: Tensor, count: int) -> Tensor:
    """Log-odds of each class's prevalence among the training shots, the same for every shot.

    The decisions are then the majority value of each label (multilabel) or the commonest class (multiclass), and the
    average precision of every class is its prevalence in the split that is scored.

    Args:
        training_labels: 0/1, shape (M, C).
        count: number N of shots to predict.

    Returns:
        float64, shape (N, C).

    >>> majority_logits(torch.tensor([[1, 0], [1, 0], [1, 1]]), 2) > 0
    tensor([[ True, False],
            [ True, False]])
    """
    positives = training_labels.double().sum(dim=0)
    # Half a shot on either side keeps classes that always or never occur finite.
    odds = (positives + 0.5) / (len(training_labels) - positives + 0.5)
    return odds.log().expand(count, -1)


def majority_scores(store: Store, split: Split) -> dict[str, float]:
    """Metrics of the majority baseline as they are logged: `majority/val/<metric>` and `majority/test/<metric>`."""
    labels = torch.from_numpy(store.labels())
    training = labels[torch.from_numpy(split.train)]
    logged: dict[str, float] = {}
    for part, rows in (("val", split.val), ("test", split.test)):
        truth = labels[torch.from_numpy(rows)]
        scores = score(majority_logits(training, len(truth)), truth, store.class_names, store.label_kind)
        logged |= {f"majority/{part}/{name}": value for name, value in scores.values.items()}
    return logged
