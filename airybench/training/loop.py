"""One training: epochs, looks at val, the best weights kept, checkpoints on the way."""

import math
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from airybench.config import METRICS, TrainConfig, TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.errors import DivergedError
from airybench.networks.activation import LogActivation
from airybench.networks.build import build
from airybench.training.allocator import keep_freed_memory
from airybench.training.checkpoint import Checkpoints
from airybench.training.device import arranged, channels_last, memory, precision
from airybench.training.distributed import Ranks, require_gpus
from airybench.training.epoch import Epoch
from airybench.training.loss import Loss, Penalty
from airybench.training.metrics import score
from airybench.training.schedule import learning_rate, optimizer
from airybench.training.signals import Interrupts
from airybench.training.state import TrainingState


@dataclass(frozen=True)
class Trained:
    """A network with the weights of its best epoch, and the course that led there."""

    network: nn.Module
    best: Epoch
    epochs: tuple[Epoch, ...]


def train(
    config: TrialConfig,
    data: LoadedDataset,
    device: torch.device,
    *,
    metric: str = "macro_ap",
    direction: str | None = None,
    on_epoch: Callable[[Epoch], bool | None] = lambda epoch: None,
    on_resume: Callable[[tuple[Epoch, ...]], None] = lambda epochs: None,
    checkpoints: Checkpoints | None = None,
    accumulate: int = 1,
    ranks: Ranks | None = None,
    sync_bn: bool = False,
) -> Trained:
    """Train one network.

    Args:
        config: network and training; the data part was used to make `data`.
        data: the three parts, resident on `device`.
        device: where to train.
        metric: which val metric names the best epoch.
        direction: `max` or `min`; by default the metric's own.
        on_epoch: called after each look at val, on the host; True ends the training there, and it may raise to give
            it up.
        on_resume: called with the looks that a checkpoint held, before the training goes on from there.
        checkpoints: where to save and from where to go on; nothing is saved when left out.
        accumulate: parts that each batch is taken through the network in; the step is that of the whole batch, but
            batch norm sees a part at a time.
        ranks: this process among those that share the training; alone when left out.
        sync_bn: batch-norm statistics over all processes, on GPUs.

    Raises:
        DivergedError: the loss became NaN or infinite.
        OutOfMemoryError: network and batch do not fit the device.
        KeyboardInterrupt: Ctrl-C or SIGTERM, between two steps and with a checkpoint written.
        DataError: a checkpoint is of another version or training.
    """
    sign = 1.0 if (direction or METRICS[metric]) == "max" else -1.0
    ranks = ranks or Ranks()
    ranks.require(min(config.training.batch_size, len(data.train)))
    require_gpus(sync_bn, device)
    keep_freed_memory(device)
    _seed(config.training.seed)
    with memory(config), Interrupts() as interrupts:
        network = build(config.network, len(data.class_names), config.data.image_size).to(device)
        if channels_last(config.training, device):
            network = network.to(memory_format=torch.channels_last)
        if sync_bn:
            from timm.layers import convert_sync_batchnorm

            network = convert_sync_batchnorm(network)
        if ranks.world > 1:
            _seed(config.training.seed + ranks.rank)  # equal weights, but dropout of one's own
        course = _Course(config, network, data, device, accumulate, ranks)
        state = course.state
        held = ranks.shared(lambda: checkpoints.load() if checkpoints else None)
        if held:
            state.restore(*held)
            if not ranks.lead:  # the state held is the lead's, and dropout is to be each one's own
                torch.manual_seed((config.training.seed + ranks.rank) * 1_000_003 + state.epoch)
            on_resume(tuple(state.epochs))
        stopped, ended = False, _ended(state, config.training)
        while not (stopped or ended):
            stopped = course.epoch(interrupts)
            if not stopped and _is_due(state.epoch, config.training):
                epoch = course.look()
                if state.best is None or _value(epoch, metric, sign) > _value(state.best, metric, sign):
                    state.best = epoch
                    state.best_weights = {key: value.detach().clone() for key, value in network.state_dict().items()}
                ended = ranks.any(bool(on_epoch(epoch))) or _ended(state, config.training)
                stopped = ranks.any(interrupts.wished)
                if checkpoints and ranks.lead and not stopped and (ended or checkpoints.due()):
                    checkpoints.save(state.tensors(), state.facts())
        if stopped:
            if checkpoints and ranks.lead:
                checkpoints.save(state.tensors(), state.facts())
            raise KeyboardInterrupt
        assert state.best is not None
        network.load_state_dict(state.best_weights)
    return Trained(network, state.best, tuple(state.epochs))


