"""Random faults of a detector on training images: hot and dead pixels, offset and gain."""

from dataclasses import dataclass
from math import log
from typing import Self

import torch
from torch import Tensor

from airybench.config import TrainConfig
from airybench.physics.fixed_frame import HOT_COUNTS
from airybench.physics.optics.detector_stages import LARGEST_COUNT


@dataclass(frozen=True)
class DetectorJitter:
    """The faults of one epoch, drawn for N shots; the same for every device and every batch size.

    Attributes:
        gain: factor of each shot, shape (N,).
        offset: of each shot, counts, shape (N,).
        hot: indices of pixels of the flattened image, int64, shape (N, most).
        hot_counts: of these pixels, shape (N, most); 0 for pixels beyond the number of that shot.
        dead: indices of pixels, shape (N, most).
        dead_factor: 0 for a dead pixel, 1 for pixels beyond the number of that shot, shape (N, most).
    """

    gain: Tensor
    offset: Tensor
    hot: Tensor
    hot_counts: Tensor
    dead: Tensor
    dead_factor: Tensor

    @classmethod
    def draw(cls, config: TrainConfig, shots: int, side: int, generator: torch.Generator) -> Self:
        """Draw the faults of an epoch.

        Every shot gets a number of hot and of dead pixels that is uniform from 0 to the largest, an offset that is
        uniform from 0 to the largest, and a gain whose logarithm is uniform between -ln and ln of the largest factor.

        Args:
            config: the largest numbers, offset and factor.
            shots: N.
            side: of an image, pixels.
            generator: on the host.
        """

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator)

        def places(most: int) -> tuple[Tensor, Tensor]:
            numbers = torch.randint(most + 1, (shots, 1), generator=generator)
            pixels = torch.randint(side * side, (shots, most), generator=generator)
            return pixels, torch.arange(most) < numbers

        gain = torch.exp((2 * uniform(shots) - 1) * log(config.gain_jitter))
        offset = uniform(shots) * config.offset_jitter
        hot, is_hot = places(config.hot_pixels)
        low, high = (log(value) for value in HOT_COUNTS)
        counts = torch.exp(low + (high - low) * uniform(*hot.shape))
        dead, is_dead = places(config.dead_pixels)
        return cls(gain, offset, hot, counts * is_hot, dead, 1.0 - is_dead.float())

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        return type(self)(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def applied(self, counts: Tensor, some: slice) -> Tensor:
        """Images of some of the shots with their faults.

        Args:
            counts: float32, shape (n, 1, S, S).
            some: which shots they are.

        Returns:
            Same shape, from 0 to 65535 counts.
        """
        column = (-1, 1, 1, 1)
        changed = (counts * self.gain[some].view(column) + self.offset[some].view(column)).clamp(0, LARGEST_COUNT)
        # A reduction gives the same result in any order, so that a GPU is free to choose one.
        pixels = changed.flatten(1).scatter_reduce(1, self.hot[some], self.hot_counts[some], "amax")
        return pixels.scatter_reduce(1, self.dead[some], self.dead_factor[some], "prod").view_as(counts)
