"""Several processes that share one training, as `torchrun` starts them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from airybench.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """The processes that share a training, and which of them this is; alone by default.

    Attributes:
        rank: number of this process, from 0.
        world: number of processes.
        sync_batch_norm: compute the statistics of batch norm over all processes, which needs GPUs.
    """

    rank: int = 0
    world: int = 1
    sync_batch_norm: bool = False

    @property
    def lead(self) -> bool:
        """Whether this one evaluates, saves and reports for all."""
        return self.rank == 0

    def shared(self, work: Callable[[], T]) -> T:
        """Do something on the lead alone and give its result, or its error, to all."""
        if self.world == 1:
            return work()
        box: list[Any] = [None, None]
        if self.lead:
            try:
                box[0] = work()
            except Exception as error:
                box[1] = error
        dist.broadcast_object_list(box, src=0)
        if box[1] is not None:
            raise box[1]
        result: T = box[0]
        return result

    def mean(self, value: Tensor) -> Tensor:
        """Mean of a tensor over the processes."""
        if self.world > 1:
            dist.all_reduce(value)
            value /= self.world
        return value

    def any(self, wish: bool) -> bool:
        """Whether one of them wishes so."""
        if self.world == 1:
            return wish
        box: list[Any] = [None] * self.world
        dist.all_gather_object(box, wish)
        return any(box)

    def require(self, batch: int) -> None:
        """Refuse a batch that cannot be shared out evenly: gradients are means over equal shares.

        Raises:
            ConfigError: it cannot.
        """
        if batch % self.world:
            raise ConfigError(f"a batch of {batch} shots cannot be shared by {self.world} processes; choose a multiple")


ALONE = Ranks()
"""One process trains by itself."""


@contextmanager
def shared_training(device: torch.device, *, sync_batch_norm: bool = False) -> Iterator[tuple[Ranks, torch.device]]:
    """Join the other processes where `torchrun` started several.

    Args:
        device: what the user chose; each process takes a GPU of its own where that is `cuda`.
        sync_batch_norm: compute the statistics of batch norm over all processes.

    Yields:
        The processes, and the device of this one.

    Raises:
        ConfigError: more processes than GPUs, or common batch-norm statistics on a CPU, where torch has none.
    """
    if sync_batch_norm and device.type != "cuda":
        raise ConfigError("--sync-bn needs GPUs; on a CPU each process keeps its own batch-norm statistics")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1 or "RANK" not in os.environ:
        yield Ranks(sync_batch_norm=sync_batch_norm), device
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if device.type == "cuda":
        if torch.cuda.device_count() <= local:
            raise ConfigError(f"process {local} has no GPU of its own; start at most {torch.cuda.device_count()}")
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size(), sync_batch_norm), device
    finally:
        dist.destroy_process_group()
