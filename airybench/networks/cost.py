"""What a network costs, counted without running it."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from airybench.config import NetworkConfig
from airybench.networks.build import build


@dataclass(frozen=True)
class Cost:
    """Size of a network and work of one forward pass over one image."""

    parameters: int
    multiply_adds: int


def cost(config: NetworkConfig, image_size: int, classes: int) -> Cost:
    """Count parameters and multiply-adds on the meta device: no memory, no arithmetic."""
    with torch.device("meta"):
        network = build(config, classes, image_size).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.empty(1, 1, image_size, image_size))
    return Cost(sum(p.numel() for p in network.parameters()), counter.get_total_flops() // 2)
