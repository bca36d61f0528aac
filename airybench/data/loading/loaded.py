"""The parts of a data set, loaded once, and the batches drawn from them on the device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.config import DataConfig, Scaling, TrainConfig
from airybench.data.loading.placement import DiskInputs, HostInputs, Inputs, Placement, place
from airybench.data.loading.preprocess import network_inputs, rotated
from airybench.data.split.split import Split
from airybench.data.store.store import Store

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class LoadedSplit:
    """One part of a split.

    Attributes:
        inputs: float32, shape (N, 1, S, S), on the device; or where else they live.
        labels: float32 0/1, shape (N, C).
        ids: int64, shape (N,), on the host.
        flippable: whether a mirrored or turned input is an input again; a map's axes are no directions on a detector,
            and the map of a mirrored image is the map itself, or its transpose.
    """

    inputs: Tensor | Inputs
    labels: Tensor
    ids: NDArray[np.int64]
    flippable: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(self, rows: NDArray[np.int64]) -> "LoadedSplit":
        """The same for some of the shots, by their places within the part."""
        places = torch.from_numpy(rows)
        inputs = self.inputs
        some = inputs[places.to(inputs.device)] if isinstance(inputs, Tensor) else inputs.chosen(rows)
        return replace(self, inputs=some, labels=self.labels[places.to(self.labels.device)], ids=self.ids[rows])

    def _inputs(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """Inputs on the device, batch after batch; rows are on the host."""
        if isinstance(self.inputs, Tensor):
            device = self.inputs.device
            for some in rows:
                yield self.inputs[some.to(device, non_blocking=True)]
        else:
            yield from self.inputs.batches(rows)

    def training_batches(
        self, config: TrainConfig, epoch: int, *, skip: int = 0, shard: tuple[int, int] = (0, 1)
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled, flipped and turned batches of one epoch; the short last batch is dropped.

        Order, flips and turns depend on (seed, epoch) only, and are drawn on the host so that every device sees the
        same.

        Args:
            config: batch size, seed and what is done to images.
            epoch: from 1.
            skip: batches at the start that were trained on already.
            shard: (i, n): every n-th shot of each batch from the i-th on, for n processes that share it.
        """
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + epoch)
        device, (first, step) = self.labels.device, shard
        order = torch.randperm(len(self), generator=generator)
        mirrored = (torch.rand(2, len(self), generator=generator) < 0.5).to(device)
        turned = config.rotation != "none" and self.flippable
        turns = torch.rand(len(self), generator=generator).to(device) if turned else None
        batch_size = min(config.batch_size, len(self))
        starts = range(skip * batch_size, len(self) - batch_size + 1, batch_size)
        chosen = [slice(start + first, start + batch_size, step) for start in starts]
        # Labels are small: one upload of the order serves them all, and waits for nothing.
        labels = self.labels[order.to(device)]
        for some, images in zip(chosen, self._inputs([order[one] for one in chosen]), strict=True):
            if config.flips and self.flippable:
                for axis, mirror in ((-1, mirrored[0]), (-2, mirrored[1])):
                    images = torch.where(mirror[some].view(-1, 1, 1, 1), images.flip(axis), images)
            if turns is not None:
                images = rotated(images, turns[some], by_quarters=config.rotation == "quarter")
            yield images, labels[some]

    def evaluation_batches(self) -> Iterator[Tensor]:
        """Inputs in order, every shot once."""
        yield from self._inputs(list(torch.arange(len(self)).split(EVALUATION_BATCH)))


@dataclass(frozen=True)
class LoadedDataset:
    """The three parts of a data set for one device, with what names them."""

    train: LoadedSplit
    val: LoadedSplit
    test: LoadedSplit
    class_names: tuple[str, ...]
    label_kind: str

    @classmethod
    def from_store(
        cls,
        store: Store,
        split: Split,
        config: DataConfig,
        scaling: Scaling,
        device: torch.device | str = "cpu",
        placement: Placement | None = None,
    ) -> Self:
        """Load a store once, preprocess it in slices and leave it on the device, in parts.

        What does not fit the device stays in host memory, and what does not fit there on disk; batches are the same.

        Args:
            store: where the shots are.
            split: which row belongs to which part.
            config: image size, resize, noise, and image or map.
            scaling: input scaling of the network at hand.
            device: where the network is.
            placement: where the inputs are to live; by their size when left out.
        """
        device = torch.device(device)
        where = placement or place(store.count, config.image_size, device)
        home = device if where == "device" else torch.device("cpu")
        labels = torch.from_numpy(store.labels().astype(np.float32))
        ids = store.ids()

        def part(rows: NDArray[np.int64]) -> LoadedSplit:
            inputs: Tensor | Inputs
            if where == "disk":
                inputs = DiskInputs(store, rows, lambda raw, of: network_inputs(raw, config, scaling, ids=of), device)
            else:
                values = torch.empty(len(rows), 1, config.image_size, config.image_size, device=home)
                for start in range(0, len(rows), EVALUATION_BATCH):
                    chosen = rows[start : start + EVALUATION_BATCH]
                    counts = torch.from_numpy(store.read_images(chosen)).to(device)
                    values[start : start + len(chosen)] = network_inputs(counts, config, scaling, ids=ids[chosen])
                inputs = values if where == "device" else HostInputs(values, device)
            return LoadedSplit(
                inputs, labels[torch.from_numpy(rows)].to(device), ids[rows], flippable=config.input == "image"
            )

        return cls(part(split.train), part(split.val), part(split.test), store.class_names, store.label_kind)
