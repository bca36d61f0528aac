"""Trials as Ray tasks: this process schedules, the cluster trains; a lost node costs no more than its trials."""

import asyncio
import logging
import os
from typing import Any

import torch

from airybench.errors import DataError, StudyError
from airybench.sweep.executor import DatasetSpec, EpochDecision, Event, Failed, Lost, OnEvent, Task, run_task
from airybench.tracking.store import RUN_VARIABLE
from airybench.training.epoch import Epoch
from airybench.trial.prepared import PreparedDataset

os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # under `uv run` Ray would rebuild the environment

_prepared: dict[tuple[str, str, str], PreparedDataset] = {}
"""In a Ray worker process: the data that earlier trials have loaded."""


class Mailbox:
    """A Ray actor that passes epochs from the trials to the scheduler, and its decisions back."""

    def __init__(self) -> None:
        self._reports: asyncio.Queue[tuple[int, Epoch]] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[EpochDecision]] = {}

    async def report(self, number: int, epoch: Epoch) -> EpochDecision:
        """Called by a trial after an epoch; returns the decision on it."""
        answer: asyncio.Future[EpochDecision] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._reports.put((number, epoch))
        return await answer

    async def next_report(self) -> tuple[int, Epoch]:
        """Called by the scheduler: the next trial and epoch."""
        return await self._reports.get()

    async def answer(self, number: int, decision: EpochDecision) -> None:
        """Called by the scheduler: the decision on the epoch of a trial."""
        waiting = self._answers.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(decision)


def trial(task: Task, spec: DatasetSpec, device: str, mailbox: Any) -> Event:
    """Run a trial on some node; the first trial of each worker process there loads the data."""
    import ray

    os.environ.pop(RUN_VARIABLE, None)
    key = (spec.store.content_sha256, spec.split_digest, device)
    try:
        if key not in _prepared:
            store = spec.store.open(spec.store.path)
            if store.content_sha256 != spec.store.content_sha256:
                raise DataError(f"{store.path} has another content on this node")
            _prepared.clear()
            _prepared[key] = spec.prepare(torch.device(device))
    except DataError as error:
        return Failed("data", f"{error}; trials on a cluster need the store at the same path on every node")

    def report(epoch: Epoch) -> EpochDecision:
        decision: EpochDecision = ray.get(mailbox.report.remote(task.number, epoch))
        return decision

    return run_task(task, _prepared[key], report)


class RayTasks:
    """An executor on Ray.

    Args:
        dataset: the data; every node opens the store at the same path.
        address: `ray://HOST:PORT` or another address of a cluster; None starts a local Ray.
        device: `auto` asks for one GPU per trial where the cluster has any; `cpu` asks for none.
        workers: trials at once; None is as many as the resources take.
        per_device: trials that share a GPU.

    Raises:
        StudyError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(
        self, dataset: PreparedDataset, address: str | None, device: str, workers: int | None, per_device: int
    ) -> None:
        try:
            import ray
        except ImportError:
            raise StudyError("engine ray needs the package ray; install it: pip install 'airybench[cluster]'") from None
        self._ray = ray
        self._started = not ray.is_initialized()
        if self._started:
            try:
                ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False)
            except Exception as error:
                # Ray raises whatever its transport does: connection, runtime and value errors alike.
                reason = " ".join(str(error).split())[:200] or type(error).__name__
                raise StudyError(f"Ray at {address or 'this machine'} cannot be used: {reason}") from None
        self._workers = workers
        self._per_device = per_device
        gpus = ray.cluster_resources().get("GPU", 0.0) if device != "cpu" else 0.0
        self._device = "cuda:0" if gpus else "cpu"  # Ray shows a task its own GPU alone
        # No retries by Ray itself: the study must record a trial that was lost, and runs it again.
        options = {"max_retries": 0, "num_cpus": 1, "num_gpus": 1 / per_device if gpus else 0}
        self._trial = ray.remote(**options)(trial)
        self._spec = ray.put(DatasetSpec.of(dataset))
        # On the node of this process: the mailbox must outlive the other nodes.
        own_node = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        self._mailbox = ray.remote(num_cpus=0, scheduling_strategy=own_node)(Mailbox).remote()
        self._running: dict[Any, int] = {}
        self._next_report = self._mailbox.next_report.remote()

    def free_slots(self) -> int:
        """How many more trials fit what the cluster has by now: nodes come and go."""
        slots = self._workers
        if slots is None:
            resources = self._ray.cluster_resources()
            per_gpu = resources.get("GPU", 0.0) * self._per_device
            slots = max(1, int(per_gpu if self._device != "cpu" else resources.get("CPU", 1.0)))
        return max(0, slots - len(self._running))

    def submit(self, task: Task) -> None:
        """Hand the trial to Ray."""
        self._running[self._trial.remote(task, self._spec, self._device, self._mailbox)] = task.number

    def wait(self, on_event: OnEvent, seconds: float) -> None:
        """Pass on the next epoch or end, and answer."""
        ray = self._ray
        ready, _ = ray.wait([self._next_report, *self._running], num_returns=1, timeout=seconds)
        for reference in ready:
            if reference == self._next_report:
                number, epoch = ray.get(reference)
                self._next_report = self._mailbox.next_report.remote()
                if number in self._running.values():
                    self._mailbox.answer.remote(number, on_event(number, epoch))
                continue
            number = self._running.pop(reference)
            try:
                event: Event = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                event = Failed("error", " ".join(str(error.cause).split()) or type(error).__name__)
            except ray.exceptions.RayError as error:
                event = Lost(f"its node or worker died ({type(error).__name__})")
            on_event(number, event)

    def close(self) -> None:
        """Cancel what still runs, and leave the cluster, or end the local one."""
        if not self._ray.is_initialized():
            return
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running = {}
        self._ray.kill(self._mailbox)
        if self._started:
            self._ray.shutdown()
