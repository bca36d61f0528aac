"""Where the time of a training goes, operation by operation."""

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
        device: where; on a GPU its own time is counted, else that of the thread which leads the training.
        subject: heading of the rows.

    Returns:
        Share of the wall time by operation, each without those that it calls: the dearest, all others together, and
        what no operation accounts for, which is Python, the profiler and, on a GPU, its idling.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else it complains of GPUs that are not there
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
    dearest = sorted(spent, key=lambda key: -spent[key])
    shown = {key.removeprefix("aten::"): spent[key] for key in dearest[:SHOWN]}
    shown["other operations"] = sum(spent[key] for key in dearest[SHOWN:])
    shown["no operation"] = wall - sum(spent.values())
    return [measurement(subject, f"time in {name}", "%", [100 * value / wall]) for name, value in shown.items()]
