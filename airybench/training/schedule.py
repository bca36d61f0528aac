"""The optimiser, and the schedule of the learning rate."""

import math
from bisect import bisect_right
from collections.abc import Mapping

import torch
from torch import nn

from airybench.config import TrainConfig
from airybench.training.loss import kernels

STEP_FACTOR = 0.1
"""[S] The paper divides the learning rate by ten at each milestone."""


def optimizer(network: nn.Module, config: TrainConfig, how: Mapping[str, bool] | None = None) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum as in the paper, or AdamW with weight decay on kernels only.

    Fused, each step reads and writes every weight once: on two CPU cores AdamW then takes a fifth of the time.

    Args:
        network: whose weights are updated.
        config: which of them, and its rates.
        how: torch's `fused` and `foreach`; the faster of those that work if left out.
    """
    if how is None:
        # A first step that float16 skips leaves the momentum of fused SGD without a value.
        how = {"foreach": True} if config.precision == "float16" else {"fused": True}
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0, **how
        )
    decayed = kernels(network)
    decayed_ids = {id(weight) for weight in decayed}
    others = [p for p in network.parameters() if id(p) not in decayed_ids]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(config.momentum, 0.999), **how)


def learning_rate(config: TrainConfig, epoch: float) -> float:
    """The learning rate at one point of the training.

    Args:
        config: the schedule.
        epoch: passes over the training shots since the start, with fractions.

    >>> config = TrainConfig(base_lr=0.128, batch_size=100, milestones=(30, 60))
    >>> [round(learning_rate(config, epoch), 6) for epoch in (0.0, 30.0, 75.5)]
    [0.1, 0.01, 0.001]
    """
    if epoch < config.warmup_epochs:
        return config.lr * (epoch + 1e-3) / config.warmup_epochs
    if config.schedule == "piecewise":
        return config.lr * STEP_FACTOR ** bisect_right(config.milestones, epoch)
    progress = (epoch - config.warmup_epochs) / max(1e-9, config.epochs - config.warmup_epochs)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
