"""From raw counts to what a network sees: crop, resize, noise, scaling, or the correlation map."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from airybench.config import DataConfig, Scaling
from airybench.data.loading.noise import with_noise
from airybench.physics.correlation import correlation_map

FULL_SCALE = 65535.0
"""Largest uint16 count; `unit` scaling divides by it."""


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
