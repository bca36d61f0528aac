"""Size and work of a network, counted without running it."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from airybench.config import NetworkConfig
from airybench.networks.build import build


@dataclass(frozen=True)
class Cost:
    """Size of a network, and work of one forward pass.

    Attributes:
        parameters: number of trained parameters.
        multiply_adds: multiplications with additions for one image.
    """

    parameters: int
    multiply_adds: int


def cost(config: NetworkConfig, image_size: int, classes: int, channels: int = 1) -> Cost:
    """Count parameters and multiply-adds on the meta device, which takes neither memory nor arithmetic.

    Args:
        config: the network.
        image_size: side of its input, pixels.
        classes: number of logits.
        channels: of its input.

    >>> cost(NetworkConfig(arch="resnet", depth=18), image_size=224, classes=11).parameters
    11174091
    """
    with torch.device("meta"):
        network = build(config, classes, image_size, channels).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.empty(1, channels, image_size, image_size))
    return Cost(sum(p.numel() for p in network.parameters()), counter.get_total_flops() // 2)
