"""What each way to compute a training step is worth on this machine: number format, memory layout, compiler."""

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from airybench.bench.measure import Measurement, counted_steps, measurement, require_at_least, wait_for
from airybench.config import TrialConfig, Value
from airybench.networks.build import build
from airybench.reporter import SILENT, Reporter
from airybench.training.allocator import keep_freed_memory
from airybench.training.loss import Penalty
from airybench.training.schedule import optimizer
from airybench.training.step_trial import training_step

CLASSES = 5
LEAST_SECONDS = 2.0
"""Shortest time of a measurement."""

WAYS: dict[str, dict[str, Value]] = {
    "float32": {"precision": "float32", "channels_last": "off"},
    "float32, channels-last": {"precision": "float32", "channels_last": "on"},
    "bfloat16": {"precision": "bfloat16", "channels_last": "off"},
    "bfloat16, channels-last": {"precision": "bfloat16", "channels_last": "on"},
    "float32, compiled": {"precision": "float32", "channels_last": "off", "compile": True},
    "bfloat16, channels-last, compiled": {"precision": "bfloat16", "channels_last": "on", "compile": True},
}
"""The ways, as changes of a configuration; the first is what the others are compared with."""

ONE_BY_ONE = "bfloat16, channels-last, kernels one by one"
"""On a GPU: as it would be without CUDA graphs, which all ways but the compiled ones replay."""

UPDATES = {"fused": {"fused": True}, "foreach": {"foreach": True}, "tensor by tensor": {"foreach": False}}
"""How torch's optimisers can update the weights."""


def bench_steps(
    *,
    config: TrialConfig,
    repeats: int = 5,
    compiled: bool = True,
    device: torch.device,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Time whole training steps on one ready batch, and in them the optimiser and the penalties.

    The ways alternate, so that a drift of the machine's speed affects all alike.

    Args:
        config: network, image size, batch.
        repeats: number of repeats.
        compiled: also measure compiled networks, which takes a minute each to compile.
        device: where to train.
        reporter: shows progress.

    Returns:
        Images per second of each way, their ratios to the first, and milliseconds per step of the parts.

    Raises:
        ConfigError: repeats is too small.
    """
    require_at_least(repeats=(repeats, 1))
    keep_freed_memory(device)
    ways = {name: changes for name, changes in WAYS.items() if compiled or not changes.get("compile")}
    if device.type == "cuda":
        ways[ONE_BY_ONE] = WAYS["bfloat16, channels-last"]
    batch = config.training.batch_size
    parts = _parts(config, device)
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    times: dict[str, list[float]] = {name: [] for name in parts}
    with counted_steps(reporter, "training", (repeats + 1) * len(ways)) as advance:
        steps = {
            name: training_step(config.replace(changes), CLASSES, device, replayed=name != ONE_BY_ONE)
            for name, changes in ways.items()
        }
        for turn in range(repeats + 1):
            for name, step in steps.items():
                rate = batch / seconds_per_call(step, LEAST_SECONDS if turn else 0, device)
                if turn:  # the first one warms up, and compiles
                    speeds[name].append(rate)
                advance()
            for name, part in parts.items():
                taken = seconds_per_call(part, 0.1, device)
                if turn:
                    times[name].append(1e3 * taken)
    subject = f"{config.network.title} batch {batch} {config.data.image_size} px"
    first, *others = ways
    found = [measurement(subject, f"step, {name}", "images/s", speeds[name]) for name in ways]
    for name in others:
        ratios = [one / other for one, other in zip(speeds[name], speeds[first], strict=True)]
        found.append(measurement(subject, f"step, {name} over {first}", "ratio", ratios))
    return [*found, *(measurement(subject, name, "ms", values) for name, values in times.items())]


def seconds_per_call(work: Callable[[], None], least: float, device: torch.device) -> float:
    """Mean time of a call, over as many as take `least` seconds, at least one."""
    calls, began = 0, time.perf_counter()
    while not calls or time.perf_counter() - began < least:
        work()
        calls += 1
    wait_for(device)
    return (time.perf_counter() - began) / calls


def _parts(config: TrialConfig, device: torch.device) -> dict[str, Callable[[], None]]:
    """The update of the weights and the penalties alone."""
    training = config.training
    network = build(config.network, CLASSES, config.data.image_size, config.data.channels).to(device)
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    found: dict[str, Callable[[], None]] = {}
    for name, how in UPDATES.items():
        found[f"update by {training.optimizer}, {name}"] = partial(_update, optimizer(network, training, how))
    penalty = Penalty(network, training)
    found["penalties, one pass over all layers"] = penalty.add_gradients
    layers = [Penalty(layer, training) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    found["penalties, layer by layer"] = partial(_one_by_one, layers)
    return found


def _update(of: torch.optim.Optimizer) -> None:
    of.step()


def _one_by_one(penalties: list[Penalty]) -> None:
    for penalty in penalties:
        penalty.add_gradients()
