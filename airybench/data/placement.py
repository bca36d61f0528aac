"""Where the inputs of a data set live: on the device, in host memory, or on disk; the batches are the same."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from airybench.data.store import Store

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
        cuda = self.device.type == "cuda"
        stream = torch.cuda.Stream(self.device) if cuda else None

        def bring(some: Tensor) -> Tensor:
            batch = self.values[some]
            if stream is None:
                return batch
            with torch.cuda.stream(stream):
                return batch.pin_memory().to(self.device, non_blocking=True)

        if not rows:
            return
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(bring, rows[0])
            for _, following in pairwise([*rows, None]):
                batch = waiting.result()
                if following is not None:
                    waiting = pool.submit(bring, following)
                if stream is not None:
                    current = torch.cuda.current_stream(self.device)
                    current.wait_stream(stream)
                    batch.record_stream(current)
                yield batch

    def chosen(self, rows: NDArray[np.int64]) -> "HostInputs":
        """See `Inputs.chosen`."""
        return HostInputs(self.values[torch.from_numpy(rows)], self.device)


class _Reader(Dataset[Any]):
    """Raw counts of the rows of a store; each reader process opens the file anew."""

    def __init__(self, store: Store, rows: NDArray[np.int64]) -> None:
        self._store, self._rows = store, rows

    def __getitems__(self, places: list[int]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        rows = self._rows[places]
        # In the order of the file, so that neighbours are read together, and back.
        order = np.argsort(rows, kind="stable")
        counts = np.empty((len(rows), *self._store.image_shape), np.uint16)
        counts[order] = self._store.read_images(rows[order])
        return counts, rows


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
        self._wanted: list[list[int]] = []
        self._loader: DataLoader[Any] | None = None

    def batches(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """See `Inputs.batches`."""
        self._wanted[:] = [some.tolist() for some in rows]
        if self._loader is None:
            self._loader = DataLoader(
                _Reader(self._store, self._rows),
                batch_sampler=self._wanted,
                num_workers=self._readers,
                prefetch_factor=AHEAD if self._readers else None,
                persistent_workers=self._readers > 0,
                multiprocessing_context="forkserver" if self._readers else None,  # no HDF5 file may cross a fork
                collate_fn=_as_tensor,
                pin_memory=self.device.type == "cuda",
            )
        for counts, places in self._loader:
            yield self._prepare(counts.to(self.device, non_blocking=True), self._ids[places])

    def chosen(self, rows: NDArray[np.int64]) -> "DiskInputs":
        """See `Inputs.chosen`."""
        return DiskInputs(self._store, self._rows[rows], self._prepare, self.device, self._readers)


def _as_tensor(found: Any) -> tuple[Tensor, NDArray[np.int64]]:
    return torch.from_numpy(found[0]), found[1]


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
