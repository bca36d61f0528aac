"""Reliability of probabilities: how often labels hold over the probability that was predicted."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from airybench.inference.bootstrap import weighted_sums
from airybench.inference.spread import Sample, interval

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """How often labels hold over the probability that was predicted, all labels pooled; ten bins of equal width.

    Attributes:
        predicted: mean predicted probability in each bin, NaN where it is empty.
        observed: share of labels that hold there.
        counts: number of labels in each bin.
        error: expected calibration error, the mean of |predicted - observed| weighted by counts.
        brier: mean squared difference of probability and label.
        low: lower end of the 95 % interval of each share over shots, or runs; NaN where the bin is empty.
        high: upper end.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    counts: tuple[int, ...]
    error: float
    brier: float
    low: tuple[float, ...]
    high: tuple[float, ...]


def reliability(logits: Tensor, labels: Tensor, weights: Tensor, sample: Sample) -> Reliability:
    """Reliability of sigmoid probabilities, all labels pooled.

    Args:
        logits: shape (N, C).
        labels: 0/1, shape (N, C).
        weights: how often each shot is drawn, shape (B, N), resample by resample.
        sample: what the resamples were drawn from.

    Source: Guo et al., On calibration of modern neural networks, ICML (2017).
    """
    predicted, observed = torch.sigmoid(logits.double()), labels.double()
    place, empty = (predicted * BINS).long().clamp(0, BINS - 1), torch.zeros(len(labels), BINS, dtype=torch.float64)
    held, sums, number = (
        empty.scatter_add(1, place, values) for values in (observed, predicted, torch.ones_like(observed))
    )
    counts = number.sum(0)
    mean_predicted, mean_observed = sums.sum(0) / counts, held.sum(0) / counts
    gaps = torch.where(counts > 0, (mean_predicted - mean_observed).abs(), 0.0)
    drawn_held, drawn_number = weighted_sums(torch.cat([held, number], 1), weights).split(BINS, 1)
    draws = drawn_held / drawn_number
    # Labels of one bin may be of one shot: shots are what is drawn, and there may be few of them in a bin.
    shots = (number > 0).sum(0).tolist()
    ends = [interval(draws[:, i], float(mean_observed[i]), replace(sample, rests_on=shots[i])) for i in range(BINS)]
    return Reliability(
        tuple(mean_predicted.tolist()),
        tuple(mean_observed.tolist()),
        tuple(int(one) for one in counts),
        float((gaps * counts).sum() / counts.sum()),
        float((predicted - observed).square().mean()),
        tuple(low for low, _ in ends),
        tuple(high for _, high in ends),
    )
