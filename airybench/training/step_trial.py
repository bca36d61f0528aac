"""Which number format trains a network faster on this CPU, by a trial of about two seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from airybench.config import TrialConfig
from airybench.networks.build import build
from airybench.networks.cost import cost
from airybench.training.allocator import keep_freed_memory
from airybench.training.device import arranged, channels_last, precision
from airybench.training.loss import Loss, Penalty
from airybench.training.replay import for_steps
from airybench.training.schedule import optimizer

SECONDS = 2.0
"""Length of a trial, for networks whose steps take tenths of a second."""

BLOCKS = 2
"""Stretches of steps in each format. Single steps in turn would measure what one leaves in the caches for the other."""

MOST_WORK = 2e10
"""Multiply-adds of a forward pass: larger batches are cut."""

Batch = tuple[Tensor, Tensor]

INSTRUCTIONS = ("avx512_bf16", "amx_bf16")
"""What a CPU needs one of for bfloat16 to be faster; elsewhere it is emulated."""


def has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 numbers by instructions of its own."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in INSTRUCTIONS)


@dataclass(frozen=True)
class StepTimes:
    """Seconds of a training step for each of its shots, in two number formats."""

    float32: float
    bfloat16: float


def step_times(config: TrialConfig, classes: int, *, seconds: float = SECONDS) -> StepTimes:
    """Time steps of this network on the CPU in both formats.

    Stretches of steps in both alternate, so that other work on the machine affects both alike.

    Args:
        config: network, image size and batch.
        classes: outputs of the network.
        seconds: length of the trial without what warms up.
    """
    cpu = torch.device("cpu")
    keep_freed_memory(cpu)
    config = cut_batch(config.replace({"compile": False}), classes)
    taken: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    with torch.random.fork_rng(devices=[]):
        steps = {name: training_step(config.replace({"precision": name}), classes, cpu) for name in taken}
        for _ in range(BLOCKS):
            for name, step in steps.items():
                step()  # warms up
                taken[name] += timed(step, seconds / BLOCKS / len(steps))
    shots = config.training.batch_size
    return StepTimes(*(median(times) / shots for times in taken.values()))


def timed(step: Callable[[], None], seconds: float) -> list[float]:
    """Seconds of each of the steps that can be made in some time; at least one."""
    taken: list[float] = []
    began = last = time.perf_counter()
    while not taken or last - began < seconds:
        step()
        now = time.perf_counter()
        taken.append(now - last)
        last = now
    return taken


def cut_batch(config: TrialConfig, classes: int) -> TrialConfig:
    """The same training with a batch small enough for a trial."""
    work = cost(config.network, config.data.image_size, classes, config.data.channels).multiply_adds
    return config.replace({"batch_size": max(2, min(config.training.batch_size, int(MOST_WORK / work)))})


def training_step(
    config: TrialConfig, classes: int, device: torch.device, batch: Batch | None = None, *, replayed: bool = True
) -> Callable[[], None]:
    """A whole step of a training on one ready batch.

    Args:
        config: network and training.
        classes: outputs of the network.
        device: where to train.
        batch: inputs, shape (N, K, S, S), and labels, shape (N, C), on `device`; noise if left out.
        replayed: let a GPU replay the network as trainings do, see `airybench.training.replay`.
    """
    training = config.training
    torch.manual_seed(training.seed)
    side, channels = config.data.image_size, config.data.channels
    network = build(config.network, classes, side, channels).to(device).train()
    if channels_last(training, device):
        network = network.to(memory_format=torch.channels_last)
    if batch is None:
        noise = torch.rand(training.batch_size, channels, side, side, device=device)
        batch = noise, torch.zeros(training.batch_size, classes, device=device)
    images, labels = batch
    run = for_steps(network, config, device, len(images), whole_batches=replayed)
    update, penalty, objective = optimizer(network, training), Penalty(network, training), Loss(training, labels)

    def step() -> None:
        update.zero_grad(set_to_none=True)
        with precision(training, device):
            loss = objective(run(arranged(images, training)), labels)
        loss.backward()
        penalty.add_gradients()
        update.step()

    return step
