"""One training on one device: epochs, evaluation on val after each, the best weights kept."""

import math
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from airybench.config import METRICS, TrainConfig, TrialConfig
from airybench.data.pipeline import Part, Resident
from airybench.errors import DivergedError, OutOfMemoryError, unknown
from airybench.networks.build import build
from airybench.training.metrics import Scores, score
from airybench.training.objective import Penalty, cross_entropy
from airybench.training.schedule import learning_rate, optimizer


@dataclass(frozen=True)
class Epoch:
    """What one epoch showed.

    Attributes:
        number: from 1.
        learning_rate: at its end.
        loss: what was minimised, cross-entropy and penalty, mean over steps; `val.values["loss"]` is the first alone.
        images_per_second: training speed.
        val: scores on val.
    """

    number: int
    learning_rate: float
    loss: float
    images_per_second: float
    val: Scores

    def metrics(self) -> dict[str, float]:
        """Metric keys as logged."""
        train = {
            "train/loss": self.loss,
            "train/images_per_second": self.images_per_second,
            "train/lr": self.learning_rate,
        }
        return train | self.val.flat("val")


@dataclass(frozen=True)
class Trained:
    """A network with the weights of its best epoch, and the course that led there."""

    network: nn.Module
    best: Epoch
    epochs: tuple[Epoch, ...]


def choose_device(name: str = "auto") -> torch.device:
    """`auto` is the first GPU, or the CPU where there is none.

    Raises:
        ConfigError: this machine has no such device.
    """
    count = torch.cuda.device_count()
    found = ["cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))]
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    if name not in found:
        raise unknown("device", name, ["auto", *found])
    return torch.device(name)


def train(
    config: TrialConfig,
    data: Resident,
    device: torch.device,
    *,
    metric: str = "macro_ap",
    direction: str | None = None,
    on_epoch: Callable[[Epoch], bool | None] = lambda epoch: None,
    accumulate: int = 1,
) -> Trained:
    """Train one network.

    Args:
        config: network and training; the data part was used to make `data`.
        data: the three parts, resident on `device`.
        device: where to train.
        metric: which val metric names the best epoch.
        direction: `max` or `min`; by default the metric's own.
        on_epoch: called after each epoch, on the host; True ends the training there, and it may raise to give it up.
        accumulate: parts that each batch is taken through the network in; the step is that of the whole batch, but
            batch norm sees a part at a time.

    Raises:
        DivergedError: the loss became NaN or infinite.
        OutOfMemoryError: network and batch do not fit the device.
    """
    sign = 1.0 if (direction or METRICS[metric]) == "max" else -1.0
    _seed(config.training.seed)
    with _memory(config):
        network = build(config.network, len(data.class_names)).to(device)
        if device.type == "cuda":
            network = network.to(memory_format=torch.channels_last)
        step = optimizer(network, config.training)
        penalty = Penalty(network, config.training)
        best: Epoch | None = None
        best_state: dict[str, Tensor] = {}
        epochs: list[Epoch] = []
        for number in range(1, config.training.epochs + 1):
            epoch = _one_epoch(number, network, step, penalty, config.training, data, device, accumulate)
            epochs.append(epoch)
            if best is None or _value(epoch, metric, sign) > _value(best, metric, sign):
                best = epoch
                best_state = {key: value.detach().clone() for key, value in network.state_dict().items()}
            if on_epoch(epoch):
                break
        assert best is not None
        network.load_state_dict(best_state)
    return Trained(network, best, tuple(epochs))


def _value(epoch: Epoch, metric: str, sign: float) -> float:
    # A val split without any scored class has no ranking metric; its epochs then go by the loss.
    return sign * epoch.val.values[metric] if metric in epoch.val.values else -epoch.val.values["loss"]


def _one_epoch(
    number: int,
    network: nn.Module,
    step: torch.optim.Optimizer,
    penalty: Penalty,
    config: TrainConfig,
    data: Resident,
    device: torch.device,
    accumulate: int,
) -> Epoch:
    network.train()
    began = time.perf_counter()
    total = torch.zeros((), device=device)
    steps = max(1, len(data.train) // config.batch_size)
    lr = 0.0
    for index, (images, labels) in enumerate(
        data.train.training_batches(config.batch_size, config.seed, number, flips=config.flips)
    ):
        lr = learning_rate(config, number - 1 + index / steps)
        for group in step.param_groups:
            group["lr"] = lr
        step.zero_grad(set_to_none=True)
        for part, truth in zip(images.chunk(accumulate), labels.chunk(accumulate), strict=True):
            with _precision(config, device):
                loss = cross_entropy(network(_arranged(part, device)), truth) * (len(part) / len(images))
            loss.backward()
            total += loss.detach()  # on the device: no wait for the host inside an epoch
        penalty.add_gradients()
        step.step()
    mean = float(total / steps + penalty.value())
    seconds = time.perf_counter() - began
    if not math.isfinite(mean):
        raise DivergedError(
            f"the loss became {mean} in epoch {number} at learning rate {lr:.3g}; "
            "try a smaller base_lr or more warmup_epochs"
        )
    val = score(logits(network, data.val, config, device), data.val.labels.cpu(), data.class_names, data.label_kind)
    if not math.isfinite(val.values["loss"]):
        raise DivergedError(f"the val loss became {val.values['loss']} in epoch {number}; try a smaller base_lr")
    return Epoch(number, lr, mean, steps * min(config.batch_size, len(data.train)) / seconds, val)


@torch.no_grad()
def logits(network: nn.Module, part: Part, config: TrainConfig, device: torch.device) -> Tensor:
    """Logits of one full pass in evaluation mode, float32 on the host, shape (N, C)."""
    network.eval()
    with _precision(config, device):
        return torch.cat([network(_arranged(batch, device)).float().cpu() for batch in part.evaluation_batches()])


def _arranged(images: Tensor, device: torch.device) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last) if device.type == "cuda" else images


def _precision(config: TrainConfig, device: torch.device) -> AbstractContextManager[Any]:
    mixed = config.precision == "bfloat16" or (config.precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, dtype=torch.bfloat16) if mixed else nullcontext()


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that draw from the global generator are tied down as well
    torch.manual_seed(seed)


@contextmanager
def _memory(config: TrialConfig) -> Any:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in text:
            raise OutOfMemoryError(
                f"{config.network.title} at batch {config.training.batch_size} and {config.data.image_size} px does "
                "not fit the device's memory; try a smaller batch_size or image_size"
            ) from error
        raise
