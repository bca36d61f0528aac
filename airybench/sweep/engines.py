"""The executor of a sweep, from the options of the command line."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch

from airybench.errors import ConfigError, unknown
from airybench.sweep.executor import Executor
from airybench.sweep.workers import InProcess, LocalWorkers, devices
from airybench.training.device import choose_device
from airybench.trial.prepared import PreparedDataset

CPU = torch.device("cpu")
MAX_WORKERS = 256


@dataclass(frozen=True)
class Engine:
    """Where trials are to run.

    Attributes:
        name: as it is printed, such as `2 workers on cpu`.
        device: where the main process itself prepares the data.
        workers: how many trials run at once, as far as that is known before they start.
        make: makes the executor for a data set.
        remote: whether trials may run on other hosts, which must reach the tracking store.
        on_cpu: whether every trial runs on the CPU of this machine.
        with_workers: makes the engine of some number of workers, where that is left to be chosen for a data set.
    """

    name: str
    device: torch.device
    workers: int
    make: Callable[[PreparedDataset], Executor]
    remote: bool = False
    on_cpu: bool = False
    with_workers: Callable[[int], "Engine"] | None = None


def engine(name: str, device: str, workers: int | Literal["auto"] | None, per_device: int) -> Engine:
    """The engine that `--engine`, `--device`, `--workers` and `--trials-per-device` describe.

    Args:
        name: `local`, `ray` for a Ray on this machine, or `ray://HOST:PORT`.
        device: of `--device`.
        workers: trials at once; None is one, with Ray as many as its resources allow; `auto` as many as the GPUs take,
            and on a CPU what is chosen for the data.
        per_device: trials that share a GPU.

    Raises:
        ConfigError: no such engine or device, or more workers than the devices take.
    """
    if isinstance(workers, int) and not 1 <= workers <= MAX_WORKERS:
        raise ConfigError(f"workers is {workers}, expected 1 to {MAX_WORKERS}")
    if per_device < 1:
        raise ConfigError(f"trials_per_device is {per_device}, expected at least 1")
    if name == "ray" or name.startswith("ray://"):
        return _ray(name, device, None if workers == "auto" else workers, per_device)
    if name != "local":
        raise unknown("engine", name, ("local", "ray", "ray://HOST:PORT"))
    chosen = choose_device(device)
    if workers == "auto" and chosen.type == "cpu":
        return replace(engine(name, device, 1, per_device), with_workers=lambda number: engine(name, device, number, 1))
    if workers == "auto":
        workers = min(MAX_WORKERS, per_device * (1 if ":" in device else torch.cuda.device_count()))
    if workers is None or workers == 1:
        return Engine(str(chosen), chosen, 1, InProcess, on_cpu=chosen.type == "cpu")
    return _local(device, workers, per_device)


def _ray(name: str, device: str, workers: int | None, per_device: int) -> Engine:
    from airybench.sweep.ray_engine import RayTasks

    address = name if name.startswith("ray://") else os.environ.get("RAY_ADDRESS")

    def on_ray(dataset: PreparedDataset) -> Executor:
        dataset.unload()  # the tasks load it for themselves
        return RayTasks(dataset, address, device, workers, per_device)

    return Engine(f"Ray at {address}" if address else "a local Ray", CPU, workers or 1, on_ray, bool(address))


def _local(device: str, workers: int, per_device: int) -> Engine:
    assigned = devices(device, workers, per_device)
    shared = ", ".join(dict.fromkeys(assigned))

    def locally(dataset: PreparedDataset) -> Executor:
        dataset.unload()  # what is loaded for the workers is shared
        return LocalWorkers(dataset, assigned)

    return Engine(f"{workers} workers on {shared}", CPU, workers, locally, on_cpu=shared == "cpu")
