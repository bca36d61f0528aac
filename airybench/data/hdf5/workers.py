"""The program's side of the worker processes: they read foreign files, so that a crash or a hang is one line."""

import atexit
import multiprocessing
import os
import pickle
import queue
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from airybench.cores import usable_cores
from airybench.data.hdf5.child import LIMIT, death, seconds_allowed, start, stop
from airybench.data.hdf5.messages import SilentError, receive, send, widen
from airybench.errors import DataError, ReaderError

MOST = 8
"""More processes than this only wait for the one that writes."""

_AHEAD = 1
"""Answers of each process that are kept until they are asked for; one more is on its way."""

_KEEP_FREED = str(1 << 30)
"""Bytes that glibc keeps for the next chunk; else each chunk of some MB gets new pages, which the system clears."""

_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": _KEEP_FREED,
    "MALLOC_TRIM_THRESHOLD_": _KEEP_FREED,
}

_PAUSE = 0.2
_SMALL = 1 << 14  # bytes; a pipe holds 64 kB
_KILLED = -9


def _folder() -> str:
    """The current folder; empty where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


class WorkerProcess:
    """One process, with one thread for linear algebra.

    Args:
        module: what it runs; it calls `serving.serve`.

    Attributes:
        at: the last place that it named.
    """

    def __init__(self, module: str = "airybench.data.hdf5.worker") -> None:
        self.at = ""
        self._process: subprocess.Popen[bytes] = start(module, bufsize=0, environment=_ENVIRONMENT)
        self._begun: bytes | None = None
        self._folder = _folder()
        widen(self._process.stdout)  # type: ignore[arg-type]

    @property
    def pid(self) -> int:
        """Its number on this machine."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def begin(self, work: bytes) -> None:
        """Say what is to be done with the jobs to come."""
        self.at = ""
        folder = _folder()
        if folder != self._folder:  # names are relative to where the program is now, not where the process began
            send(self._process.stdin, ("folder", folder))  # type: ignore[arg-type]
            self._folder = folder
        if work != self._begun:
            send(self._process.stdin, ("work", work))  # type: ignore[arg-type]
            self._begun = work

    def give(self, job: Any) -> None:
        """Send a job."""
        send(self._process.stdin, ("job", job))  # type: ignore[arg-type]

    def next(self, seconds: float | None = None) -> tuple[str, Any]:
        """The next answer.

        Args:
            seconds: after which it counts as stuck; by default it may take as long as it likes.
        """
        while True:
            kind, value = receive(self._process.stdout, seconds)  # type: ignore[arg-type]
            if kind != "at":
                return kind, value
            self.at = value

    def end(self) -> int:
        """End it; the way that it ended."""
        return stop(self._process)


class _Lane:
    """The jobs of one process, and a thread that takes its answers in before they are asked for."""

    def __init__(self, worker: WorkerProcess, work: bytes, jobs: Sequence[Any], name: str) -> None:
        self.worker, self._work, self._jobs, self._name = worker, work, jobs, name
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self.done = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answers(self) -> Iterator[Any]:
        """Answers to the next job."""
        while True:
            kind, value = self._answers.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value

    def close(self) -> bool:
        """End the lane; whether its process is free for other work."""
        self._stopped.set()
        if not self.done:
            self.worker.end()
        self._thread.join()
        return self.done and self.worker.alive

    def _run(self) -> None:
        try:
            self.worker.begin(self._work)
            given = 0
            for number in range(len(self._jobs)):
                while given <= min(number + 1, len(self._jobs) - 1):
                    # The next job lies ready, so that the process goes on without waiting for this one. A long one does
                    # not: nobody would read it from the pipe while that process waits for its answers to be read.
                    if given > number and len(pickle.dumps(self._jobs[given])) > _SMALL:
                        break
                    self.worker.give(self._jobs[given])
                    given += 1
                kind = ""
                while kind not in ("end", "error") and not self._stopped.is_set():
                    kind, value = self.worker.next(seconds_allowed())
                    self.done = kind == "end" and number + 1 == len(self._jobs)
                    self._put(kind, value)
        except SilentError:
            self.worker.end()
            self._put("error", self._hung())
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            code = self.worker.end()
            self._put("error", self._died(code))

    def _put(self, kind: str, value: Any) -> None:
        while not self._stopped.is_set():
            try:
                self._answers.put((kind, value), timeout=_PAUSE)
                return
            except queue.Full:
                continue

    def _hung(self) -> DataError:
        return DataError(
            f"{self.worker.at or self._name}: not read within {seconds_allowed():g} s",
            f"get a whole copy, or give it longer with {LIMIT}=600",
        )

    def _died(self, code: int) -> DataError | ReaderError:
        place = self.worker.at or self._name
        if code == _KILLED:
            return ReaderError(
                f"{place}: the process that read it was killed, perhaps because memory ran out; run the same command "
                f"again with more memory"
            )
        return DataError(
            f"{place}: reading crashes the decoder ({death(code)}); the file is damaged", "get a whole copy"
        )


class Workers:
    """Processes that are started on first use, kept for later work, and replaced after a crash."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []

    def stream(self, work: Callable[[Any], Iterable[Any]], jobs: Sequence[Any], name: str) -> Iterator[Any]:
        """Do jobs in several processes; the answers come in the order of the jobs.

        Args:
            work: called with each job; it and all that it holds can be pickled.
            jobs: what to do.
            name: of the file, for messages.

        Yields:
            What `work` yields for the first job, then for the second, and so on; a few are held in memory.

        Raises:
            DataError: a process crashes or hangs over a job.
            ReaderError: a process was killed.
        """
        # A reader of a data loader is one of several already.
        number = min(usable_cores(), MOST, len(jobs)) if multiprocessing.parent_process() is None else min(1, len(jobs))
        packed = pickle.dumps(work, protocol=5)
        lanes = [_Lane(self._hired(), packed, jobs[turn::number], name) for turn in range(number)]
        try:
            for turn in range(len(jobs)):
                yield from lanes[turn % number].answers()
        finally:
            free = [lane.worker for lane in lanes if lane.close()]
            with self._lock:
                self._idle += free

    def close(self) -> None:
        """End all processes that have nothing to do."""
        with self._lock:
            for worker in self._idle:
                worker.end()
            self._idle = []

    def forget(self) -> None:
        """Leave the processes to the parent, after a fork."""
        self.__init__()  # type: ignore[misc]

    def _hired(self) -> WorkerProcess:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.end()
        return WorkerProcess()


WORKERS = Workers()
atexit.register(WORKERS.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WORKERS.forget)
