"""The lit-pixel rule: a shot is a hit if more of its pixels are lit than those of most other shots of its run.

It needs no training and no labels, and runs at every facility, so it is what a network has to beat at hit finding. It
assumes that most shots of a run are misses: where most are hits, the threshold lies above them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SPREADS = 4.0
"""Robust standard deviations above the median of a run from which on a shot is a hit."""

IQR_OF_NORMAL = 1.349
"""Interquartile range of a normal distribution in standard deviations."""

FEWEST_SHOTS = 20
"""Shots of a run that have a median and quartiles of their own; smaller runs take those of all shots."""

LEVELS = (0.5, 0.9, 0.99, 0.999, 1.0)
"""Shares of the pixels of a miss that stay dark, for the counts that the count of a lit pixel is chosen from."""


def lit_numbers(images: Tensor, counts: Sequence[float]) -> Tensor:
    """How many pixels of each image are above each of some counts.

    Args:
        images: counts, shape (N, S, S).
        counts: K counts above which a pixel is lit.

    Returns:
        int64, shape (N, K).

    >>> lit_numbers(torch.tensor([[[0.0, 1.0], [2.0, 9.0]]]), [0, 1, 5])
    tensor([[3, 2, 1]])
    """
    pixels = images.flatten(1)
    return torch.stack([(pixels > count).sum(dim=1) for count in counts], dim=1)


def pixel_levels(images: Tensor) -> Tensor:
    """The counts that LEVELS of the pixels of each image do not exceed: pixels of that rank, not interpolated.

    Args:
        images: counts, shape (N, S, S).

    Returns:
        Shape (N, K).
    """
    pixels = images.flatten(1).sort(dim=1).values
    return pixels[:, [round(share * (pixels.shape[1] - 1)) for share in LEVELS]]


def hit_logits(numbers: NDArray[np.float64], runs: NDArray[np.int32]) -> NDArray[np.float64]:
    """By how much the number of lit pixels of each shot is above the threshold of its run.

    The threshold of a run is median + 4 IQR / 1.349 of the numbers of all its shots; a shot above it is a hit. The
    difference is divided by IQR / 1.349 of the run, or by 1 pixel where that is smaller, so that shots of different
    runs can be put in one order.

    Args:
        numbers: of lit pixels of each shot, shape (N,).
        runs: which run it is from, shape (N,).

    Returns:
        Shape (N,), above 0 for a hit.

    >>> hit_logits(np.array([10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 50.0] * 3), np.zeros(21, np.int32))[:7] > 0
    array([False, False, False, False, False, False,  True])

    Source: the hit finder for single particles of the European XFEL's data reduction, with its adaptive threshold:
    git.xfel.eu, dataAnalysis/data-reduction, merge request 21, and calibration/pycalibration, merge request 988. A
    fixed number of pixels above a threshold is that of Cheetah: Barty et al., J. Appl. Cryst. 47, 1118 (2014).
    """
    logits = np.empty(len(numbers))
    for run in np.unique(runs):
        own = runs == run
        judged = numbers[own] if own.sum() >= FEWEST_SHOTS else numbers
        low, middle, high = np.percentile(judged, [25, 50, 75])
        spread = (high - low) / IQR_OF_NORMAL
        logits[own] = (numbers[own] - (middle + SPREADS * spread)) / max(spread, 1.0)
    return logits
