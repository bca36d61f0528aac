"""`airybench ui` shows the store in use to this machine alone, and ends with all it started."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from airybench.cli.main import run

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


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
