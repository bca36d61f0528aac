"""The parts of a data set, loaded once, and the batches drawn from them on the device."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.config import DataConfig, Scaling, TrainConfig
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.jitter import DetectorJitter
from airybench.data.loading.placement import DiskInputs, HostInputs, Inputs, Placement, choose_placement
from airybench.data.loading.preprocess import network_inputs, rotated, scaled
from airybench.data.split.split import Split
from airybench.data.store.ids import ShotIds
from airybench.data.store.store import Store

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class LoadedSplit:
    """One part of a split: N shots as a network sees them.

    Attributes:
        inputs: float32, shape (N, K, S, S), on the device; or `Inputs` kept elsewhere.
        labels: 0 or 1, float32, shape (N, C), on the device.
        ids: int64 or text, shape (N,), on the host.
        scaling: what is still to be done to the inputs; `counts` where they are kept as the network sees them.
        groups: run of each shot, int32, shape (N,), on the host; None where runs are not known.
        flippable: whether a mirrored or rotated input is a valid input. Correlation maps are not: their axes are no
            directions on the detector, and the map of a mirrored image is the map itself, or its transpose.
    """

    inputs: Tensor | Inputs
    labels: Tensor
    ids: ShotIds
    scaling: Scaling = "counts"
    flippable: bool = True
    groups: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, rows: NDArray[np.int64]) -> "LoadedSplit":
        """The same part with some of its shots only.

        Args:
            rows: indices within the part, shape (n,).
        """
        indices = torch.from_numpy(rows)
        inputs = self.inputs
        some = inputs[indices.to(inputs.device)] if isinstance(inputs, Tensor) else inputs.select(rows)
        labels, groups = self.labels[indices.to(self.labels.device)], self.groups
        return replace(
            self, inputs=some, labels=labels, ids=self.ids[rows], groups=None if groups is None else groups[rows]
        )

    def _inputs(self, rows: Sequence[Tensor]) -> Iterator[Tensor]:
        """Inputs on the device, batch by batch; rows are on the host unless the inputs are a tensor."""
        if isinstance(self.inputs, Tensor):
            device = self.inputs.device
            for some in rows:
                yield self.inputs[some.to(device, non_blocking=True)]
        else:
            yield from self.inputs.batches(rows)

    def training_batches(
        self, config: TrainConfig, epoch: int, *, skip: int = 0, shard: tuple[int, int] = (0, 1)
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled, flipped and rotated batches of one epoch, with random faults of a detector; no short last batch.

        Order, flips, rotations and faults depend on (seed, epoch) only. They are drawn on the host, so that all devices
        see the same batches.

        Args:
            config: batch size, seed and augmentation.
            epoch: from 1.
            skip: batches at the start of the epoch that were trained on already.
            shard: (i, n) takes every n-th shot of each batch from the i-th on, for n processes that share the batch.

        Yields:
            Inputs, float32, shape (n, K, S, S), and labels, float32, shape (n, C), on the device.
        """
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + epoch)
        device, (first, step) = self.labels.device, shard
        order = torch.randperm(len(self), generator=generator)
        mirrored = (torch.rand(2, len(self), generator=generator) < 0.5).to(device)
        rotating = config.rotation != "none" and self.flippable
        turns = torch.rand(len(self), generator=generator).to(device) if rotating else None
        jitter: DetectorJitter | None = None
        batch_size = min(config.batch_size, len(self))
        starts = range(skip * batch_size, len(self) - batch_size + 1, batch_size)
        batches = [slice(start + first, start + batch_size, step) for start in starts]
        # One upload of the order serves all batches: a step that copied its own would wait for the host.
        placed = order.to(device)
        labels, rows = self.labels[placed], placed if isinstance(self.inputs, Tensor) else order
        for some, images in zip(batches, self._inputs([rows[batch] for batch in batches]), strict=True):
            if config.flips and self.flippable:
                for axis, mirror in ((-1, mirrored[0]), (-2, mirrored[1])):
                    images = torch.where(mirror[some].view(-1, 1, 1, 1), images.flip(axis), images)
            if turns is not None:
                images = rotated(images, turns[some], by_quarters=config.rotation == "quarter")
            if config.detector_jitter and self.flippable:
                jitter = jitter or DetectorJitter.draw(config, len(self), images.shape[-1], generator).to(device)
                images = torch.cat([jitter.applied(images[:, :1], some), images[:, 1:]], dim=1)
            yield scaled(images, self.scaling), labels[some]

    def evaluation_batches(self) -> Iterator[Tensor]:
        """Inputs in order, every shot once, float32, shape (n, K, S, S), on the device."""
        for images in self._inputs(list(torch.arange(len(self)).split(EVALUATION_BATCH))):
            yield scaled(images, self.scaling)

    def described(self, numbers: Callable[[Tensor], Tensor]) -> NDArray[np.float64]:
        """Some numbers of each shot, from its input.

        Args:
            numbers: from inputs (n, S, S) to numbers (n, F).

        Returns:
            Shape (N, F).
        """
        with torch.no_grad():
            found = torch.cat([numbers(batch.squeeze(1)).cpu() for batch in self.evaluation_batches()])
        return np.asarray(found.double().numpy())


