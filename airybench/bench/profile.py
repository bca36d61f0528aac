"""Where the time of a training goes, by operation."""

import os
import time

import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile as torch_profile

from airybench.bench.measure import Measurement, measurement
from airybench.config import TrialConfig
from airybench.data.loading.loaded import LoadedDataset
from airybench.training.loop import train

EPOCHS = 2
SHOWN = 12


def profile_training(config: TrialConfig, data: LoadedDataset, device: torch.device, subject: str) -> list[Measurement]:
    """Train two epochs under PyTorch's profiler.

    Args:
        config: what to train.
        data: on `device`.
        device: where to train. On a GPU its own time is counted, on a CPU that of the training's main thread.
        subject: of the measurements.

    Returns:
        Share of the wall time by operation, without the operations it calls: the most expensive ones, all others
        together, and the time in no operation, which is Python, the profiler and the idle time of a GPU.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else it warns of GPUs that are not there
    cuda = device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    short = config.replace({"epochs": EPOCHS})
    train(short, data, device)  # warms up
    with torch_profile(activities=kinds) as profiler:
        began = time.perf_counter()
        train(short, data, device)
        wall = time.perf_counter() - began
    spent = {
        row.key: (row.self_device_time_total if cuda else row.self_cpu_time_total) / 1e6
        for row in profiler.key_averages()
    }
    ranked = sorted(spent, key=lambda key: -spent[key])
    shown = {key.removeprefix("aten::"): spent[key] for key in ranked[:SHOWN]}
    shown["other operations"] = sum(spent[key] for key in ranked[SHOWN:])
    shown["no operation"] = wall - sum(spent.values())
    return [measurement(subject, f"time in {name}", "%", [100 * value / wall]) for name, value in shown.items()]
