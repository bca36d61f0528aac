"""Executors of one machine: this process itself, or several worker processes that keep the data loaded."""

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

from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.sharing import shared
from airybench.errors import ConfigError
from airybench.forking import fork_context
from airybench.sweep.executor import DatasetSpec, EpochDecision, Event, Lost, OnEvent, Task, run_task
from airybench.tracking.store import RUN_VARIABLE
from airybench.training.epoch import Epoch
from airybench.trial.prepared import PreparedDataset

PRELOADED = ["airybench.sweep.workers", "mlflow", "timm", "torchmetrics", "optuna", "matplotlib.figure"]
"""Imported once, in the server that workers are forked from: a new worker then starts within a moment."""

GRACE_SECONDS = 15.0  # for workers that save a checkpoint before they end
WAIT_SECONDS = 5.0  # for a worker that has been killed


class InProcess:
    """One trial at a time, in this process: nothing to start, and easy to follow in a debugger.

    Args:
        dataset: the data.
    """

    def __init__(self, dataset: PreparedDataset) -> None:
        self._dataset = dataset
        self._task: Task | None = None

    def free_slots(self) -> int:
        """One, unless a trial waits to be run."""
        return int(self._task is None)

    def submit(self, task: Task) -> None:
        """Keep the trial for the next call of `wait`."""
        self._task = task

    def wait(self, on_event: OnEvent, seconds: float) -> None:
        """Run the trial to its end."""
        task = self._task
        assert task is not None
        event = run_task(task, self._dataset, lambda epoch: on_event(task.number, epoch))
        self._task = None
        on_event(task.number, event)

    def close(self) -> None:
        """Nothing runs outside `wait`."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    device: str
    task: Task | None = None


class LocalWorkers:
    """Several worker processes on this machine.

    Args:
        dataset: the data. On a CPU all workers share one copy of the inputs, which this process makes; a GPU has one
            for each worker.
        devices: where each worker trains, such as `cuda:0`; one entry per worker.
    """

    def __init__(self, dataset: PreparedDataset, devices: list[str]) -> None:
        self._dataset = dataset
        self._spec = DatasetSpec.of(dataset)
        self._threads = max(1, torch.get_num_threads() // len(devices))  # what this process may use, shared out
        self._workers = [self._start(device) for device in devices]

    def free_slots(self) -> int:
        """Number of workers without a trial."""
        return sum(worker.task is None for worker in self._workers)

    def submit(self, task: Task) -> None:
        """Give the trial to a worker that has none; a dead worker is replaced first."""
        index = next(i for i, worker in enumerate(self._workers) if worker.task is None)
        if not self._workers[index].process.is_alive():
            self._replace(index)
        work = task, self._shared(task, self._workers[index].device)
        try:
            self._workers[index].pipe.send(work)
        except OSError:
            self._replace(index)
            self._workers[index].pipe.send(work)
        self._workers[index].task = task

    def wait(self, on_event: OnEvent, seconds: float) -> None:
        """Pass on what the workers report, and answer."""
        busy = {worker.pipe: index for index, worker in enumerate(self._workers) if worker.task is not None}
        for pipe in wait(list(busy), seconds):
            assert isinstance(pipe, Connection)
            self._receive(busy[pipe], on_event)

    def close(self) -> None:
        """End the workers; those that train save a checkpoint first."""
        for worker in self._workers:
            worker.process.terminate()
            worker.pipe.close()
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.process.kill()
            worker.process.join(WAIT_SECONDS)
        self._workers = []

    def _shared(self, task: Task, device: str) -> LoadedDataset | None:
        """The inputs of a trial in memory that its worker shares; None where it loads them for itself."""
        if device != "cpu" or len(self._workers) == 1:
            return None
        try:
            return shared(self._dataset.at(task.config.data).whole_for(task.config))
        except Exception:  # the worker meets it as well, and its trial fails with the reason
            return None

    def _receive(self, index: int, on_event: OnEvent) -> None:
        worker = self._workers[index]
        assert worker.task is not None
        number = worker.task.number
        try:
            event: Event = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(WAIT_SECONDS)
            self._replace(index)
            on_event(number, Lost(f"its worker died ({_cause_of_death(worker.process.exitcode)})"))
            return
        if not isinstance(event, Epoch):
            worker.task = None
        decision = on_event(number, event)
        if isinstance(event, Epoch):
            with contextlib.suppress(OSError):  # it has died meanwhile: the next `wait` finds out
                worker.pipe.send(decision)

    def _replace(self, index: int) -> None:
        self._workers[index].pipe.close()
        self._workers[index] = self._start(self._workers[index].device)

    def _start(self, device: str) -> _Worker:
        context = fork_context(PRELOADED)
        own_end, worker_end = context.Pipe()
        process = context.Process(
            target=work, args=(worker_end, self._spec, device, self._threads), daemon=True, name=f"airybench-{device}"
        )
        process.start()
        worker_end.close()  # else this process would not see the pipe close when the worker dies
        return _Worker(process, own_end, device)


def work(pipe: "Connection[Any, Any]", spec: DatasetSpec, device: str, threads: int) -> None:
    """The main function of a worker: run trials from the pipe until the pipe closes or the main process ends.

    Args:
        pipe: to the main process.
        spec: the data.
        device: where to train.
        threads: of torch, on a CPU.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the main one decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.pop(RUN_VARIABLE, None)  # MLflow would take the parent's run for this process's own
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if device == "cpu":
        torch.set_num_threads(threads)
    elif device != "cuda":
        torch.cuda.set_device(device)  # else every worker would keep a context on the first GPU as well
    dataset = spec.prepare(torch.device(device))

    def report(epoch: Epoch) -> EpochDecision:
        try:
            pipe.send(epoch)
            decision: EpochDecision = pipe.recv()
        except (EOFError, OSError):
            return "continue"  # the main process is closing: its signal has arrived, and the training sees it next
        return decision

    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            received: tuple[Task, LoadedDataset | None] = pipe.recv()
            task, data = received
            if data is not None:
                dataset.at(task.config.data).take(task.config, data)
            pipe.send(run_task(task, dataset, report))


def devices(name: str, workers: int, per_device: int) -> list[str]:
    """The device of each worker, assigned in turn.

    Args:
        name: of `--device`: `auto` and `cuda` stand for all GPUs, or for the CPU where there is none.
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


def _cause_of_death(code: int | None) -> str:
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
    os._exit(1)  # nobody could receive the result of its trial; a resume runs that again
