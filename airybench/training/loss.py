"""The loss of the paper, sigmoid cross-entropy with L1 and L2 penalties on kernels, and its variants."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from airybench.config import TrainConfig

MAX_WEIGHT = 100.0
"""Largest weight of a positive with balanced classes; its inverse is the smallest."""


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Sigmoid cross-entropy, averaged over shots and classes; also used for one-hot labels.

    Args:
        logits: shape (N, C).
        labels: 0/1, float, shape (N, C).

    >>> round(cross_entropy(torch.zeros(2, 3), torch.ones(2, 3)).item(), 4)  # ln 2
    0.6931
    """
    return F.binary_cross_entropy_with_logits(logits.float(), labels)


class Loss:
    """Sigmoid cross-entropy or focal loss, averaged over shots and classes.

    Args:
        config: which of them, and how classes are weighted.
        labels: of the training shots, 0/1, shape (N, C). With balanced class weights the positives of a class weigh as
            much in total as its negatives, but each at most `MAX_WEIGHT` times as much.

    Source: Lin et al., Focal loss for dense object detection, ICCV (2017), without its alpha.
    """

    def __init__(self, config: TrainConfig, labels: Tensor) -> None:
        self._gamma = config.focal_gamma if config.loss == "focal" else 0.0
        self._positive: Tensor | None = None
        if config.class_weights == "balanced":
            positives = labels.sum(dim=0)
            self._positive = ((len(labels) - positives) / positives.clamp_min(1.0)).clamp(1 / MAX_WEIGHT, MAX_WEIGHT)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of a batch of logits (N, C), a scalar."""
        logits = logits.float()
        if not self._gamma:
            return F.binary_cross_entropy_with_logits(logits, labels, pos_weight=self._positive)
        each = F.binary_cross_entropy_with_logits(logits, labels, pos_weight=self._positive, reduction="none")
        missed = torch.sigmoid(torch.where(labels > 0, -logits, logits))  # probability of the wrong answer
        return (missed**self._gamma * each).mean()


def kernels(network: nn.Module) -> list[Tensor]:
    """Weights of convolutions and dense layers, one tensor per layer; biases and norms are not regularised."""
    return [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


class Penalty:
    """`mean over layers of (l1 * sum|w| + l2 * sum(w^2) / 2) + weight_decay * sum over layers of sum(w^2) / 2`.

    With `penalty = sum` the first part is a sum over layers, too. The gradient is added in closed form after the
    backward pass, so that no step needs a graph over all weights. AdamW has its own, decoupled weight decay, which is
    left out here.

    Args:
        network: whose kernels are penalised.
        config: weights of the penalties.
    """

    def __init__(self, network: nn.Module, config: TrainConfig) -> None:
        self._kernels = kernels(network)
        layers = max(1, len(self._kernels)) if config.penalty == "mean" else 1
        self._l1 = config.l1 / layers
        self._l2 = config.l2 / layers + (config.weight_decay if config.optimizer == "sgd" else 0.0)

    @torch.no_grad()
    def add_gradients(self) -> None:
        """Add the gradient of the penalty to the gradient of every kernel."""
        trained = [weight for weight in self._kernels if weight.grad is not None]
        weights = [weight.detach() for weight in trained]
        gradients = [weight.grad for weight in trained if weight.grad is not None]
        if self._l2:
            torch._foreach_add_(gradients, weights, alpha=self._l2)
        if self._l1:
            torch._foreach_add_(gradients, torch._foreach_sign(weights), alpha=self._l1)

    @torch.no_grad()
    def value(self) -> Tensor:
        """The value of the penalty, a scalar on the device of the network."""
        total = torch.zeros((), device=self._kernels[0].device)
        for weight in self._kernels:
            total += self._l1 * weight.abs().sum() + 0.5 * self._l2 * weight.square().sum()
        return total
