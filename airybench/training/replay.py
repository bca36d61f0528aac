"""What a training step calls in place of its network: the network itself, compiled, or its kernels as CUDA graphs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from airybench.config import TrialConfig
from airybench.training.device import arranged, precision

Network = Callable[[Tensor], Tensor]


def for_steps(
    network: nn.Module, config: TrialConfig, device: torch.device, shots: int, *, whole_batches: bool = True
) -> Network:
    """A network for the steps of a training.

    The host of a GPU needs milliseconds to start the several hundred kernels of a small step one by one; as CUDA graphs
    they start at once.

    Args:
        network: on `device`, in the memory layout that it is trained in.
        config: images, number format, and whether the network is compiled.
        device: where to train.
        shots: of a batch.
        whole_batches: every call is on such a batch, and gradients are not summed over several calls: a replay
            overwrites those of the replay before.
    """
    graphs = device.type == "cuda" and whole_batches
    if config.training.compile:
        compiled: Network = torch.compile(network, mode="reduce-overhead" if graphs else None)
        return compiled
    if not graphs:
        return network
    side = config.data.image_size
    with precision(config.training, device):
        sample = arranged(torch.zeros(shots, config.data.channels, side, side, device=device), config.training)
        return Replayed(network, sample)


class Replayed:
    """A network on a GPU whose forward and backward passes are recorded once and then replayed.

    A replay computes what the network computes, to the last bit, on a batch of the shape of the sample; any other batch
    goes through the network itself. Recording is refused while another thread of the process works on the GPU, so it
    takes place here, before a training reads its first batch.

    Args:
        network: its statistics of batch norm, and random numbers, are afterwards what they were.
        sample: a batch (N, K, S, S) in the memory layout of those to come.
    """

    def __init__(self, network: nn.Module, sample: Tensor) -> None:
        self._network, self._shape = network, sample.shape
        network.train()
        before = [buffer.clone() for buffer in network.buffers()]
        casting = torch.autocast(
            sample.device.type,
            dtype=torch.get_autocast_dtype(sample.device.type),
            enabled=torch.is_autocast_enabled(sample.device.type),
            cache_enabled=False,  # a weight that is cast outside of the graph would stay as it is now
        )
        with torch.random.fork_rng(devices=[sample.device]), casting:
            self._recorded: Any = torch.cuda.make_graphed_callables(_Inner(network), (sample,))
        with torch.no_grad():
            for buffer, values in zip(network.buffers(), before, strict=True):
                buffer.copy_(values)

    def __call__(self, images: Tensor) -> Tensor:
        """Logits of a batch, shape (N, C)."""
        found: Tensor = (self._recorded if images.shape == self._shape else self._network)(images)
        return found


class _Inner(nn.Module):
    """Holds a network, since recording replaces the `forward` of what it is given."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Logits of a batch."""
        found: Tensor = self.network(images)
        return found
