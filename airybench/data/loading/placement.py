"""Where the inputs of a data set live: on the device, in host memory, or on disk; the batches are the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.data.loading.prefetch import ReadAhead, brought
from airybench.data.store.store import Store

Placement = Literal["device", "host", "disk"]

SHARE = 0.6
"""Share of free memory that inputs may take: networks, gradients and copies need the rest."""

READERS = 2
AHEAD = 4
"""Batches that each reader keeps ready."""


class Inputs(Protocol):
    """Network inputs of the shots of one part, somewhere."""

    @property
    def device(self) -> torch.device:
        """Where batches come to."""

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """The inputs of some shots after the other, float32 (n, 1, S, S) each, on the device.

        Args:
            rows: indices within the part, int64 on the host, (n,) each.
        """

    def chosen(self, rows: NDArray[np.int64]) -> "Inputs":
        """The same for some of the shots."""


@dataclass(frozen=True)
class HostInputs:
    """Inputs in host memory, pinned where the device is a GPU; the next batch is gathered and copied meanwhile.

    Attributes:
        values: float32, shape (N, 1, S, S), on the host.
        device: where batches go.
    """

    values: Tensor
    device: torch.device

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Inputs.batches`."""
        yield from brought((self.values[some] for some in rows), self.device)

    def chosen(self, rows: NDArray[np.int64]) -> "HostInputs":
        """See `Inputs.chosen`."""
        return HostInputs(self.values[torch.from_numpy(rows)], self.device)


@dataclass(frozen=True)
class _Rows:
    """Raw counts of rows of a store, in any order; each process opens the file anew."""

    store: Store

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        # In the order of the file, so that neighbours are read together, and back.
        order = np.argsort(rows, kind="stable")
        counts = np.empty((len(rows), *self.store.image_shape), np.uint16)
        counts[order] = self.store.read_images(rows[order])
        return counts


class DiskInputs:
    """Inputs that are read and made anew for every batch, by reader processes ahead of the network.

    Args:
        store: where the shots are.
        rows: of the store, shape (N,).
        prepare: from counts (n, H, W) on the device and the shots' ids (n,) to inputs.
        device: where that happens.
        readers: reader processes, which stay from epoch to epoch; 0 reads in this one.
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
        self._ids = store.ids()
        self._ahead = ReadAhead(_Rows(store), readers=readers, ahead=AHEAD)

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Inputs.batches`."""
        asked = [self._rows[some.numpy()] for some in rows]
        for counts, some in zip(brought(self._ahead((some,) for some in asked), self.device), asked, strict=True):
            yield self._prepare(counts, self._ids[some])

    def chosen(self, rows: NDArray[np.int64]) -> "DiskInputs":
        """See `Inputs.chosen`."""
        return DiskInputs(self._store, self._rows[rows], self._prepare, self.device, self._readers)


def place(shots: int, image_size: int, device: torch.device) -> Placement:
    """Where the inputs of so many shots go: the device, else host memory, else they stay on disk.

    Args:
        shots: all of the data set.
        image_size: side of an input, pixels.
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
