"""`airybench ui` shows the store in use to this machine alone, and ends with all it started."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from airybench.cli.main import run
from airybench.errors import StudyError
from airybench.tracking.store import connect
from airybench.tracking.view import view_address, views_of

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_PROCESSES, MOST_MEGABYTES, MOST_SECONDS = 5, 1000, 10
"""Of `airybench ui` and all that it starts. With MLflow's job runner there were eight more of 250 MB each."""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def started(folder: Path, port: int, *words: str) -> "Iterator[subprocess.Popen[str]]":
    """The command, which ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "airybench", "ui", "--port", str(port), *words], cwd=folder, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.slow
def test_the_pages_are_up_at_once_and_take_little(finished, port) -> None:
    began = time.monotonic()
    with started(finished.folder, port) as process:
        assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
        seconds = time.monotonic() - began
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        used = sum(one.memory_full_info().uss for one in family) / 1e6
        told = f"{seconds:.1f} s, {len(family)} processes, {used:.0f} MB: {[' '.join(p.cmdline()) for p in family]}"
        print(told)
        assert len(family) <= MOST_PROCESSES, told
        assert used < MOST_MEGABYTES, told
        if os.getloadavg()[0] < 0.5 * (os.cpu_count() or 1):  # else it is another's time that is measured
            assert seconds < MOST_SECONDS, told


@pytest.mark.slow
def test_a_study_is_opened_by_its_name_in_the_store_that_it_logged_to(finished, port, tmp_path) -> None:
    with started(tmp_path, port, "--study", "both@cxidb") as process:
        assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
        told = [process.stderr.readline().strip()]
        while "Ctrl-C" not in told[-1]:
            told.append(process.stderr.readline().strip())
    tracking = connect(finished.uri)
    ((own, view),) = views_of(tracking, "both@cxidb")
    address = view_address(f"http://127.0.0.1:{port}", own.experiment_id, view)
    assert f"leaderboard of both@cxidb: {address}" in told
    assert sum("leaderboard of" in line for line in told) == 1
    assert view.study == "both@cxidb"
    assert not list(tmp_path.iterdir())


def test_a_study_that_is_not_there_is_refused_in_words(finished, port, capsys) -> None:
    assert run(["ui", "--study", "both@heliu", "--port", str(port), "--tracking-uri", finished.uri]) == 2
    said = capsys.readouterr().err
    assert "unknown study 'both@heliu'; valid: " in said
    assert "Did you mean 'both@helium'?" in said
    assert said.count("\n") == 1


def test_a_name_without_a_data_set_stands_for_both(finished) -> None:
    tracking = connect(finished.uri)
    assert {view.study for _, view in views_of(tracking, "both")} == {"both@helium", "both@cxidb"}
    with pytest.raises(StudyError):
        views_of(tracking, "bo%")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_pages_answer_here_and_end_with_the_command(finished, port, number) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "airybench", "ui", "--port", str(port)], cwd=finished.folder, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
        url = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/get-by-name?experiment_name=airybench"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert b'"name": "airybench"' in answer.read()
        listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text("ascii").splitlines()
                     if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"]  # fmt: skip
        assert listening == [f"0100007F:{port:04X}"]  # 127.0.0.1 alone
        started = [one for one in psutil.Process(process.pid).children(recursive=True)
                   if "mlflow" in " ".join(one.cmdline())]  # fmt: skip
        assert started
        assert not [one for one in started if "job" in " ".join(one.cmdline())]  # eight of them would wait for work
    finally:
        process.send_signal(number)
    assert process.wait(30) == 0
    time.sleep(0.5)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))  # nobody is left behind


def test_a_port_that_is_taken(finished, port, capsys) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert run(["ui", "--port", str(port), "--tracking-uri", finished.uri]) == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in capsys.readouterr().err


def test_a_store_that_is_not_there_yet(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["ui"]) == 2
    message = capsys.readouterr().err
    assert "run a sweep first" in message
    assert message.count("\n") == 1
    assert not list(tmp_path.iterdir())
