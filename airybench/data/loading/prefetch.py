"""Prefetching: reader processes that read before the network asks, and copies to the device during computation."""

import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from airybench.cores import usable_cores
from airybench.errors import AirybenchError, ReaderError
from airybench.forking import fork_context

Read = Callable[..., NDArray[Any]]
Request = tuple[Any, ...]

PRELOADED = [__name__, "airybench.data.formats.dispatch"]
"""Imported once, in the server that readers are forked from. Each of them would else need seconds of a core for it."""

MOST = 8
"""More readers than this were never needed to keep a GPU busy."""

HELD = 4
"""Answers of one reader that may be in use at the same time, besides those that it keeps ready."""

SHARED = Path("/dev/shm")
"""Where Linux keeps memory that processes share; a container may have no more than 64 MB of it."""


class _Requests(Dataset[Any]):
    """Answers requests inside a reader process."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def __getitem__(self, request: Request) -> NDArray[Any] | AirybenchError:
        try:
            return self._read(*request)
        except AirybenchError as error:
            return error  # raised here, it would arrive with a traceback as its message


class Prefetcher:
    """Reads what is requested, in order, in reader processes and before it is needed.

    The processes start with the first call and stay for later ones. They end with this object, with a call that is
    broken off, or with the process that they read for.

    Args:
        read: from the arguments in a request to an array; pickled once for each process, so it holds no open file.
        readers: number of processes; 0 reads in this process, on demand.
        depth: answers that each process keeps ready, which bounds memory.

    An answer of a reader process stays as it is until HELD further ones of that process were taken.
    """

    def __init__(self, read: Read, *, readers: int, depth: int) -> None:
        self._read, self._readers, self._depth = read, readers, depth
        self._requests: list[Request] = []
        self._loader: DataLoader[Any] | None = None

    def __call__(self, requests: Iterable[Request]) -> Generator[Tensor, None, None]:
        """Read everything that is requested.

        Args:
            requests: arguments of `read`, one tuple for each call of it.

        Yields:
            What `read` returns for each request, on the host.

        Raises:
            AirybenchError: as `read` raised it.
            ReaderError: a reader process was killed.
        """
        # Kept for the next call once everything was read; else it ends with this call, and its processes at once.
        loader, self._loader = self._loader or self._started(), None
        self._requests[:] = requests
        try:
            for answer in loader:
                if isinstance(answer, AirybenchError):
                    raise answer
                yield answer
            self._loader = loader
        except (RuntimeError, OSError, EOFError) as error:
            # The loader says that a reader exited, or a message breaks off; errors of `read` itself are raised as such.
            broken = isinstance(error, ConnectionError | FileNotFoundError | EOFError)
            if not self._readers or str(error).startswith("Caught ") or not (broken or "exited unex" in str(error)):
                raise
            raise ReaderError(
                "a reader process was killed, perhaps because memory (or /dev/shm, in a container) ran out; run the "
                "same command again with fewer --readers, or with 0 to read in one process"
            ) from error

    def _started(self) -> DataLoader[Any]:
        return DataLoader(
            _Requests(self._read),
            sampler=self._requests,
            batch_size=None,  # an answer is a batch
            num_workers=self._readers,
            prefetch_factor=self._depth if self._readers else None,
            persistent_workers=self._readers > 0,
            multiprocessing_context=fork_context(PRELOADED) if self._readers else None,  # no HDF5 file crosses a fork
            worker_init_fn=partial(_start_reader, answers=self._depth + HELD),
            collate_fn=_as_tensor,
            generator=torch.Generator(),  # the default generator belongs to the training
        )


def to_device(batches: Generator[Tensor, None, None], device: torch.device) -> Generator[Tensor, None, None]:
    """The same batches on a device; the next one is made and copied during the work on the one before.

    Args:
        batches: on the host.
        device: where they go; a GPU copies in a stream of its own, from pinned memory.
    """
    stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def fetch() -> Tensor | None:
        batch = next(batches, None)
        if batch is None or stream is None:
            return batch
        with torch.cuda.stream(stream):
            return batch.pin_memory().to(device, non_blocking=True)

    with closing(batches), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch)
        while (batch := waiting.result()) is not None:
            if stream is not None:
                current = torch.cuda.current_stream(device)
                current.wait_stream(stream)
                batch.record_stream(current)
            waiting = pool.submit(fetch)
            yield batch


def readers_for(device: torch.device, shots: int, shots_each: int, bytes_each: int) -> int:
    """How many reader processes are worth while.

    A GPU leaves all cores but one to readers; a network on the CPU leaves them half.

    Args:
        device: where the network is.
        shots: number of shots to read.
        shots_each: shots for which it is worth starting a process.
        bytes_each: bytes that a reader keeps in shared memory.
    """
    cores = usable_cores()
    wanted = cores - 1 if device.type == "cuda" else cores // 2 if cores > 2 else 0
    room = shutil.disk_usage(SHARED).free // 2 // bytes_each if SHARED.is_dir() else MOST
    return min(wanted, shots // shots_each, room, MOST)


class _Memory:
    """Shared memory for the answers of a reader process, used in turn.

    New memory for every answer would cost more than to decode it: the system clears it page by page.

    Args:
        answers: number of answers that are kept.
    """

    def __init__(self, answers: int) -> None:
        self._places = deque([torch.empty(0)] * answers)

    def holding(self, answer: NDArray[Any]) -> Tensor:
        """The answer, in the place of the oldest one."""
        values = torch.from_numpy(np.ascontiguousarray(answer)).reshape(-1)
        place = self._places.popleft()
        if place.dtype != values.dtype or len(place) < len(values):
            place = torch.empty_like(values).share_memory_()
        self._places.append(place)
        place[: len(values)].copy_(values)
        return place[: len(values)].view(answer.shape)


_memory: _Memory | None = None
"""Of this process, if it is a reader."""


def _as_tensor(answer: Any) -> Any:
    """Arrays as tensors; errors as they are."""
    if not isinstance(answer, np.ndarray):
        return answer
    return _memory.holding(answer) if _memory and answer.size else torch.from_numpy(answer)


def _start_reader(number: int, *, answers: int) -> None:
    """Set up a reader process: it ignores Ctrl-C, and ends when the process that it reads for is killed."""
    global _memory
    _memory = _Memory(answers)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
