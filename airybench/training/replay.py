"""What a training step calls in place of its network: the network itself, compiled, or its kernels as CUDA graphs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from airybench.config import TrainConfig

Network = Callable[[Tensor], Tensor]


def for_steps(network: nn.Module, config: TrainConfig, device: torch.device, *, whole_batches: bool = True) -> Network:
    """A network for the steps of a training.

    The host of a GPU needs milliseconds to start the several hundred kernels of a small step one by one; as CUDA graphs
    they start at once.

    Args:
        network: on `device`, in training mode.
        config: whether the network is compiled.
        device: where to train.
        whole_batches: every call is on a batch of the same size, and gradients are not summed over several calls: a
            replay overwrites those of the replay before.
    """
    if config.compile:
        compiled: Network = torch.compile(network)
        return compiled
    return Replayed(network) if device.type == "cuda" and whole_batches else network


class Replayed:
    """A network on a GPU whose forward and backward passes are recorded with the first batch, and then replayed.

    A replay computes what the network computes, to the last bit, on a batch of the same shape; any other goes through
    the network itself.

    Args:
        network: in training mode.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network, self._shape = network, torch.Size()
        self._recorded: Network | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """Logits of a batch, shape (N, C)."""
        if self._recorded is None:
            self._recorded, self._shape = _recorded(self._network, images), images.shape
        return (self._recorded if images.shape == self._shape else self._network)(images)


class _Inner(nn.Module):
    """Holds a network, since recording replaces the `forward` of what it is given."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Logits of a batch."""
        found: Tensor = self.network(images)
        return found


def _recorded(network: nn.Module, images: Tensor) -> Network:
    """The network as two CUDA graphs, for batches of this shape and memory layout.

    Recording runs the network several times: the statistics of its batch norm and the random numbers of its dropout are
    set back to what they were.
    """
    device = images.device
    before = [buffer.clone() for buffer in network.buffers()]
    casting = torch.autocast(
        device.type,
        dtype=torch.get_autocast_dtype(device.type),
        enabled=torch.is_autocast_enabled(device.type),
        cache_enabled=False,  # a weight that is cast outside of the graph would stay as it is now
    )
    # Only this thread is kept from calls that cannot be recorded: another one may be reading the next batch.
    with torch.random.fork_rng(devices=[device]), casting:
        recorded: Any = torch.cuda.make_graphed_callables(
            _Inner(network), (torch.empty_like(images).copy_(images),), capture_error_mode="thread_local"
        )
    with torch.no_grad():
        for buffer, values in zip(network.buffers(), before, strict=True):
            buffer.copy_(values)
    found: Network = recorded
    return found
