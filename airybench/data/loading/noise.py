"""Noise of the robustness study: the same on a shot for every network, part and device."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.physics.optics.random import Stream, shot_generator

Level = Literal["mean", "mean-std", "max"]


def amplitude(images: Tensor, level: Level) -> Tensor:
    """A of each image, shape (N, 1, 1, 1): its mean, its mean and standard deviation together, or its largest value.

    Args:
        images: float, shape (N, 1, S, S).
        level: which.
    """
    if level == "max":
        return images.amax(dim=(1, 2, 3), keepdim=True)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + images.std(dim=(1, 2, 3), keepdim=True, correction=0) if level == "mean-std" else mean


def draws(ids: NDArray[np.int64], size: int, seed: int) -> Tensor:
    """Uniform numbers in [0, 1) of each shot, float32, shape (N, 1, size, size), on the host.

    The numbers of a shot hang on (seed, id) and the size alone, not on its place, its part or the other shots.
    """
    found = np.empty((len(ids), 1, size, size), np.float32)
    for row, shot in enumerate(ids.tolist()):
        # An id may be any int64; the generator's key is unsigned.
        shot_generator(seed, shot % (1 << 64), Stream.ROBUSTNESS).random(dtype=np.float32, out=found[row])
    return torch.from_numpy(found)


def with_noise(images: Tensor, level: Level, ids: NDArray[np.int64], seed: int) -> Tensor:
    """Images plus noise that is uniform on [0, A], A of each image.

    Args:
        images: float, shape (N, 1, S, S), as the network would see them but for the scaling.
        level: what A is.
        ids: the shots' identifiers, shape (N,).
        seed: of the noise.

    Source: add_noise of the reference code, with its levels 1 (mean), 2 (mean + std) and 3 (max).
    """
    return images + amplitude(images, level) * draws(ids, images.shape[-1], seed).to(images.device)
