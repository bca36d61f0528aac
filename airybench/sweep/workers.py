"""Workers of one machine: the process at hand, or several long-lived ones that keep the data loaded."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from airybench.errors import ConfigError
from airybench.sweep.executor import DatasetSpec, EpochDecision, Event, Hear, Lost, Task, perform
from airybench.training.epoch import Epoch
from airybench.trial.prepared import PreparedDataset

PRELOADED = ["airybench.sweep.workers", "mlflow", "timm", "torchmetrics", "optuna", "matplotlib.figure"]
"""Loaded once, in the server that workers are forked from: a new worker then begins within a moment."""

GRACE_SECONDS = 15.0  # for a worker that saves a checkpoint before it ends
WAIT_SECONDS = 5.0  # for a worker that was told to end


class InProcess:
    """One trial at a time, in this process: nothing to start, and everything in one place for a debugger."""

    def __init__(self, source: PreparedDataset) -> None:
        self._source = source
        self._task: Task | None = None

    def free(self) -> int:
        """One, unless a trial waits to be run."""
        return int(self._task is None)

    def submit(self, task: Task) -> None:
        """Keep the trial for the next step."""
        self._task = task

    def step(self, hear: Hear, seconds: float) -> None:
        """Run the trial to its end."""
        task = self._task
        assert task is not None
        event = perform(task, self._source, lambda epoch: hear(task.number, epoch))
        self._task = None
        hear(task.number, event)

    def close(self) -> None:
        """Nothing runs outside a step."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    device: str
    task: Task | None = None


class LocalWorkers:
    """Several processes of this machine.

    Args:
        source: the data; each worker opens them for itself, once.
        devices: where each worker trains, such as `cuda:0`; one entry a worker.
    """

    def __init__(self, source: PreparedDataset, devices: list[str]) -> None:
        self._recipe = DatasetSpec.of(source)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._threads = max(1, torch.get_num_threads() // len(devices))  # what this process was given, shared out
        self._workers = [self._start(device) for device in devices]

    def free(self) -> int:
        """Workers without a trial."""
        return sum(worker.task is None for worker in self._workers)

    def submit(self, task: Task) -> None:
        """Give the trial to a worker that has none; one that died in between is replaced."""
        index = next(i for i, worker in enumerate(self._workers) if worker.task is None)
        if not self._workers[index].process.is_alive():
            self._replace(index)
        try:
            self._workers[index].pipe.send(task)
        except OSError:
            self._replace(index)
            self._workers[index].pipe.send(task)
        self._workers[index].task = task

    def step(self, hear: Hear, seconds: float) -> None:
        """Pass on what the workers have to say, and answer."""
        busy = {worker.pipe: index for index, worker in enumerate(self._workers) if worker.task is not None}
        for pipe in wait(list(busy), seconds):
            assert isinstance(pipe, Connection)
            self._hear(busy[pipe], hear)

    def close(self) -> None:
        """End the workers; one that trains saves a checkpoint first."""
        for worker in self._workers:
            worker.process.terminate()
            worker.pipe.close()
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.process.kill()
            worker.process.join(WAIT_SECONDS)
        self._workers = []

    def _hear(self, index: int, hear: Hear) -> None:
        worker = self._workers[index]
        assert worker.task is not None
        number = worker.task.number
        try:
            event: Event = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(WAIT_SECONDS)
            self._replace(index)
            hear(number, Lost(f"its worker died ({_ending(worker.process.exitcode)})"))
            return
        if not isinstance(event, Epoch):
            worker.task = None
        verdict = hear(number, event)
        if isinstance(event, Epoch):
            with contextlib.suppress(OSError):  # it died meanwhile: the next step meets its end
                worker.pipe.send(verdict)

    def _replace(self, index: int) -> None:
        self._workers[index].pipe.close()
        self._workers[index] = self._start(self._workers[index].device)

    def _start(self, device: str) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=work, args=(there, self._recipe, device, self._threads), daemon=True, name=f"airybench-{device}"
        )
        process.start()
        there.close()  # else the end of the worker would never show on this side
        return _Worker(process, here, device)


def work(pipe: "Connection[Any, Any]", recipe: DatasetSpec, device: str, threads: int) -> None:
    """The life of a worker: trials from the pipe, one after the other, until the pipe or the main process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the main one decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.pop("MLFLOW_RUN_ID", None)  # MLflow would take the parent's run for this process's own
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if device == "cpu":
        torch.set_num_threads(threads)
    elif device != "cuda":
        torch.cuda.set_device(device)  # else every worker would keep a context on the first GPU as well
    source = recipe.prepare(torch.device(device))

    def say(epoch: Epoch) -> EpochDecision:
        try:
            pipe.send(epoch)
            verdict: EpochDecision = pipe.recv()
        except (EOFError, OSError):
            return "go on"  # the main process closes; its signal is here already, and the training sees it next
        return verdict

    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            task: Task = pipe.recv()
            pipe.send(perform(task, source, say))


def devices(name: str, workers: int, per_device: int) -> list[str]:
    """The device of each worker, dealt out in turn.

    Args:
        name: what `--device` says: `auto` and `cuda` are every GPU there is, or the CPU.
        workers: how many.
        per_device: how many may share a GPU.

    Raises:
        ConfigError: more workers than the GPUs take.
    """
    count = torch.cuda.device_count()
    if name in ("auto", "cuda") and count:
        found = [f"cuda:{index}" for index in range(count)]
    else:
        found = ["cpu" if name == "auto" else name]
    if found != ["cpu"] and workers > len(found) * per_device:
        raise ConfigError(
            f"{workers} workers are more than {len(found)} GPU{'s' if len(found) > 1 else ''} with {per_device} a GPU "
            f"take; ask for fewer --workers, or give --trials-per-device {-(-workers // len(found))}"
        )
    return [found[index % len(found)] for index in range(workers)]


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)  # nobody would hear of the trial at hand, and a resume runs it again
