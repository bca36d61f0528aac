"""Optimiser and course of the learning rate."""

import math
from bisect import bisect_right

import torch
from torch import nn

from airybench.config import TrainConfig
from airybench.training.loss import kernels

STEP_FACTOR = 0.1  # the paper divides by ten at each milestone


def optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum as in the paper, or AdamW."""
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0, foreach=True
        )
    decayed = kernels(network)
    known = {id(weight) for weight in decayed}
    others = [p for p in network.parameters() if id(p) not in known]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(config.momentum, 0.999), foreach=True)


def learning_rate(config: TrainConfig, epoch: float) -> float:
    """Learning rate at a point of the training, `epoch` in passes since the start, a fraction within one."""
    if epoch < config.warmup_epochs:
        return config.lr * (epoch + 1e-3) / config.warmup_epochs
    if config.schedule == "piecewise":
        return config.lr * STEP_FACTOR ** bisect_right(config.milestones, epoch)
    done = (epoch - config.warmup_epochs) / max(1e-9, config.epochs - config.warmup_epochs)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
