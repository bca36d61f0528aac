"""A rough night: 40 trials with 4 workers, killed again and again, as are the main process and the MLflow server.

After the last resume there are exactly 40 finished trials and 40 finished children, and no run is left RUNNING.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from mlflow import MlflowClient

from airybench.sweep.journal import open_journal

REPOSITORY = Path(__file__).resolve().parents[1]
TRIALS, WORKERS = 40, 4
EVERY = 20.0  # seconds between two kills of a worker, on average
LIMIT = 15 * 60.0
MAIN_KILLS = SERVER_RESTARTS = 2


class Server:
    """An MLflow server that can be taken away."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait for an answer."""
        words = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{self._folder}/store.db",
                 "--artifacts-destination", str(self._folder / "artifacts"), "--port", str(self.port),
                 "--workers", "1"]  # fmt: skip
        with open(self._folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=2):
                return
            time.sleep(0.2)
        raise AssertionError("the MLflow server does not answer")

    def stop(self) -> None:
        """Kill it with its own workers."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def mlflow_server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


def workers(main: int) -> list[int]:
    """The worker processes of a main process: forked by its fork server."""

    def children(pid: int) -> list[int]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(fields[1]) == pid and fields[0] != "Z":
                    found.append(int(folder.name))
        return found

    return [grandchild for child in children(main) for grandchild in children(child)]


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_in_a_rough_night(tmp_path, data_home, tiny, mlflow_server) -> None:
    chance = random.Random(int(os.environ.get("AIRYBENCH_SOAK_SEED", "1612")))
    alphas = ",".join(f"{0.1 + 0.02 * i:.2f}" for i in range(TRIALS))
    command = [sys.executable, "-m", "airybench", "sweep", "--dataset", "helium", "--config", str(tiny), "--study",
               "night", "--alpha", alphas, "--epochs", "3", "--workers", str(WORKERS), "--tracking-uri",
               mlflow_server.uri]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    killed = {"worker": 0, "main": 0, "server": 0}
    # By finished trials, not by the clock: a fast machine must not be done before its trouble comes.
    main_at = sorted(chance.sample(range(4, TRIALS - 8), MAIN_KILLS))
    server_at = sorted(chance.sample(range(4, TRIALS - 8), SERVER_RESTARTS))
    next_worker = chance.expovariate(1 / EVERY)
    with open(tmp_path / "night.log", "a", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            while True:
                passed = time.monotonic() - began
                assert passed < LIMIT, f"not finished after {LIMIT:.0f} s: {killed}"
                code = process.poll()
                if code is not None:
                    log.flush()
                    if code == 0 and not main_at and not server_at:
                        break
                    # Killed by us, or failed because the server was away too long.
                    assert code in (0, 1, 2, 3, -signal.SIGKILL), (tmp_path / "night.log").read_text(encoding="utf-8")
                    assert code != 0, f"the night was over before its trouble: {killed}"
                    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
                if passed > next_worker:
                    next_worker = passed + chance.expovariate(1 / EVERY)
                    found = workers(process.pid)
                    if found:
                        os.kill(chance.choice(found), signal.SIGKILL)
                        killed["worker"] += 1
                done_by_now = (tmp_path / "night.log").read_text(encoding="utf-8").count(": val macro_ap")
                if server_at and done_by_now > server_at[0]:
                    server_at.pop(0)
                    mlflow_server.stop()
                    time.sleep(chance.uniform(1, 10))
                    mlflow_server.start()
                    killed["server"] += 1
                if main_at and done_by_now > main_at[0]:
                    main_at.pop(0)
                    process.kill()
                    process.wait()
                    killed["main"] += 1
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    print(f"{killed} in {time.monotonic() - began:.0f} s")
    assert "View run" not in (tmp_path / "night.log").read_text(encoding="utf-8")  # stdout is for results
    storage = open_journal(data_home / "studies" / "night@helium.journal")
    trials = optuna.load_study(study_name="night@helium", storage=storage).get_trials(deepcopy=False)
    done = [t for t in trials if t.state.name == "COMPLETE"]
    assert len(done) == len({t.user_attrs["cell"] for t in done}) == TRIALS
    assert not [t for t in trials if t.state.name in ("RUNNING", "WAITING")]
    client = MlflowClient(tracking_uri=mlflow_server.uri)
    experiment = client.get_experiment_by_name("airybench")
    runs = client.search_runs([experiment.experiment_id], "tags.`airybench.study` = 'night@helium'", max_results=5000)
    children = [r for r in runs if r.data.tags["airybench.kind"] == "trial"]
    assert not [r for r in runs if r.info.status == "RUNNING"]
    finished = {r.info.run_id for r in children if r.info.status == "FINISHED"}
    assert finished == {t.user_attrs["run_id"] for t in done}
    assert [r.info.status for r in runs if r.data.tags["airybench.kind"] == "sweep"] == ["FINISHED"]
