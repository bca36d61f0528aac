"""Where and how tensors are computed: device, precision and memory layout."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from airybench.config import TrainConfig, TrialConfig
from airybench.cores import limit_threads
from airybench.errors import OutOfMemoryError, unknown


def choose_device(name: str = "auto") -> torch.device:
    """The device to compute on; on a CPU, with no more threads than this process may use cores.

    Args:
        name: `cpu`, `cuda`, `cuda:N`, or `auto` for the first GPU if there is one, else the CPU.

    Raises:
        ConfigError: this machine has no such device.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    limit_threads()
    count = torch.cuda.device_count()
    found = ["cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))]
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    if name not in found:
        raise unknown("device", name, ["auto", *found])
    return torch.device(name)


def precision(config: TrainConfig, device: torch.device) -> AbstractContextManager[Any]:
    """A context in which networks run in the configured precision; `auto` is bfloat16 on a GPU, float32 on a CPU."""
    chosen = number_format(config, device)
    return nullcontext() if chosen == "float32" else torch.autocast(device.type, dtype=getattr(torch, chosen))


def number_format(config: TrainConfig, device: torch.device) -> str:
    """The number format that networks run in, such as `float32`."""
    if config.precision == "auto":
        return "bfloat16" if device.type == "cuda" else "float32"
    return config.precision


def channels_last(config: TrainConfig, device: torch.device) -> bool:
    """Whether images are stored channels-last (NHWC) in memory."""
    return config.channels_last == "on" or (config.channels_last == "auto" and device.type == "cuda")


def arranged(images: Tensor, config: TrainConfig) -> Tensor:
    """A batch (N, C, H, W) in the memory layout that the network is trained in."""
    last = channels_last(config, images.device)
    return images.contiguous(memory_format=torch.channels_last) if last else images


@contextmanager
def checked_memory(config: TrialConfig) -> Iterator[None]:
    """Turn every form of out-of-memory error into one that names the network and the batch.

    Raises:
        OutOfMemoryError: network and batch do not fit the device.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in text:
            raise OutOfMemoryError(
                f"{config.network.title} at batch {config.training.batch_size} and {config.data.image_size} px does "
                "not fit the device's memory; try a smaller batch_size or image_size"
            ) from error
        raise
