"""The loss of the paper, sigmoid cross-entropy plus L1 and L2 on kernels averaged over layers, and its variants."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from airybench.config import TrainConfig


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Sigmoid cross-entropy, mean over shots and classes; one-hot labels are trained with it as well."""
    return F.binary_cross_entropy_with_logits(logits.float(), labels)


class Loss:
    """What is minimised beside the penalty: sigmoid cross-entropy or focal loss, mean over shots and classes.

    Args:
        config: which, and how classes are weighted.
        labels: of the training shots, 0/1, shape (N, C); `balanced` makes the positives of a class weigh as much as
            its negatives together, at most a hundredfold each.

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


MAX_WEIGHT = 100.0


def kernels(network: nn.Module) -> list[Tensor]:
    """Weights of convolutions and dense layers, one a layer; biases and norms are not regularised."""
    return [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


class Penalty:
    """`mean over layers of (l1 * sum|w| + l2 * sum(w^2) / 2) + weight_decay * sum over layers of sum(w^2) / 2`.

    With `penalty = sum` the first part is a sum over layers as well.

    The gradient is added in closed form after the backward pass: no graph over every weight at every step.
    With AdamW the weight decay is the optimiser's own, decoupled one, and is left out here.
    """

    def __init__(self, network: nn.Module, config: TrainConfig) -> None:
        self._kernels = kernels(network)
        layers = max(1, len(self._kernels)) if config.penalty == "mean" else 1
        self._l1 = config.l1 / layers
        self._l2 = config.l2 / layers + (config.weight_decay if config.optimizer == "sgd" else 0.0)

    @torch.no_grad()
    def add_gradients(self) -> None:
        """Add the gradient of the penalty to every kernel's."""
        trained = [weight for weight in self._kernels if weight.grad is not None]
        weights = [weight.detach() for weight in trained]
        gradients = [weight.grad for weight in trained if weight.grad is not None]
        if self._l2:
            torch._foreach_add_(gradients, weights, alpha=self._l2)
        if self._l1:
            torch._foreach_add_(gradients, torch._foreach_sign(weights), alpha=self._l1)

    @torch.no_grad()
    def value(self) -> Tensor:
        """The penalty itself, a scalar on the network's device."""
        total = torch.zeros((), device=self._kernels[0].device)
        for weight in self._kernels:
            total += self._l1 * weight.abs().sum() + 0.5 * self._l2 * weight.square().sum()
        return total
