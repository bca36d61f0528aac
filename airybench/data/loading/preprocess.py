"""From raw counts to what a network sees: crop, resize, noise, scaling, or the correlation map."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from airybench.config import DataConfig, Scaling
from airybench.data.loading.masking import PixelFill
from airybench.data.loading.noise import with_noise
from airybench.data.store.ids import ShotIds
from airybench.physics.correlation import Centre, correlation_map
from airybench.physics.optics.detector_stages import LARGEST_COUNT

WHOLE = 1 - 1e-4
"""A pixel of a map's image is left out if less than this share of it comes from pixels that have a value."""


def preprocess(counts: Tensor, image_size: int, *, antialias: bool, scaling: Scaling) -> Tensor:
    """Crop to the central power of two, resize and scale: the only way from counts to an image that a network sees.

    Args:
        counts: detector counts, uint16 (or any real dtype), shape (N, H, W); 259 px keeps rows and columns [1:257].
        image_size: side S of the result, pixels.
        antialias: low-pass filter before shrinking (the paper used none).
        scaling: `counts`, as they are; `unit`, divided by 65535; `log1p`, ln(1 + counts); `standardised`, each image
            minus its mean, divided by its standard deviation (at least 1 / S counts).

    Returns:
        float32, shape (N, 1, S, S); never re-quantised.

    Source: input chain of Zimmermann et al. (2019), 259 -> 256 -> 224 px.
    """
    return scaled(resized(counts, image_size, antialias=antialias), scaling)


def network_inputs(
    counts: Tensor, config: DataConfig, scaling: Scaling, *, ids: ShotIds | None = None, fill: PixelFill | None = None
) -> Tensor:
    """What a network of this configuration sees: the preprocessed image, or its correlation map.

    Args:
        counts: detector counts, shape (N, H, W); or (N, 2, H, W) with the mask of each shot, see `filled_shots`.
        config: image size, resize, noise, mask, and whether the input is the image or its map.
        scaling: input scaling of the network; maps have none, see `TrialConfig.input_scaling`.
        ids: identifiers of the shots, shape (N,), from which a study draws the noise it adds. Without them no noise is
            added: it belongs to the shots of the study, not to the network, which meets real noise later.
        fill: what stands in the place of bad pixels, on the device of the counts; None leaves them as they are.

    Returns:
        float32, shape (N, K, S, S) with the K of `DataConfig.channels`.
    """
    mask: Tensor | None = None
    if counts.ndim == 4:
        counts, mask = counts.unbind(1)
    if fill is not None:
        counts = fill(counts)
        mask = (fill.good if config.input_mask == "channel" else fill.valued).unsqueeze(0)
    seen = None if mask is None or not config.sees_mask else resized(mask, config.image_size, antialias=False)
    images = resized(counts, config.image_size, antialias=config.antialias)
    if config.noise != "none" and ids is not None:
        images = with_noise(images, config.noise, ids, config.noise_seed)
    if config.input == "ccf":
        height, width = counts.shape[-2:]
        whole = None if seen is None else seen.squeeze(1) > WHOLE
        maps = correlation_map(
            images.squeeze(1), mask=whole, kind=config.ccf_kind, delta=config.ccf_delta, zero=config.ccf_zero,
            centre=on_input(config.ccf_centre, (height, width), config.image_size),
        )  # fmt: skip
        return maps.unsqueeze(1)
    images = scaled(images, scaling)
    if config.input_mask == "channel":
        images = torch.cat([images, torch.ones_like(images) if seen is None else seen.expand_as(images)], dim=1)
    return images


def central_square(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the central power of two of an image, which is all that a network sees of it.

    Args:
        shape: (H, W), pixels.

    >>> central_square((259, 300))
    (slice(1, 257, None), slice(22, 278, None))
    """
    side = 1 << (min(shape).bit_length() - 1)
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    return slice(top, top + side), slice(left, left + side)


def on_input(centre: str, shape: tuple[int, int], image_size: int) -> Centre:
    """The centre of correlation maps on the image that a network sees.

    Args:
        centre: `frame`, `found`, or `ROW,COL` in pixels of the detector.
        shape: (H, W) of the detector, pixels.
        image_size: side S of the input, pixels.

    >>> on_input("129,129", (259, 259), 64)  # the middle pixel, after a cut to 256 px from the second pixel on
    (31.625, 31.625)
    """
    if centre == "frame":
        return "frame"
    if centre == "found":
        return "found"
    row, column = (
        (float(number) - cut.start + 0.5) * image_size / (cut.stop - cut.start) - 0.5
        for number, cut in zip(centre.split(","), central_square(shape), strict=True)
    )
    return row, column


def resized(counts: Tensor, image_size: int, *, antialias: bool) -> Tensor:
    """The first steps of `preprocess`: cropped and resized counts, not yet scaled.

    Args:
        counts: shape (N, H, W).
        image_size: side S of the result, pixels.
        antialias: low-pass filter before shrinking.

    Returns:
        float32, shape (N, 1, S, S).
    """
    height, width = counts.shape[-2:]
    rows, columns = central_square((height, width))
    images = counts[..., rows, columns].to(torch.float32).unsqueeze(1)
    if images.shape[-1] != image_size:
        size = (image_size, image_size)
        images = F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=antialias)
    return images


def scaled(images: Tensor, scaling: Scaling) -> Tensor:
    """The last step of `preprocess`.

    Args:
        images: counts, float32, shape (N, 1, S, S); or (N, 2, S, S) with their masks, which are not scaled.
        scaling: see `preprocess`.

    Returns:
        float32, same shape.

    >>> scaled(torch.full((1, 1, 2, 2), 65535.0), "unit").max()
    tensor(1.)
    """
    if images.shape[1] > 1 and scaling != "counts":
        return torch.cat([scaled(images[:, :1], scaling), images[:, 1:]], dim=1)
    if scaling == "unit":
        return images / LARGEST_COUNT
    if scaling == "log1p":
        return torch.log1p(images)
    if scaling == "standardised":
        centred = images - images.mean(dim=(-2, -1), keepdim=True)
        deviation = centred.square().mean(dim=(-2, -1), keepdim=True).sqrt()
        # An image without structure stays near 0 and its noise is not amplified.
        return centred / deviation.clamp_min(1 / math.sqrt(images.shape[-1] * images.shape[-2]))
    return images


def rotated(images: Tensor, turns: Tensor, *, by_quarters: bool) -> Tensor:
    """Images rotated about their centre.

    Args:
        images: shape (N, C, S, S).
        turns: angle of each in full turns, in [0, 1), shape (N,).
        by_quarters: rotate exactly, by whole quarter turns, rounded down; else by the angle itself, bilinear, with the
            image mirrored beyond its edges.

    Returns:
        Same shape.
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
