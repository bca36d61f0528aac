"""Simulation in processes: the same bytes in any number, nothing left behind, and clear errors."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from reporters import CollectingReporter

from airybench.data.datasets import simulated, simulation
from airybench.data.datasets.simulated import simulated_store
from airybench.data.datasets.simulation import SimulationProcesses, processes_for
from airybench.errors import AirybenchError, ConfigError, InputError
from airybench.physics.simulate import simulate

CXIDB = partial(simulate, "cxidb", seed=3)


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "usable_cores", lambda: 16)


@pytest.fixture(scope="module")
def pool() -> Iterator[SimulationProcesses]:
    """Two processes that this module shares, since it takes seconds to start them."""
    with SimulationProcesses(2) as made:
        yield made


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_as_many_processes_as_cores_where_each_has_enough_to_do(cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shots = [1, 127, 128, 200, 7264]
    assert [processes_for(count) for count in shots] == [1, 1, 2, 3, 16]
    assert [processes_for(count, 4) for count in shots] == [1, 4, 4, 4, 4]
    assert processes_for(7264, 1) == 1
    with pytest.raises(ConfigError, match="0 processes: at least 1 is needed"):
        processes_for(10, 0)
    monkeypatch.setattr(simulation.multiprocessing, "parent_process", lambda: object())
    assert processes_for(7264) == 1, "one of several workers"


def test_the_same_file_from_any_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "BATCH", 2)
    before = children()
    files = []
    for processes in (1, 2):
        reporter = CollectingReporter()
        path = tmp_path / f"{processes}.h5"
        simulated_store("cxidb", count=7, seed=3, output=path, processes=processes, reporter=reporter)
        assert reporter.steps == [(0, 7), (2, 7), (4, 7), (6, 7), (7, 7)]
        files.append(path.read_bytes())
    assert files[0] == files[1]
    assert children() == before


def test_crashes_and_a_broken_off_simulation_leave_no_process() -> None:
    before = children()
    with SimulationProcesses(2) as other:
        assert len(children() - before) == 2
        begun = other.simulate(time.sleep, [60] * 9)  # type: ignore[arg-type, list-item]
        ended = threading.Timer(0.3, lambda: [process.end() for process in other._processes])
        ended.start()
        with pytest.raises(
            AirybenchError, match=r"ended \(SIGKILL\), perhaps because memory ran out; .* fewer --processes"
        ):
            next(begun)
    assert children() == before
    with SimulationProcesses(2) as other:
        begun = other.simulate(time.sleep, [0.01, *[60] * 9])  # type: ignore[arg-type, list-item]
        assert next(begun) is None  # type: ignore[comparison-overlap]
    assert children() == before, "ended in the middle of the series"


def test_shots_come_in_order_and_errors_as_they_were_raised(pool: SimulationProcesses) -> None:
    batches = [[4], [0, 2], [9], [1], [3]]
    found = [shots.images for shots in pool.simulate(CXIDB, batches)]
    np.testing.assert_array_equal(np.concatenate(found), CXIDB([4, 0, 2, 9, 1, 3]).images)
    assert all(100e6 < size < 1000e6 for size in pool.memory)
    with pytest.raises(InputError, match="shot index -1 found"):
        list(pool.simulate(CXIDB, [[-1]]))
    assert len(list(pool.simulate(CXIDB, [[5], [6]]))) == 2


def test_a_process_uses_one_thread_and_never_touches_a_gpu(pool: SimulationProcesses) -> None:
    torch = "__import__('torch')"
    code = f"({torch}.get_num_threads(), {torch}.cuda.is_initialized(), [*__import__('sys').modules])"
    list(pool.simulate(CXIDB, [[0], [1]]))
    ((count, initialized, loaded),) = pool.simulate(eval, [code])  # type: ignore[arg-type, list-item, misc]
    assert count == 1
    assert not initialized
    assert not set(loaded) & {"h5py", "mlflow", "timm", "pandas", "sklearn", "matplotlib"}


def test_small_requests_start_no_process(
    tmp_path: Path, quick_simulator: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, cores: None
) -> None:
    monkeypatch.setattr(simulation, "WorkerProcess", lambda _: pytest.fail("a process was started"))
    simulated_store("cxidb", count=100, seed=3, output=tmp_path / "a.h5")
    assert quick_simulator.shots == 100


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_simulation_leaves_no_process_and_no_file(tmp_path: Path, stop: signal.Signals) -> None:
    words = ["data", "simulate", "helium", "--count", "4000", "--processes", "2", "--output"]
    process = psutil.Popen(
        [sys.executable, "-m", "airybench", *words, str(tmp_path / "a.h5")],
        env={**os.environ, "AIRYBENCH_DATA": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while "32/4000" not in process.stderr.readline():
        assert process.poll() is None
    workers = process.children()
    assert len(workers) == 2
    process.send_signal(stop)
    process.wait(30)
    deadline = time.monotonic() + 30
    while any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not (tmp_path / "a.h5").exists()
