"""How much of the hardware's own speed a training reaches, and how it compares with a plain loop."""

import math
import time
from collections.abc import Callable
from contextlib import closing, nullcontext

import torch

from airybench.bench.measure import Measurement, counted_steps, measurement, require_at_least, wait_for
from airybench.bench.memory import peak_memory
from airybench.bench.plain_loop import PlainLoop
from airybench.bench.profile import profile_training
from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.split.split import make_split
from airybench.networks.cost import cost
from airybench.reporter import SILENT, Reporter
from airybench.training.device import number_format
from airybench.training.loop import train
from airybench.training.step_trial import training_step

SHARE_GOAL = 0.95
"""Share of the speed of bare steps to reach."""

PLAIN_GOAL = {"cpu": 1.03, "cuda": 1.5}
"""Factor over the plain loop to reach."""

TRAIN_SHARE = 0.7  # of the shots are in the training split
WARM_UP = 2  # steps


def bench_train(
    *,
    config: TrialConfig,
    count: int = 480,
    repeats: int = 5,
    plain: bool = True,
    profile: bool = False,
    device: torch.device,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Time one epoch of training, bare steps, and a plain loop over an h5py DataLoader.

    The three alternate, so that a drift of the machine's speed affects all alike.

    Args:
        config: network, image size, batch, precision.
        count: shots of the store, which is simulated on first use. 70 % of them are training shots.
        repeats: number of repeats.
        plain: also time the plain loop.
        profile: also measure where the time goes.
        device: where to train.
        reporter: shows progress.

    Returns:
        Images per second of all three, their ratios, milliseconds per step, size and work of the network, peak memory.

    Raises:
        ConfigError: count or repeats is too small.
    """
    training = config.training
    require_at_least(repeats=(repeats, 1), count=(count, math.ceil(training.batch_size / TRAIN_SHARE)))
    store = open_dataset("helium", count=count, seed=config.data.data_seed, simulator=config.data.simulator)
    of = config.data
    split = make_split(store.ids(), store.labels(), store.content_sha256, of.split_seed, of.split_version)
    data = LoadedDataset.from_store(store, split, config.data, config.input_scaling, device)
    steps = len(data.train) // training.batch_size
    used = number_format(training, device)
    subject = f"{config.network.title} batch {training.batch_size} {config.data.image_size} px {used}"
    step = training_step(config, len(data.class_names), device, next(iter(data.train.training_batches(training, 1))))
    loop = PlainLoop(config, store, split.train, device) if plain else None
    speeds: dict[str, list[float]] = {"bare": [], "ours": [], "plain": []}
    with closing(loop) if loop else nullcontext(), counted_steps(reporter, "training", repeats + 1) as advance:
        for turn in range(repeats + 1):
            rates = {"bare": _bare_rate(step, steps, training.batch_size, device), "ours": _rate(config, data, device)}
            if loop:
                rates["plain"] = loop.rate()
            if turn:  # the first one warms up
                for name, rate in rates.items():
                    speeds[name].append(rate)
            advance()
    size = cost(config.network, config.data.image_size, len(data.class_names), config.data.channels)
    share = [ours / bare for ours, bare in zip(speeds["ours"], speeds["bare"], strict=True)]
    found = [
        measurement(subject, "training", "images/s", speeds["ours"]),
        measurement(subject, "bare step, the limit", "images/s", speeds["bare"]),
        measurement(subject, "share of the bare step", "ratio", share, goal=SHARE_GOAL),
        measurement(subject, "step", "ms", [1e3 * training.batch_size / speed for speed in speeds["ours"]]),
    ]
    if loop:
        against = [ours / other for ours, other in zip(speeds["ours"], speeds["plain"], strict=True)]
        found += [
            measurement(subject, "plain loop, h5py DataLoader", "images/s", speeds["plain"]),
            measurement(subject, "training against the plain loop", "ratio", against, goal=PLAIN_GOAL[device.type]),
        ]
    found += [
        measurement(subject, "parameters", "M", [size.parameters / 1e6]),
        measurement(subject, "work of a forward pass", "GMAC/image", [size.multiply_adds / 1e9]),
        measurement(subject, "peak memory", "MB", [peak_memory()]),
    ]
    if profile:
        found += profile_training(config, data, device, subject)
    if device.type == "cuda":
        found.append(measurement(subject, "peak device memory", "MB", [torch.cuda.max_memory_allocated(device) / 1e6]))
    return found


def _bare_rate(step: Callable[[], None], steps: int, batch: int, device: torch.device) -> float:
    """Images per second of bare steps."""
    for _ in range(WARM_UP):
        step()
    wait_for(device)
    began = time.perf_counter()
    for _ in range(steps):
        step()
    wait_for(device)
    return steps * batch / (time.perf_counter() - began)


def _rate(config: TrialConfig, data: LoadedDataset, device: torch.device) -> float:
    """Images per second of the second of two epochs, as the training itself counts them."""
    return train(config.replace({"epochs": 2}), data, device).epochs[-1].images_per_second
