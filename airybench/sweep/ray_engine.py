"""Trials as Ray tasks: this process asks and tells, the cluster trains; a node that is lost costs its trials alone."""

import asyncio
import logging
import os
from typing import Any

import torch

from airybench.errors import DataError, StudyError
from airybench.sweep.executor import DatasetSpec, EpochDecision, Event, Failed, Hear, Lost, Task, perform
from airybench.training.epoch import Epoch
from airybench.trial.prepared import PreparedDataset

os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # under `uv run` Ray would rebuild the environment

_prepared: dict[tuple[str, str, str], PreparedDataset] = {}
"""Of a Ray worker process: what its trials before have loaded already."""


class Mailbox:
    """What running trials say after each epoch, and the answers; an actor, where trials and this process meet."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[tuple[int, Epoch]] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[EpochDecision]] = {}

    async def say(self, number: int, epoch: Epoch) -> EpochDecision:
        """Of a trial: an epoch has ended; returns the verdict on it."""
        answer: asyncio.Future[EpochDecision] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._said.put((number, epoch))
        return await answer

    async def hear(self) -> tuple[int, Epoch]:
        """Of the one who drives: the next thing said."""
        return await self._said.get()

    async def answer(self, number: int, verdict: EpochDecision) -> None:
        """Of the one who drives: the verdict."""
        waiting = self._answers.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(verdict)


def trial(task: Task, recipe: DatasetSpec, device: str, mailbox: Any) -> Event:
    """A trial on some node; the data are loaded by the first trial of each worker process there."""
    import ray

    os.environ.pop("MLFLOW_RUN_ID", None)
    key = (recipe.store.content_sha256, recipe.split.digest, device)
    try:
        if key not in _prepared:
            there = recipe.store.open(recipe.store.path)
            if there.content_sha256 != recipe.store.content_sha256:
                raise DataError(f"{there.path} has another content on this node")
            _prepared.clear()
            _prepared[key] = recipe.prepare(torch.device(device))
    except DataError as error:
        return Failed("data", f"{error}; trials on a cluster need the store at the same path on every node")

    def say(epoch: Epoch) -> EpochDecision:
        verdict: EpochDecision = ray.get(mailbox.say.remote(task.number, epoch))
        return verdict

    return perform(task, _prepared[key], say)


class RayTasks:
    """An executor on Ray.

    Args:
        source: the data; nodes open the store at the same path.
        address: `ray://HOST:PORT` or another address of a cluster; None starts a local Ray.
        device: `auto` asks for a GPU a trial where the cluster has any; `cpu` asks for none.
        workers: trials at once; None is as many as the resources take.
        per_device: trials that share a GPU.

    Raises:
        StudyError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(
        self, source: PreparedDataset, address: str | None, device: str, workers: int | None, per_device: int
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
        # Never by Ray itself: the study has to hear of a trial that was lost, and asks for it again.
        options = {"max_retries": 0, "num_cpus": 1, "num_gpus": 1 / per_device if gpus else 0}
        self._trial = ray.remote(**options)(trial)
        self._recipe = ray.put(DatasetSpec.of(source))
        # On the node that this process talks to: the mailbox must outlive the others.
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        self._mailbox = ray.remote(num_cpus=0, scheduling_strategy=here)(Mailbox).remote()
        self._running: dict[Any, int] = {}
        self._heard = self._mailbox.hear.remote()

    def free(self) -> int:
        """How many more trials fit what the cluster has by now: nodes come and go."""
        slots = self._workers
        if slots is None:
            resources = self._ray.cluster_resources()
            per_gpu = resources.get("GPU", 0.0) * self._per_device
            slots = max(1, int(per_gpu if self._device != "cpu" else resources.get("CPU", 1.0)))
        return max(0, slots - len(self._running))

    def submit(self, task: Task) -> None:
        """Hand the trial to Ray."""
        self._running[self._trial.remote(task, self._recipe, self._device, self._mailbox)] = task.number

    def step(self, hear: Hear, seconds: float) -> None:
        """Pass on the next epoch or end, and answer."""
        ray = self._ray
        ready, _ = ray.wait([self._heard, *self._running], num_returns=1, timeout=seconds)
        for reference in ready:
            if reference == self._heard:
                number, epoch = ray.get(reference)
                self._heard = self._mailbox.hear.remote()
                if number in self._running.values():
                    self._mailbox.answer.remote(number, hear(number, epoch))
                continue
            number = self._running.pop(reference)
            try:
                event: Event = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                event = Failed("error", " ".join(str(error.cause).split()) or type(error).__name__)
            except ray.exceptions.RayError as error:
                event = Lost(f"its node or worker died ({type(error).__name__})")
            hear(number, event)

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
