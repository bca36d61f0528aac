"""The steps of a training: one epoch over the training shots, and the evaluation on val that follows."""

import math
import random
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from airybench.config import TrainConfig, TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.errors import DivergedError
from airybench.interrupts import Interrupts
from airybench.networks.activation import LogActivation
from airybench.training.device import arranged, precision
from airybench.training.distributed import Ranks
from airybench.training.epoch import Epoch
from airybench.training.loss import Loss, Penalty
from airybench.training.metrics import score
from airybench.training.replay import for_steps
from airybench.training.schedule import learning_rate, optimizer
from airybench.training.state import TrainingState


class Trainer:
    """Runs the epochs of one training and evaluates the network on val.

    Args:
        config: network and training.
        network: untrained, on `device`.
        data: the three splits, resident on `device`.
        device: where to train.
        accumulate: parts that each batch is split into on its way through the network.
        ranks: this process among those that share the training.
    """

    def __init__(
        self,
        config: TrialConfig,
        network: nn.Module,
        data: LoadedDataset,
        device: torch.device,
        accumulate: int,
        ranks: Ranks,
    ) -> None:
        self.config, self.data, self.device, self.ranks = config.training, data, device, ranks
        self.accumulate = accumulate
        scaler = torch.amp.GradScaler(device.type, enabled=self.config.precision == "float16")
        total = torch.zeros((), device=device)
        self.state = TrainingState(network, optimizer(network, self.config), scaler, device, total)
        self._loss, self._penalty = Loss(self.config, data.train.labels), Penalty(network, self.config)
        shots = min(self.config.batch_size, len(data.train))
        self._run = for_steps(network, config, device, shots, whole_batches=accumulate == 1 and ranks.world == 1)
        if ranks.world > 1:
            self._run = DistributedDataParallel(self._run, broadcast_buffers=False)
        self._learned = next((m for m in network.modules() if isinstance(m, LogActivation) and m.learned), None)
        self._rate = 0.0

    def run_epoch(self, interrupts: Interrupts) -> bool:
        """Train to the end of the current epoch.

        Returns:
            Whether an interrupt came before the end of the epoch.
        """
        state, began = self.state, time.perf_counter()
        state.network.train()
        shard = (self.ranks.rank, self.ranks.world)
        steps_per_epoch = max(1, len(self.data.train) // self.config.batch_size)
        batches = self.data.train.training_batches(self.config, state.epoch + 1, skip=state.steps, shard=shard)
        for images, labels in batches:
            self._rate = learning_rate(self.config, state.epoch + state.steps / steps_per_epoch)
            self._step(images, labels)
            state.steps += 1
            state.counted += 1
            # Several processes would have to wait for each other to agree here: they do so after the next evaluation.
            if interrupts.requested and self.ranks.world == 1 and state.steps < steps_per_epoch:
                state.seconds += time.perf_counter() - began
                return True
        state.epoch, state.steps = state.epoch + 1, 0
        if self.device.type == "cuda" and is_due(state.epoch, self.config):
            torch.cuda.synchronize(self.device)
        state.seconds += time.perf_counter() - began
        return False

    def _step(self, images: Tensor, labels: Tensor) -> None:
        """One step of the optimiser on one batch."""
        state = self.state
        for group in state.optimizer.param_groups:
            group["lr"] = self._rate
        state.optimizer.zero_grad(set_to_none=True)
        parts = list(zip(images.tensor_split(self.accumulate), labels.tensor_split(self.accumulate), strict=True))
        for number, (some, truth) in enumerate(parts):
            if not len(some):
                continue
            with self._local_gradients(number < len(parts) - 1):
                with precision(self.config, self.device):
                    loss = self._loss(self._run(arranged(some, self.config)), truth) * (len(some) / len(images))
                state.scaler.scale(loss).backward()
            state.total += loss.detach()  # stays on the device: the host does not wait inside an epoch
        state.scaler.unscale_(state.optimizer)
        self._penalty.add_gradients()
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(state.network.parameters(), self.config.clip_norm)
        state.scaler.step(state.optimizer)
        state.scaler.update()

    def _local_gradients(self, local: bool) -> AbstractContextManager[Any]:
        """Processes exchange gradients with the last part of a batch only; those of earlier parts stay local."""
        return self._run.no_sync() if local and isinstance(self._run, DistributedDataParallel) else nullcontext()

    def evaluate(self) -> Epoch:
        """Evaluate the network on val.

        Raises:
            DivergedError: a loss is not finite.
        """
        state, data = self.state, self.data
        mean = float(self.ranks.mean(state.total / max(1, state.counted)) + self._penalty.value())
        if not math.isfinite(mean):
            raise DivergedError(
                f"the loss became {mean} in epoch {state.epoch} at learning rate {self._rate:.3g}; "
                "try a smaller base_lr or more warmup_epochs"
            )
        speed = state.counted * min(self.config.batch_size, len(data.train)) / max(state.seconds, 1e-9)

        def scored() -> Epoch:
            logits = split_logits(state.network, data.val, self.config, self.device)
            val = score(logits, data.val.labels.cpu(), data.class_names, data.label_kind)
            if not math.isfinite(val.values["loss"]):
                raise DivergedError(
                    f"the val loss became {val.values['loss']} in epoch {state.epoch}; try a smaller base_lr"
                )
            alpha = float(self._learned.scale().detach()) if self._learned else None
            return Epoch(state.epoch, self._rate, mean, speed, val, alpha)

        epoch = self.ranks.shared(scored)
        state.epochs.append(epoch)
        state.total, state.counted, state.seconds = torch.zeros_like(state.total), 0, 0.0
        return epoch


def is_due(epoch: int, config: TrainConfig) -> bool:
    """Whether the network is evaluated on val after this epoch, counted from 1."""
    return epoch % config.evaluate_every == 0 or epoch == config.epochs


def is_finished(state: TrainingState, config: TrainConfig) -> bool:
    """Whether all epochs are done, or `patience` evaluations in a row have brought no better one."""
    waited = len(state.epochs) - 1 - state.epochs.index(state.best) if state.best else 0
    return state.epoch >= config.epochs or 0 < config.patience <= waited


@torch.no_grad()
def split_logits(network: nn.Module, split: LoadedSplit, config: TrainConfig, device: torch.device) -> Tensor:
    """Logits of all shots of a split, with the network in evaluation mode; float32 on the host, shape (N, C)."""
    network.eval()
    with precision(config, device):
        return torch.cat([network(arranged(batch, config)).float().cpu() for batch in split.evaluation_batches()])


def seed_generators(seed: int) -> None:
    """Seed the global random generators of Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - some libraries still draw from the global generator
    torch.manual_seed(seed)
