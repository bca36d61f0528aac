"""What a user would write instead: a plain PyTorch loop over an h5py DataLoader."""

import multiprocessing
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  (registers the filter that stores are compressed with)
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from airybench.bench.measure import wait_for
from airybench.config import TrialConfig
from airybench.data.loading.preprocess import preprocess
from airybench.data.store.store import Store
from airybench.errors import TrialError
from airybench.networks.build import build
from airybench.training.device import arranged, channels_last, precision
from airybench.training.loss import Penalty
from airybench.training.schedule import optimizer


class PlainLoop:
    """A plain PyTorch loop in its own process, so that it uses memory as PyTorch does by default.

    Args:
        config: network, image size, batch, precision.
        store: with the shots.
        rows: of the training shots in the store, shape (N,).
        device: where to train.
    """

    def __init__(self, config: TrialConfig, store: Store, rows: NDArray[np.int64], device: torch.device) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, config, store, rows, device))
        self._process.start()
        theirs.close()  # otherwise the end of the process would go unnoticed

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
                "the process of the plain loop ended unexpectedly; try again, or leave it out with --against nothing"
            ) from None

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.join()


def _serve(
    requests: Connection, config: TrialConfig, store: Store, rows: NDArray[np.int64], device: torch.device
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the asking process, and this one with it
    loop = _Loop(config, store, rows, device)
    with suppress(EOFError):
        while requests.recv():
            requests.send(loop.rate())
    loop.close()


class _Shots(Dataset[Any]):
    """As a user would write it: one shot from HDF5, cropped, resized, scaled and flipped in a worker."""

    def __init__(self, store: Store, rows: NDArray[np.int64], config: TrialConfig) -> None:
        self._path, self._rows, self._config = store.path, rows, config
        self._labels = torch.from_numpy(store.labels()[rows].astype(np.float32))
        self._file: Any = None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if self._file is None:
            self._file = h5py.File(self._path)  # each worker opens its own
        counts = torch.from_numpy(self._file["images"][self._rows[index]])[None]
        data = self._config.data
        image = preprocess(counts, data.image_size, antialias=data.antialias, scaling=self._config.input_scaling)[0]
        if torch.rand(()) < 0.5:
            image = image.flip(-1)
        if torch.rand(()) < 0.5:
            image = image.flip(-2)
        return image, self._labels[index]


class _Loop:
    """A careful PyTorch loop: DataLoader with workers, pinned memory, and the loss read every tenth step."""

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
        """Images per second of one epoch. The workers persist between epochs."""
        wait_for(self._device)
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
        wait_for(self._device)
        return seen / (time.perf_counter() - began)

    def close(self) -> None:
        """End the workers."""
        del self._loader
