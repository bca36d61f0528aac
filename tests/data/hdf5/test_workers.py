"""Worker processes: answers in order, errors as they were raised, a crash or a hang in one line, and all well after."""

import ctypes
import os
import pickle
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from airybench.data.hdf5.child import LIMIT
from airybench.data.hdf5.tree import file_tree
from airybench.data.hdf5.workers import Workers
from airybench.errors import EXIT_INPUT, DataError, MissingOptionError, ReaderError


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()
    assert not psutil.Process().children() or not made._idle


def pids(workers: Workers) -> list[int]:
    return sorted(worker._process.pid for worker in workers._idle)


def test_answers_come_in_the_order_of_the_jobs_from_processes_that_stay(workers: Workers) -> None:
    jobs = [np.arange(number) for number in range(9)]
    assert list(workers.stream(np.ndarray.tolist, jobs, "numbers")) == [one for job in jobs for one in job.tolist()]
    before = pids(workers)
    big = np.arange(3_000_000, dtype=np.uint16).reshape(3, 1000, 1000)  # more than a pipe holds
    found = list(workers.stream(list, [big, big + 1], "images"))
    np.testing.assert_array_equal(found, [*big, *(big + 1)])
    assert pids(workers) == before
    assert list(workers.stream(list, [], "nothing")) == []


def test_jobs_that_are_longer_than_a_pipe_do_not_block(workers: Workers) -> None:
    jobs = [np.full((2, 400_000), number) for number in range(8)]
    found = list(workers.stream(list, jobs, "numbers"))
    assert [int(one[-1]) for one in found] == [number for number in range(8) for _ in range(2)]


def test_relative_names_mean_the_folder_of_the_program(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").touch()
        monkeypatch.chdir(tmp_path / name)
        assert list(workers.stream(os.listdir, ["."], "folder")) == [f"{name}.txt"]


def test_an_error_arrives_as_it_was_raised(workers: Workers, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file") as caught:
        list(workers.stream(file_tree, [tmp_path / "gone.h5"], "gone.h5"))
    assert caught.value.exit_code == EXIT_INPUT
    copy = pickle.loads(pickle.dumps(MissingOptionError("no energy", "--energy KEY")))
    assert (str(copy), copy.option, copy.remedy) == ("no energy; add --energy KEY", "--energy KEY", "add --energy KEY")
    with pytest.raises(TypeError, match="not iterable"):  # a fault of the program stays one
        list(workers.stream(abs, [3], "number"))


def test_a_crash_is_one_line_and_the_next_file_is_read(workers: Workers) -> None:
    with pytest.raises(
        DataError, match=r"^bad\.h5: reading crashes the decoder \(SIG\w+\); the file is damaged"
    ) as caught:
        list(workers.stream(ctypes.string_at, [0], "bad.h5"))
    assert caught.value.exit_code == EXIT_INPUT
    assert "\n" not in str(caught.value)
    assert list(workers.stream(list, [[1, 2]], "good.h5")) == [1, 2]


def test_a_process_that_was_killed_is_told_from_a_damaged_file(workers: Workers) -> None:
    with pytest.raises(
        ReaderError, match=r"^a\.h5: the process that read it was killed, perhaps because memory ran out"
    ):
        list(workers.stream(signal.raise_signal, [int(signal.SIGKILL)], "a.h5"))


def test_a_hang_ends_at_the_limit(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, "0.2")
    with pytest.raises(DataError, match=rf"^slow\.h5: not read within 0\.2 s; .* give it longer with {LIMIT}=600"):
        list(workers.stream(time.sleep, [60], "slow.h5"))


def test_work_that_is_broken_off_leaves_no_process_behind(workers: Workers) -> None:
    list(workers.stream(list, [[1]], "a.h5"))
    before = {child.pid for child in psutil.Process().children()}
    stream = workers.stream(list, [list(range(1000))] * 50, "a.h5")
    assert next(stream) == 0
    stream.close()
    after = {child.pid for child in psutil.Process().children()}
    assert after <= before
    assert list(workers.stream(list, [[5]], "a.h5")) == [5]


def test_workers_load_neither_torch_nor_mlflow(workers: Workers) -> None:
    # What `eval` yields is a dictionary, of which the keys are sent.
    loaded = set(workers.stream(eval, ["__import__('sys').modules"], "modules"))
    assert {"h5py", "hdf5plugin", "numpy"} <= loaded
    assert not loaded & {"torch", "mlflow", "timm", "pandas", "sklearn"}


def test_idle_workers_end_with_the_program(tmp_path: Path) -> None:
    made = Workers()
    list(made.stream(list, [[1]], "a.h5"))
    (pid,) = pids(made)
    made.close()
    assert not psutil.pid_exists(pid) or os.waitpid(pid, os.WNOHANG)
