"""Reading ahead of whoever computes: processes that read, and copies to the device beside the work on it."""

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from airybench.errors import AirybenchError, ReaderError

Read = Callable[..., NDArray[Any]]
Request = tuple[Any, ...]

MOST = 8
"""Readers beyond which more were never needed to keep a GPU fed."""

_SHARED = Path("/dev/shm")
"""Where Linux keeps the memory that processes share; 64 MB in a container that was given no more."""


class _Asked(Dataset[Any]):
    def __init__(self, read: Read) -> None:
        self._read = read

    def __getitem__(self, request: Request) -> NDArray[Any] | AirybenchError:
        try:
            return self._read(*request)
        except AirybenchError as error:
            return error  # raised here it would come back with a traceback for a message


class ReadAhead:
    """Answers to requests in their order, each read by one of some processes before it is needed.

    The processes start with the first call and stay for the next, until this object goes, a call is broken off or the
    process that they read for dies.

    Args:
        read: from what a request holds, as arguments, to an array; sent to each process once, so it holds no open file.
        readers: processes; 0 reads in this one, when asked for.
        ahead: answers that each process keeps ready, and so what bounds memory.
    """

    def __init__(self, read: Read, *, readers: int, ahead: int) -> None:
        self._read, self._readers, self._ahead = read, readers, ahead
        self._requests: list[Request] = []
        self._loader: DataLoader[Any] | None = None

    def __call__(self, requests: Iterable[Request]) -> Generator[Tensor, None, None]:
        """Read.

        Yields:
            What `read` answers to each request, on the host.

        Raises:
            AirybenchError: as `read` raised it.
            ReaderError: a reader was killed.
        """
        # Kept for the next call when all was read; else it goes with this call, and its processes with it, at once.
        loader, self._loader = self._loader or self._started(), None
        self._requests[:] = requests
        try:
            # Ctrl-C goes to every process of a terminal; readers are this one's to end, in their first second too.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                found = iter(loader)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for answer in found:
                if isinstance(answer, AirybenchError):
                    raise answer
                yield answer
            self._loader = loader
        except (RuntimeError, OSError, EOFError) as error:
            # The loader's word for it, or what is left of a message whose sender is gone; not what `read` raised.
            broken = isinstance(error, ConnectionError | FileNotFoundError | EOFError)
            if not self._readers or str(error).startswith("Caught ") or not (broken or "exited unex" in str(error)):
                raise
            raise ReaderError(
                "a process that reads ahead was killed, perhaps for want of memory (or of /dev/shm, in a container); "
                "run the same again with fewer --readers, or with 0 to read in one process"
            ) from error

    def _started(self) -> DataLoader[Any]:
        return DataLoader(
            _Asked(self._read),
            sampler=self._requests,
            batch_size=None,  # an answer is a batch
            num_workers=self._readers,
            prefetch_factor=self._ahead if self._readers else None,
            persistent_workers=self._readers > 0,
            multiprocessing_context="forkserver" if self._readers else None,  # no HDF5 file may cross a fork
            worker_init_fn=_begin,
            collate_fn=_as_tensor,
            generator=torch.Generator(),  # else each pass draws from the generator that a training draws from
        )


def brought(batches: Generator[Tensor, None, None], device: torch.device) -> Generator[Tensor, None, None]:
    """The same batches on a device; while one is worked on, the next is made and copied, in a thread and a stream.

    Args:
        batches: on the host.
        device: where they go.
    """
    stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def bring() -> Tensor | None:
        batch = next(batches, None)
        if batch is None or stream is None:
            return batch
        with torch.cuda.stream(stream):
            return batch.pin_memory().to(device, non_blocking=True)

    with closing(batches), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(bring)
        while (batch := waiting.result()) is not None:
            if stream is not None:
                current = torch.cuda.current_stream(device)
                current.wait_stream(stream)
                batch.record_stream(current)
            waiting = pool.submit(bring)
            yield batch


def readers_for(device: torch.device, shots: int, each: int, held: int) -> int:
    """How many reader processes pay: those that a GPU can use, or half the cores beside a network on the others.

    Args:
        device: where the network is.
        shots: to be read.
        each: shots that are worth starting a process for.
        held: bytes that a reader keeps in shared memory.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = cores - 1 if device.type == "cuda" else cores // 2 if cores > 2 else 0
    room = shutil.disk_usage(_SHARED).free // 2 // held if _SHARED.is_dir() else MOST
    return min(wanted, shots // each, room, MOST)


def _as_tensor(found: Any) -> Any:
    return torch.from_numpy(found) if isinstance(found, np.ndarray) else found


def _begin(reader: int) -> None:
    """Leave Ctrl-C to the process that reads for, and end when that one is killed: nobody else would tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
