"""Where the inputs of a data set are kept: on the device, in host memory or on disk. The batches are the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.data.loading.prefetch import Prefetcher, to_device
from airybench.data.store.store import Store

Placement = Literal["device", "host", "disk"]

SHARE = 0.6
"""Share of free memory that inputs may take; networks, gradients and copies need the rest."""

READERS = 2
PREFETCHED = 4
"""Batches that each reader process keeps ready."""


class Inputs(Protocol):
    """Network inputs of the shots of one part that are not kept on the device."""

    @property
    def device(self) -> torch.device:
        """Where batches are delivered."""

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """Inputs of some shots, batch by batch.

        Args:
            rows: indices within the part for each batch, int64, shape (n,), on the host.

        Yields:
            float32, shape (n, 1, S, S), on the device.
        """

    def select(self, rows: NDArray[np.int64]) -> "Inputs":
        """The inputs of some of the shots only.

        Args:
            rows: indices within the part, shape (n,).
        """


@dataclass(frozen=True)
class HostInputs:
    """Inputs in host memory. While the network works on one batch, the next one is gathered and copied to the device.

    Attributes:
        values: float32, shape (N, 1, S, S), on the host.
        device: where batches are delivered.
    """

    values: Tensor
    device: torch.device

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Inputs.batches`."""
        yield from to_device((self.values[some] for some in rows), self.device)

    def select(self, rows: NDArray[np.int64]) -> "HostInputs":
        """See `Inputs.select`."""
        return HostInputs(self.values[torch.from_numpy(rows)], self.device)


@dataclass(frozen=True)
class _Rows:
    """Reads counts of rows of a store in any order. Every call opens the file anew, so that it can be pickled."""

    store: Store

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        # Read in the order of the file, so that neighbours come together, then put back into the order asked for.
        order = np.argsort(rows, kind="stable")
        counts = np.empty((len(rows), *self.store.image_shape), np.uint16)
        counts[order] = self.store.read_images(rows[order])
        return counts


class DiskInputs:
    """Inputs that reader processes read from disk for every batch, before the network needs it.

    Args:
        store: the shots.
        rows: of the store, int64, shape (N,).
        prepare: from counts (n, H, W) on the device and rows of the store (n,) to inputs (n, 1, S, S).
        device: where inputs are prepared and batches delivered.
        readers: reader processes, which stay from epoch to epoch; 0 reads in this process.
    """

    def __init__(
        self,
        store: Store,
        rows: NDArray[np.int64],
        prepare: Callable[[Tensor, NDArray[np.int64]], Tensor],
        device: torch.device,
        readers: int = READERS,
    ) -> None:
        self.device = device
        self._store, self._rows, self._prepare, self._readers = store, rows, prepare, readers
        self._prefetch = Prefetcher(_Rows(store), readers=readers, depth=PREFETCHED)

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Inputs.batches`."""
        requests = [self._rows[some.numpy()] for some in rows]
        counts = to_device(self._prefetch((request,) for request in requests), self.device)
        for batch, request in zip(counts, requests, strict=True):
            yield self._prepare(batch, request)

    def select(self, rows: NDArray[np.int64]) -> "DiskInputs":
        """See `Inputs.select`."""
        return DiskInputs(self._store, self._rows[rows], self._prepare, self.device, self._readers)


def choose_placement(shots: int, image_size: int, device: torch.device) -> Placement:
    """Where to keep inputs: on the device if they fit, else in host memory, else on disk.

    Args:
        shots: number of shots in the data set.
        image_size: side S of an input, pixels.
        device: where the network is.
    """
    needed = 4 * shots * image_size**2
    host = psutil.virtual_memory().available * SHARE
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if needed <= free * SHARE:
            return "device"
        return "host" if needed <= host else "disk"
    return "device" if needed <= host else "disk"
