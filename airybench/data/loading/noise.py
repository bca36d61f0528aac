"""Noise of the robustness study: a shot gets the same noise for every network, part and device."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from airybench.data.store.ids import ShotIds, id_number
from airybench.physics.optics.random import Stream, shot_generator

Level = Literal["mean", "mean-std", "max"]


def amplitude(images: Tensor, level: Level) -> Tensor:
    """Amplitude A of the noise for each image, counts.

    Args:
        images: float, shape (N, 1, S, S).
        level: `mean` of the image, `mean-std` (mean plus standard deviation), or its `max`.

    Returns:
        Shape (N, 1, 1, 1).

    >>> amplitude(torch.tensor([[[[1.0, 3.0]]]]), "mean-std").item()
    3.0
    """
    if level == "max":
        return images.amax(dim=(1, 2, 3), keepdim=True)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + images.std(dim=(1, 2, 3), keepdim=True, correction=0) if level == "mean-std" else mean


def draws(ids: ShotIds, size: int, seed: int) -> Tensor:
    """Uniform random numbers in [0, 1) for each shot.

    They depend on (seed, id) and the size only, not on the position of a shot, its part or the other shots.

    Args:
        ids: identifiers of the shots, int64 or text, shape (N,).
        size: side S of an image, pixels.
        seed: of the noise.

    Returns:
        float32, shape (N, 1, S, S), on the host.
    """
    numbers = np.empty((len(ids), 1, size, size), np.float32)
    for row, shot in enumerate(ids.tolist()):
        shot_generator(seed, id_number(shot), Stream.ROBUSTNESS).random(dtype=np.float32, out=numbers[row])
    return torch.from_numpy(numbers)


def with_noise(images: Tensor, level: Level, ids: ShotIds, seed: int) -> Tensor:
    """Images plus noise that is uniform on [0, A], with an amplitude A for each image.

    Args:
        images: counts before scaling, float, shape (N, 1, S, S).
        level: what A is, see `amplitude`.
        ids: identifiers of the shots, shape (N,).
        seed: of the noise.

    Returns:
        Same shape.

    Source: add_noise of the reference code, with its levels 1 (mean), 2 (mean + std) and 3 (max).
    """
    return images + amplitude(images, level) * draws(ids, images.shape[-1], seed).to(images.device)
