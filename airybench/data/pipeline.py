"""From raw counts to the batches a network sees; everything after one upload happens on the device."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from airybench.config import DataConfig
from airybench.data.noise import with_noise
from airybench.data.split import Split
from airybench.data.store import Store
from airybench.physics.correlation import correlation_map

FULL_SCALE = 65535.0
"""Largest uint16 count; `unit` scaling divides by it."""

EVALUATION_BATCH = 256
Scaling = Literal["counts", "unit", "log1p"]


def preprocess(counts: Tensor, image_size: int, *, antialias: bool, scaling: Scaling) -> Tensor:
    """Crop to the central power of two, resize, scale: the only way from counts to a network's input.

    Args:
        counts: detector counts, uint16 (or any real dtype), shape (N, H, W); 259 px keeps rows and columns [1:257].
        image_size: side S of the result, pixels.
        antialias: low-pass before shrinking (the paper did not).
        scaling: `counts` as they are, `unit`, divided by 65535, or `log1p`, ln(1 + counts).

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
    """The last step of `preprocess`."""
    if scaling == "log1p":
        return images.log1p()
    return images / FULL_SCALE if scaling == "unit" else images


@dataclass(frozen=True)
class Part:
    """One part of a split, resident on the device.

    Attributes:
        inputs: float32, shape (N, 1, S, S).
        labels: float32 0/1, shape (N, C).
        ids: int64, shape (N,), on the host.
        flippable: whether a mirrored input is an input again; a correlation map's axes are no directions on a detector,
            and the map of a mirrored image is the map itself, or its transpose.
    """

    inputs: Tensor
    labels: Tensor
    ids: NDArray[np.int64]
    flippable: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def training_batches(
        self, batch_size: int, seed: int, epoch: int, *, flips: bool
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled, flipped batches of one epoch; the short last batch is dropped.

        Order and flips depend on (seed, epoch) only, and are drawn on the host so that every device sees the same.
        """
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        device = self.inputs.device
        order = torch.randperm(len(self), generator=generator).to(device)
        mirrored = (torch.rand(2, len(self), generator=generator) < 0.5).to(device)
        batch_size = min(batch_size, len(self))
        for start in range(0, len(self) - batch_size + 1, batch_size):
            rows = order[start : start + batch_size]
            images = self.inputs[rows]
            if flips and self.flippable:
                for axis, mirror in ((-1, mirrored[0]), (-2, mirrored[1])):
                    flip = mirror[start : start + batch_size].view(-1, 1, 1, 1)
                    images = torch.where(flip, images.flip(axis), images)
            yield images, self.labels[rows]

    def evaluation_batches(self) -> Iterator[Tensor]:
        """Inputs in order, every shot once."""
        yield from self.inputs.split(EVALUATION_BATCH)


@dataclass(frozen=True)
class Resident:
    """The three parts of a data set on one device, with what names them."""

    train: Part
    val: Part
    test: Part
    class_names: tuple[str, ...]
    label_kind: str


def resident(
    store: Store, split: Split, config: DataConfig, scaling: Scaling, device: torch.device | str = "cpu"
) -> Resident:
    """Load a store once, preprocess it in slices and leave it on the device, in parts.

    Args:
        store: where the shots are.
        split: which row belongs to which part.
        config: image size, resize, noise, and image or map.
        scaling: input scaling of the network at hand.
        device: where the parts are to live.
    """
    labels = torch.from_numpy(store.labels().astype(np.float32))
    ids = store.ids()

    def part(rows: NDArray[np.int64]) -> Part:
        inputs = torch.empty(len(rows), 1, config.image_size, config.image_size, device=device)
        for start in range(0, len(rows), EVALUATION_BATCH):
            chosen = rows[start : start + EVALUATION_BATCH]
            counts = torch.from_numpy(store.read_images(chosen)).to(device)
            inputs[start : start + len(chosen)] = network_inputs(counts, config, scaling, ids=ids[chosen])
        return Part(inputs, labels[torch.from_numpy(rows)].to(device), ids[rows], flippable=config.input == "image")

    return Resident(part(split.train), part(split.val), part(split.test), store.class_names, store.label_kind)
