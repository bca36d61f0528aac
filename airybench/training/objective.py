"""The loss of the paper: sigmoid cross-entropy plus L1 and L2 on kernels, averaged over layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from airybench.config import TrainConfig


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Sigmoid cross-entropy, mean over shots and classes; one-hot labels are trained with it as well."""
    return F.binary_cross_entropy_with_logits(logits.float(), labels)


def kernels(network: nn.Module) -> list[Tensor]:
    """Weights of convolutions and dense layers, one a layer; biases and norms are not regularised."""
    return [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


class Penalty:
    """`mean over layers of (l1 * sum|w| + l2 * sum(w^2) / 2) + weight_decay * sum over layers of sum(w^2) / 2`.

    The gradient is added in closed form after the backward pass: no graph over every weight at every step.
    With AdamW the weight decay is the optimiser's own, decoupled one, and is left out here.
    """

    def __init__(self, network: nn.Module, config: TrainConfig) -> None:
        self._kernels = kernels(network)
        layers = max(1, len(self._kernels))
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
