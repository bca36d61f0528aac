"""How much of the hardware's own speed a training reaches, and how a plain loop compares."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  (registers the filter that stores are compressed with)
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from airybench.bench.measure import Measurement, measurement, peak_memory
from airybench.bench.profile import profile_training
from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.preprocess import preprocess
from airybench.data.split.split import make_split
from airybench.data.store.store import Store
from airybench.errors import ConfigError, TrialError
from airybench.networks.build import build
from airybench.networks.cost import cost
from airybench.training.device import arranged, channels_last, precision
from airybench.training.loop import train
from airybench.training.loss import Loss, Penalty
from airybench.training.schedule import optimizer

SHARE_GOAL = 0.95
PLAIN_GOAL = {"cpu": 1.03, "cuda": 1.5}
WARM_UP = 2


@dataclass(frozen=True)
class Bare:
    """Steps on one ready batch: the limit, with no data, no tracking and no look at val."""

    network: nn.Module
    step: Callable[[], None]


def bench_train(
    *,
    config: TrialConfig,
    count: int = 480,
    repeats: int = 5,
    plain: bool = True,
    profile: bool = False,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> list[Measurement]:
    """Train one epoch again and again, beside bare steps and beside a plain loop over an h5py DataLoader.

    The three take turns, so that a machine whose speed drifts is fair to all.

    Args:
        config: network, image size, batch, precision.
        count: shots of the simulated store, made on first use; 70 % of them are trained on.
        repeats: turns.
        plain: also time what a user would otherwise write.
        profile: also tell where the time goes.
        device: where to train.
        progress: handed (turns done, turns in all).

    Returns:
        Images per second of all three, shares, milliseconds a step, size and work of the network, peak memory.

    Raises:
        ConfigError: count or repeats is too small.
    """
    training = config.training
    if repeats < 1 or count * 0.7 < training.batch_size:
        raise ConfigError(f"count {count}, repeats {repeats}: one batch of {training.batch_size} and a turn are needed")
    store = open_dataset("helium", count=count, seed=config.data.data_seed)
    split = make_split(store.ids(), store.labels(), store.content_sha256, config.data.split_seed)
    data = LoadedDataset.from_store(store, split, config.data, config.input_scaling, device)
    steps = len(data.train) // training.batch_size
    subject = f"{config.network.title} batch {training.batch_size} {config.data.image_size} px {_dtype(config, device)}"
    bare, loop = _bare(config, data, device), _Apart(config, store, split.train, device) if plain else None
    speeds: dict[str, list[float]] = {"bare": [], "ours": [], "plain": []}
    with closing(loop) if loop else nullcontext():
        for turn in range(repeats + 1):
            rates = {"bare": _rate(bare.step, steps, training.batch_size, device), "ours": _ours(config, data, device)}
            if loop:
                rates["plain"] = loop.rate()
            if turn:  # the first one warms up
                for name, rate in rates.items():
                    speeds[name].append(rate)
            if progress:
                progress(turn + 1, repeats + 1)
    one = cost(config.network, config.data.image_size, len(data.class_names))
    paired = [ours / bare for ours, bare in zip(speeds["ours"], speeds["bare"], strict=True)]
    found = [
        measurement(subject, "training", "images/s", speeds["ours"]),
        measurement(subject, "bare step, the limit", "images/s", speeds["bare"]),
        measurement(subject, "share of the bare step", "ratio", paired, goal=SHARE_GOAL),
        measurement(subject, "step", "ms", [1e3 * training.batch_size / speed for speed in speeds["ours"]]),
    ]
    if loop:
        against = [ours / other for ours, other in zip(speeds["ours"], speeds["plain"], strict=True)]
        found += [
            measurement(subject, "plain loop, h5py DataLoader", "images/s", speeds["plain"]),
            measurement(subject, "training against the plain loop", "ratio", against, goal=PLAIN_GOAL[device.type]),
        ]
    found += [
        measurement(subject, "parameters", "M", [one.parameters / 1e6]),
        measurement(subject, "work of a forward pass", "GMAC/image", [one.multiply_adds / 1e9]),
        measurement(subject, "peak memory", "MB", [peak_memory()]),
    ]
    if profile:
        found += profile_training(config, data, device, subject)
    if device.type == "cuda":
        found.append(measurement(subject, "peak device memory", "MB", [torch.cuda.max_memory_allocated(device) / 1e6]))
    return found


def _dtype(config: TrialConfig, device: torch.device) -> str:
    chosen = config.training.precision
    return ("bfloat16" if device.type == "cuda" else "float32") if chosen == "auto" else chosen


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _rate(step: Callable[[], None], steps: int, batch: int, device: torch.device) -> float:
    for _ in range(WARM_UP):
        step()
    _wait(device)
    began = time.perf_counter()
    for _ in range(steps):
        step()
    _wait(device)
    return steps * batch / (time.perf_counter() - began)


def _ours(config: TrialConfig, data: LoadedDataset, device: torch.device) -> float:
    """Images per second of the second of two epochs, as the training itself counts them."""
    seen = train(config.replace({"epochs": 2}), data, device)
    return seen.epochs[-1].images_per_second


def _bare(config: TrialConfig, data: LoadedDataset, device: torch.device) -> Bare:
    images, labels = next(iter(data.train.training_batches(config.training, 1)))
    return _stepper(config, data, device, lambda: (images, labels))


def _stepper(
    config: TrialConfig, data: LoadedDataset, device: torch.device, batch: Callable[[], tuple[Tensor, Tensor]]
) -> Bare:
    torch.manual_seed(config.training.seed)
    network = build(config.network, len(data.class_names), config.data.image_size).to(device).train()
    if channels_last(config.training, device):
        network = network.to(memory_format=torch.channels_last)
    run: Any = torch.compile(network) if config.training.compile else network
    steps, penalty = optimizer(network, config.training), Penalty(network, config.training)
    objective = Loss(config.training, data.train.labels)

    def step() -> None:
        images, labels = batch()
        steps.zero_grad(set_to_none=True)
        with precision(config.training, device):
            loss = objective(run(arranged(images, config.training)), labels)
        loss.backward()
        penalty.add_gradients()
        steps.step()

    return Bare(network, step)


class _Apart:
    """The plain loop in a process of its own, which keeps memory as PyTorch does by itself; it works when asked to."""

    def __init__(self, config: TrialConfig, store: Store, rows: NDArray[np.int64], device: torch.device) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_answer, args=(theirs, config, store, rows, device))
        self._process.start()
        theirs.close()  # else its end would not be noticed

    def rate(self) -> float:
        """Images per second of one epoch.

        Raises:
            TrialError: the process died.
        """
        try:
            self._ours.send(True)
            return float(self._ours.recv())
        except (EOFError, OSError):
            raise TrialError(
                "the process of the plain loop ended without a word; try again, or leave it out with --against nothing"
            ) from None

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.join()


def _answer(
    asked: Connection, config: TrialConfig, store: Store, rows: NDArray[np.int64], device: torch.device
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks, whose end is seen here
    loop = _Plain(config, store, rows, device)
    with suppress(EOFError):
        while asked.recv():
            asked.send(loop.rate())
    loop.close()


class _Shots(Dataset[Any]):
    """What a user would write: one shot from HDF5, cropped, resized, scaled and flipped in a worker."""

    def __init__(self, store: Store, rows: NDArray[np.int64], config: TrialConfig) -> None:
        self._path, self._rows, self._config = store.path, rows, config
        self._labels = torch.from_numpy(store.labels()[rows].astype(np.float32))
        self._file: Any = None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        if self._file is None:
            self._file = h5py.File(self._path)  # each worker opens its own
        counts = torch.from_numpy(self._file["images"][self._rows[place]])[None]
        data = self._config.data
        image = preprocess(counts, data.image_size, antialias=data.antialias, scaling=self._config.input_scaling)[0]
        if torch.rand(()) < 0.5:
            image = image.flip(-1)
        if torch.rand(()) < 0.5:
            image = image.flip(-2)
        return image, self._labels[place]


class _Plain:
    """A careful PyTorch loop: DataLoader with workers, pinned memory, the loss read every tenth step."""

    def __init__(self, config: TrialConfig, store: Store, rows: NDArray[np.int64], device: torch.device) -> None:
        self._device, self._batch = device, config.training.batch_size
        self._loader: DataLoader[Any] = DataLoader(
            _Shots(store, rows, config),
            batch_size=self._batch,
            shuffle=True,
            drop_last=True,
            num_workers=2,
            persistent_workers=True,
            prefetch_factor=4,
            pin_memory=device.type == "cuda",
            multiprocessing_context="forkserver",
        )
        torch.manual_seed(config.training.seed)
        network: Any = build(config.network, len(store.class_names), config.data.image_size).to(device).train()
        if channels_last(config.training, device):
            network = network.to(memory_format=torch.channels_last)
        self._network, self._config = network, config
        self._steps, self._penalty = optimizer(network, config.training), Penalty(network, config.training)

    def rate(self) -> float:
        """Images per second of one epoch; its workers are up from the one before."""
        _wait(self._device)
        began, seen = time.perf_counter(), 0
        for number, (images, labels) in enumerate(self._loader):
            images = images.to(self._device, non_blocking=True)
            labels = labels.to(self._device, non_blocking=True)
            self._steps.zero_grad(set_to_none=True)
            with precision(self._config.training, self._device):
                logits = self._network(arranged(images, self._config.training))
                loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), labels)
            loss.backward()
            self._penalty.add_gradients()
            self._steps.step()
            if number % 10 == 9:
                loss.item()
            seen += len(images)
        _wait(self._device)
        return seen / (time.perf_counter() - began)

    def close(self) -> None:
        """End the workers."""
        del self._loader
