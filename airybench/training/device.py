"""Where and how numbers are computed: device, precision, memory layout."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from airybench.config import TrainConfig, TrialConfig
from airybench.errors import OutOfMemoryError, unknown


def choose_device(name: str = "auto") -> torch.device:
    """`auto` is the first GPU, or the CPU where there is none.

    Raises:
        ConfigError: this machine has no such device.
    """
    count = torch.cuda.device_count()
    found = ["cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))]
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    if name not in found:
        raise unknown("device", name, ["auto", *found])
    return torch.device(name)


def precision(config: TrainConfig, device: torch.device) -> AbstractContextManager[Any]:
    """Mixed precision as configured; `auto` is bfloat16 on a GPU and none on a CPU."""
    chosen = config.precision
    if chosen == "auto":
        chosen = "bfloat16" if device.type == "cuda" else "float32"
    return nullcontext() if chosen == "float32" else torch.autocast(device.type, dtype=getattr(torch, chosen))


def channels_last(config: TrainConfig, device: torch.device) -> bool:
    """Whether images lie in memory with their channels last."""
    return config.channels_last == "on" or (config.channels_last == "auto" and device.type == "cuda")


def arranged(images: Tensor, config: TrainConfig) -> Tensor:
    """A batch in the memory layout of the network."""
    last = channels_last(config, images.device)
    return images.contiguous(memory_format=torch.channels_last) if last else images


@contextmanager
def memory(config: TrialConfig) -> Iterator[None]:
    """Tell a lack of memory for what it is.

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
