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
        """Whether this process evaluates, saves and reports for all of them."""
        return self.rank == 0

    def shared(self, work: Callable[[], T]) -> T:
        """Do some work in the lead process only, and give its result to all processes.

        Args:
            work: the work; if it raises, the error is raised in every process.
        """
        if self.world == 1:
            return work()
        outcome: list[Any] = [None, None]  # result and error
        if self.lead:
            try:
                outcome[0] = work()
            except Exception as error:
                outcome[1] = error
        dist.broadcast_object_list(outcome, src=0)
        if outcome[1] is not None:
            raise outcome[1]
        result: T = outcome[0]
        return result

    def mean(self, value: Tensor) -> Tensor:
        """Mean of a tensor over the processes; the tensor itself is overwritten."""
        if self.world > 1:
            dist.all_reduce(value)
            value /= self.world
        return value

    def any(self, condition: bool) -> bool:
        """Whether the condition holds in any of the processes."""
        if self.world == 1:
            return condition
        conditions: list[Any] = [None] * self.world
        dist.all_gather_object(conditions, condition)
        return any(conditions)

    def require(self, batch: int) -> None:
        """Refuse a batch that cannot be divided equally: gradients are averaged over equal shares.

        Args:
            batch: shots per training step, over all processes.

        Raises:
            ConfigError: the batch is no multiple of the number of processes.
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
