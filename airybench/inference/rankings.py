"""Average precision and ROC AUC of every class under many weightings of the shots, from one sort."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

TINY = 1e-300
"""In place of a denominator of 0, where the numerator is 0 as well."""


@dataclass(frozen=True)
class Ranking:
    """The shots of one class from the highest logit to the lowest, cut at each level that has a positive shot.

    Shots with equal logits are on one level, since they get the same decision: only the ends of levels are operating
    points. The cuts are kept as sparse matrices of ones, so that a product with weights (N, B) sums the weights
    between cuts for all B weightings at once.

    Attributes:
        positives: the positive shots of each level, shape (T, N).
        negatives: the negative shots above each level, those of the level after them where it has some, and at last
            those below all levels: shape (T + 1, N), or (2 T + 1, N).
        tied: whether a level has both positive and negative shots.
    """

    positives: csr_array
    negatives: csr_array
    tied: bool

    @classmethod
    def of(cls, logits: NDArray[np.float64], truth: NDArray[np.float64]) -> "Ranking":
        """Sort the shots of one class.

        Args:
            logits: shape (N,).
            truth: 0 or 1, shape (N,).
        """
        order = np.argsort(-logits, kind="stable")
        ranked, positive = logits[order], truth[order] > 0
        tie = np.cumsum(np.append(True, ranked[1:] != ranked[:-1])) - 1
        is_level = np.bincount(tie[positive], minlength=tie[-1] + 1) > 0
        on_level = is_level[tie]
        above: NDArray[np.int64] = (np.cumsum(is_level) - is_level)[tie]  # levels above that of a shot
        levels, tied = int(is_level.sum()), bool((on_level & ~positive).any())
        row = 2 * above + on_level if tied else above
        rows = (2 if tied else 1) * levels + 1
        return cls(
            _sums(order[positive], above[positive], (levels, len(order))),
            _sums(order[~positive], row[~positive], (rows, len(order))),
            tied,
        )

    def scores(self, weights: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        """Average precision and ROC AUC under each weighting; 0 where there is no positive, or no negative, shot.

        Args:
            weights: shape (N, B).

        Returns:
            float64, shape (B,) each.
        """
        # PyTorch sums down the rows of a matrix several times faster than NumPy does.
        gained, fp = torch.from_numpy(self.positives @ weights), torch.from_numpy(self.negatives @ weights).cumsum(0)
        if not len(gained):
            return gained.sum(0), gained.sum(0)
        tp, negatives = gained.cumsum(0), fp[-1]
        fp_before, fp = (fp[:-1:2], fp[1::2]) if self.tied else (fp[:-1], fp[:-1])
        positives = tp[-1]
        auc = positives * negatives - (gained * (fp_before + fp)).sum(0) / 2
        precision = tp / (tp + fp).clamp_min_(TINY)
        ap = (gained * precision).sum(0) / positives.clamp_min(TINY)
        return ap, auc / (positives * negatives).clamp_min_(TINY)


def _sums(shots: NDArray[np.int64], rows: NDArray[np.int64], shape: tuple[int, int]) -> csr_array:
    """A matrix of ones at the shots of each row; `rows` rises."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return csr_array((np.ones(len(shots)), shots, starts), shape=shape)