class _Course:
    """A network on its way: one epoch, one look at val."""

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
        self.loss, self.penalty = Loss(self.config, data.train.labels), Penalty(network, self.config)
        self.run: nn.Module = network
        if self.config.compile:
            self.run = torch.compile(network)  # type: ignore[assignment]
        if ranks.world > 1:
            self.run = DistributedDataParallel(self.run, broadcast_buffers=False)
        self.log = next((m for m in network.modules() if isinstance(m, LogActivation) and m.learned), None)
        self.rate = 0.0

    def epoch(self, interrupts: Interrupts) -> bool:
        """Train to the end of the epoch at hand; returns whether a wish to stop came first."""
        state, began = self.state, time.perf_counter()
        state.network.train()
        shard = (self.ranks.rank, self.ranks.world)
        whole = max(1, len(self.data.train) // self.config.batch_size)
        for images, labels in self.data.train.training_batches(
            self.config, state.epoch + 1, skip=state.steps, shard=shard
        ):
            self.rate = learning_rate(self.config, state.epoch + state.steps / whole)
            self._step(images, labels)
            state.steps += 1
            state.counted += 1
            # Several processes have to agree, which costs a wait: they do so at the next look.
            if interrupts.wished and self.ranks.world == 1 and state.steps < whole:
                state.seconds += time.perf_counter() - began
                return True
        state.epoch, state.steps = state.epoch + 1, 0
        if self.device.type == "cuda" and _is_due(state.epoch, self.config):
            torch.cuda.synchronize(self.device)
        state.seconds += time.perf_counter() - began
        return False

    def _step(self, images: Tensor, labels: Tensor) -> None:
        state = self.state
        for group in state.optimizer.param_groups:
            group["lr"] = self.rate
        state.optimizer.zero_grad(set_to_none=True)
        parts = list(zip(images.tensor_split(self.accumulate), labels.tensor_split(self.accumulate), strict=True))
        for number, (some, truth) in enumerate(parts):
            if not len(some):
                continue
            with self._apart(number < len(parts) - 1):
                with precision(self.config, self.device):
                    loss = self.loss(self.run(arranged(some, self.config)), truth) * (len(some) / len(images))
                state.scaler.scale(loss).backward()
            state.total += loss.detach()  # on the device: no wait for the host inside an epoch
        state.scaler.unscale_(state.optimizer)
        self.penalty.add_gradients()
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(state.network.parameters(), self.config.clip_norm)
        state.scaler.step(state.optimizer)
        state.scaler.update()

    def _apart(self, apart: bool) -> AbstractContextManager[Any]:
        """Gradients of all but the last part of a batch stay with their process."""
        return self.run.no_sync() if apart and isinstance(self.run, DistributedDataParallel) else nullcontext()

    def look(self) -> Epoch:
        """Look at val.

        Raises:
            DivergedError: a loss is not finite.
        """
        state, data = self.state, self.data
        mean = float(self.ranks.mean(state.total / max(1, state.counted)) + self.penalty.value())
        if not math.isfinite(mean):
            raise DivergedError(
                f"the loss became {mean} in epoch {state.epoch} at learning rate {self.rate:.3g}; "
                "try a smaller base_lr or more warmup_epochs"
            )
        speed = state.counted * min(self.config.batch_size, len(data.train)) / max(state.seconds, 1e-9)

        def scored() -> Epoch:
            found = logits(state.network, data.val, self.config, self.device)
            val = score(found, data.val.labels.cpu(), data.class_names, data.label_kind)
            if not math.isfinite(val.values["loss"]):
                raise DivergedError(
                    f"the val loss became {val.values['loss']} in epoch {state.epoch}; try a smaller base_lr"
                )
            alpha = float(self.log.scale().detach()) if self.log else None
            return Epoch(state.epoch, self.rate, mean, speed, val, alpha)

        epoch = self.ranks.shared(scored)
        state.epochs.append(epoch)
        state.total, state.counted, state.seconds = torch.zeros_like(state.total), 0, 0.0
        return epoch


def _value(epoch: Epoch, metric: str, sign: float) -> float:
    # A val split without any scored class has no ranking metric; its epochs then go by the loss.
    return sign * epoch.val.values[metric] if metric in epoch.val.values else -epoch.val.values["loss"]


def _is_due(epoch: int, config: TrainConfig) -> bool:
    return epoch % config.evaluate_every == 0 or epoch == config.epochs


def _ended(state: TrainingState, config: TrainConfig) -> bool:
    """Whether all epochs are done, or the looks that `patience` allows for have all been no better than one before."""
    waited = len(state.epochs) - 1 - state.epochs.index(state.best) if state.best else 0
    return state.epoch >= config.epochs or 0 < config.patience <= waited


@torch.no_grad()
def logits(network: nn.Module, part: LoadedSplit, config: TrainConfig, device: torch.device) -> Tensor:
    """Logits of one full pass in evaluation mode, float32 on the host, shape (N, C)."""
    network.eval()
    with precision(config, device):
        return torch.cat([network(arranged(batch, config)).float().cpu() for batch in part.evaluation_batches()])


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries that draw from the global generator are tied down as well
    torch.manual_seed(seed)