@dataclass(frozen=True)
class LoadedDataset:
    """The three parts of a data set on one device.

    Attributes:
        train: the part that the network is trained on.
        val: the part that chooses the epoch and the network.
        test: the part that is scored once at the end.
        class_names: C names, in the order of the label columns.
        label_kind: `multilabel` or `multiclass`.
        store_sha256: content hash of the store; empty for other shots.
        split_digest: of the split, likewise.
    """

    train: LoadedSplit
    val: LoadedSplit
    test: LoadedSplit
    class_names: tuple[str, ...]
    label_kind: str
    store_sha256: str = ""
    split_digest: str = ""

    @classmethod
    def from_store(
        cls,
        store: Store,
        split: Split,
        config: DataConfig,
        scaling: Scaling,
        device: torch.device | str = "cpu",
        placement: Placement | None = None,
        *,
        keep_counts: bool = False,
        corrections: ShotCorrections | None = None,
    ) -> Self:
        """Read a store once, preprocess it in slices and keep each part on the device.

        Inputs that do not fit there stay in host memory, or else on disk. The batches are the same in all three cases.

        Args:
            store: the shots, labelled.
            split: which row belongs to which part.
            config: image size, resize, noise, and whether the input is the image or its correlation map.
            scaling: input scaling of the network.
            device: where the network is.
            placement: where the inputs are kept; by default chosen by their size.
            keep_counts: keep counts and scale each batch, so that it can be changed before.
            corrections: background and mask of the training; the mask of the store alone if left out.
        """
        device = torch.device(device)
        kept = placement or choose_placement(store.count * config.channels, config.image_size, device)
        home = device if kept == "device" else torch.device("cpu")
        labels = torch.from_numpy(store.labels().astype(np.float32))
        ids, groups = store.ids(), store.groups()

        corrections = corrections or ShotCorrections.of(store, None, config)
        fill = corrections.fill()
        fill = None if fill is None else fill.to(device)

        def prepare(counts: Tensor, some: NDArray[np.int64]) -> Tensor:
            if corrections.needed:
                counts = torch.from_numpy(corrections.corrected(counts.cpu().numpy(), some)).to(device)
            return network_inputs(counts, config, "counts" if keep_counts else scaling, ids=ids[some], fill=fill)

        def part(rows: NDArray[np.int64]) -> LoadedSplit:
            inputs: Tensor | Inputs
            if kept == "disk":
                inputs = DiskInputs(store, rows, prepare, device)
            else:
                values = torch.empty(len(rows), config.channels, config.image_size, config.image_size, device=home)
                for start in range(0, len(rows), EVALUATION_BATCH):
                    some = rows[start : start + EVALUATION_BATCH]
                    counts = torch.from_numpy(store.read_images(some)).to(device)
                    values[start : start + len(some)] = prepare(counts, some)
                inputs = values if kept == "device" else HostInputs(values, device)
            own = labels[torch.from_numpy(rows)].to(device)
            later: Scaling = scaling if keep_counts else "counts"
            return LoadedSplit(inputs, own, ids[rows], later, config.input == "image", groups[rows])

        parts = (part(split.train), part(split.val), part(split.test))
        return cls(*parts, store.class_names, store.label_kind, store.content_sha256, split.digest)
