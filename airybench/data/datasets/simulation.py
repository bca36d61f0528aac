"""Simulation in several processes: small NumPy and torch calls gain nothing from threads, which wait for each other."""

import multiprocessing
import pickle
import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import psutil

from airybench.cores import usable_cores
from airybench.data.hdf5.child import death
from airybench.data.hdf5.workers import WorkerProcess
from airybench.errors import AirybenchError, ConfigError

if TYPE_CHECKING:
    from airybench.physics.simulate import SimulatedShots

    Simulate = Callable[[Sequence[int]], SimulatedShots]

SHOTS_PER_PROCESS = 64
"""A process takes some seconds to load its libraries, in which one that runs already simulates about as many shots."""

_MODULE = "airybench.data.datasets.simulating"


def processes_for(shots: int, processes: int | None = None) -> int:
    """How many processes simulate; 1 is this process, which then starts no other.

    Args:
        shots: number of shots to simulate.
        processes: what the user asks for; by default as many as the cores that this process may use, as far as each
            has enough to do. A worker of a sweep or a reader, which is one of several, starts none.

    Raises:
        ConfigError: processes is below 1.

    >>> processes_for(12), processes_for(12, 3)
    (1, 3)
    """
    if processes is not None and processes < 1:
        raise ConfigError(f"{processes} processes: at least 1 is needed")
    if processes is None:
        processes = usable_cores() if multiprocessing.parent_process() is None else 1
        return max(1, min(processes, shots // SHOTS_PER_PROCESS))
    return max(1, min(processes, shots))


class SimulationProcesses:
    """Processes that load the simulator once and simulate one batch of shots after another.

    Used as a context: they end with it, at once, also in the middle of a batch.

    Args:
        number: how many; with 1 this process simulates.
    """

    def __init__(self, number: int) -> None:
        self._free: queue.SimpleQueue[WorkerProcess] = queue.SimpleQueue()
        self._processes = [WorkerProcess(_MODULE) for _ in range(number)] if number > 1 else []
        for process in self._processes:
            self._free.put(process)
        self._threads = ThreadPoolExecutor(max(1, len(self._processes)))

    def __enter__(self) -> "SimulationProcesses":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.end()
        self._threads.shutdown(cancel_futures=True)

    @property
    def memory(self) -> list[int]:
        """Bytes that each process adds: what it has in memory without the libraries that it shares with others."""
        return [psutil.Process(process.pid).memory_full_info().uss for process in self._processes]

    def simulate(self, simulate: "Simulate", batches: Sequence[Sequence[int]]) -> "Iterator[SimulatedShots]":
        """Simulate batches of shots; they come in order, and a few are held in memory.

        Args:
            simulate: called with each batch, here or in a process; it can be pickled.
            batches: indices of shots.

        Yields:
            The shots of each batch.

        Raises:
            AirybenchError: what `simulate` raises, or a process was killed.
        """
        if not self._processes:
            yield from map(simulate, batches)
            return
        work = pickle.dumps(_Yielding(simulate), protocol=5)
        waiting: deque[Future[SimulatedShots]] = deque()
        for batch in batches:
            waiting.append(self._threads.submit(self._one, work, batch))
            if len(waiting) == 2 * len(self._processes):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _one(self, work: bytes, batch: Sequence[int]) -> Any:
        process = self._free.get()
        try:
            process.begin(work)
            process.give(batch)
            kind, value = process.next()
            if kind == "answer":
                process.next()  # the end of this job
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise AirybenchError(
                f"a process that simulates ended ({death(process.end())}), perhaps because memory ran out; run the "
                f"same command again with fewer --processes"
            ) from error
        finally:
            self._free.put(process)
        if kind == "error":
            raise value
        return value


@dataclass(frozen=True)
class _Yielding:
    """Work as a worker process takes it: it yields its only answer."""

    simulate: "Simulate"

    def __call__(self, batch: Sequence[int]) -> "Iterator[SimulatedShots]":
        yield self.simulate(batch)
