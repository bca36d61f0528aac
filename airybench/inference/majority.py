"""The majority baseline: what is reached without looking at the image."""

from torch import Tensor


def majority_logits(training_labels: Tensor, count: int) -> Tensor:
    """Log-odds of each class's prevalence among the training shots, the same for every shot.

    The decisions are then the majority value of each label (multilabel) or the commonest class (multiclass), and the
    average precision of every class is its prevalence in the split that is scored.

    Args:
        training_labels: 0/1, shape (M, C).
        count: number N of shots to answer for.

    Returns:
        float64, shape (N, C).
    """
    positives = training_labels.double().sum(dim=0)
    # Half a shot on either side keeps classes that always or never occur finite.
    odds = (positives + 0.5) / (len(training_labels) - positives + 0.5)
    return odds.log().expand(count, -1)
