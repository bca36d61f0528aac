"""From raw counts to the batches a network sees; everything after one upload happens on the device."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from airybench.config import DataConfig, Scaling, TrainConfig
from airybench.data.loading.noise import with_noise
from airybench.data.loading.placement import DiskInputs, HostInputs, Inputs, Placement, place
from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.physics.correlation import correlation_map

FULL_SCALE = 65535.0
"""Largest uint16 count; `unit` scaling divides by it."""

EVALUATION_BATCH = 256


def preprocess(counts: Tensor, image_size: int, *, antialias: bool, scaling: Scaling) -> Tensor:
    """Crop to the central power of two, resize, scale: the only way from counts to a network's input.

    Args:
        counts: detector counts, uint16 (or any real dtype), shape (N, H, W); 259 px keeps rows and columns [1:257].
        image_size: side S of the result, pixels.
        antialias: low-pass before shrinking (the paper did not).
        scaling: `counts` as they are; `unit`, divided by 65535; `log1p`, ln(1 + counts); `standardised`, each image
            less its mean and over its deviation (at least one count over the number of pixels' root).

    Returns:
        float32, shape (N, 1, S, S); never re-quantised.

    Source: input chain of Zimmermann et al. (2019), 259 -> 256 -> 224 px.
    """
    return scaled(resized(counts, image_size, antialias=antialias), scaling)


def network_inputs(
    counts: Tensor, config: DataConfig, scaling: Scaling, *, ids: NDArray[np.int64] | None = None
) -> Tensor:
    """All of the way from counts to what a network of this configuration sees: `preprocess`, or the map of its image.

    Args:
        counts: detector counts, shape (N, H, W).
        config: image size, resize, and image or map.
        scaling: input scaling of the network; maps have none, see `TrialConfig.input_scaling`.
        ids: the shots' identifiers, for the noise that a study puts on its shots. Without them there is none: it
            belongs to the study's shots, not to the network, which meets real noise later.

    Returns:
        float32, shape (N, 1, S, S).
    """
    images = resized(counts, config.image_size, antialias=config.antialias)
    if config.noise != "none" and ids is not None:
        images = with_noise(images, config.noise, ids, config.noise_seed)
    if config.input == "ccf":
        maps = correlation_map(images.squeeze(1), kind=config.ccf_kind, delta=config.ccf_delta, zero=config.ccf_zero)
        return maps.unsqueeze(1)
    return scaled(images, scaling)


def resized(counts: Tensor, image_size: int, *, antialias: bool) -> Tensor:
    """The first steps of `preprocess`, up to the scaling: float32 counts, shape (N, 1, S, S)."""
    height, width = counts.shape[-2:]
    side = 1 << (min(height, width).bit_length() - 1)
    top, left = (height - side) // 2, (width - side) // 2
    images = counts[..., top : top + side, left : left + side].to(torch.float32).unsqueeze(1)
    if side != image_size:
        size = (image_size, image_size)
        images = F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=antialias)
    return images


def scaled(images: Tensor, scaling: Scaling) -> Tensor:
    """The last step of `preprocess`: counts (N, 1, S, S) as a network sees them."""
    if scaling == "unit":
        return images / FULL_SCALE
    if scaling == "log1p":
        return torch.log1p(images)
    if scaling == "standardised":
        centred = images - images.mean(dim=(-2, -1), keepdim=True)
        deviation = centred.square().mean(dim=(-2, -1), keepdim=True).sqrt()
        # An image without structure stays near 0 in place of being blown up.
        return centred / deviation.clamp_min(1 / math.sqrt(images.shape[-1] * images.shape[-2]))
    return images


def rotated(images: Tensor, turns: Tensor, *, by_quarters: bool) -> Tensor:
    """Images turned about their centre.

    Args:
        images: shape (N, C, S, S).
        turns: share of a full turn for each, in [0, 1), shape (N,).
        by_quarters: only by whole quarters, exactly; else by the angle, bilinear, the edges mirrored outwards.
    """
    if by_quarters:
        quarter = (turns * 4).long().view(-1, 1, 1, 1)
        for number in (1, 2, 3):
            images = torch.where(quarter == number, images.rot90(number, (-2, -1)), images)
        return images
    angle = turns * (2 * math.pi)
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = torch.stack([torch.stack([cosine, -sine, zero], 1), torch.stack([sine, cosine, zero], 1)], 1)
    grid = F.affine_grid(rows, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


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


def load_dataset(
    store: Store,
    split: Split,
    config: DataConfig,
    scaling: Scaling,
    device: torch.device | str = "cpu",
    placement: Placement | None = None,
) -> LoadedDataset:
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

    return LoadedDataset(part(split.train), part(split.val), part(split.test), store.class_names, store.label_kind)
