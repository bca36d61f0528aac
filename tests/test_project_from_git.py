"""`mlflow run` from a git URL: its folder is temporary, and the study goes on all the same."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept import studies_above
from mlflow import MlflowClient
from mlflow.entities import Run

REPOSITORY = Path(__file__).resolve().parents[1]
DAEMON = "git daemon is missing here (Debian: it comes with the package git)"


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A git daemon on 127.0.0.1 that serves a bare copy of what is committed here."""
    if not shutil.which("git") or not (Path(git("--exec-path")) / "git-daemon").exists():
        pytest.fail(DAEMON) if os.environ.get("CI") else pytest.skip(DAEMON)
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no git repository")
    served = tmp_path / "served"
    git("clone", "--quiet", "--bare", str(REPOSITORY), str(served / "airybench.git"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Straight from git's own folder: `git daemon` would be its parent, and outlive a kill of that.
    daemon = subprocess.Popen(
        [Path(git("--exec-path")) / "git-daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}",
         f"--base-path={served}", str(served)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        ends = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert time.monotonic() < ends, "git daemon does not answer"
            assert daemon.poll() is None, "git daemon has ended"
            time.sleep(0.1)
        yield f"git://127.0.0.1:{port}/airybench.git"
    finally:
        daemon.terminate()
        daemon.wait(10)


class Launch:
    """`mlflow run URL` in a process group of its own, with what it says in a file."""

    def __init__(self, url: str, folder: Path, *words: str) -> None:
        temporary = Path(tempfile.mkdtemp(dir=folder))
        self.uri = f"sqlite:///{folder / 'mlflow.db'}"
        self.client = MlflowClient(tracking_uri=self.uri)
        self.client.search_experiments()  # makes the tables, which two processes at once cannot
        self.said = temporary / "said.txt"
        environment = {
            **os.environ, "MLFLOW_TRACKING_URI": self.uri, "OMP_NUM_THREADS": "1", "TMPDIR": str(temporary),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "run", url, "--env-manager", "local", *words],
                cwd=folder, env=environment, stdout=said, stderr=said, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
            )  # fmt: skip

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return self.process.wait(300)

    def close(self) -> None:
        """Kill whatever still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    @property
    def folder(self) -> str:
        """Where MLflow put the project."""
        (found,) = re.findall(r"Fetching project from \S+ into (\S+)", self.said.read_text())
        return str(found)

    def runs(self, kind: str) -> list[Run]:
        """The runs of a kind, wherever in the store."""
        experiments = [one.experiment_id for one in self.client.search_experiments()]
        return list(self.client.search_runs(experiments, f"tags.`airybench.kind` = '{kind}'"))


@pytest.mark.slow
def test_interrupted_a_study_goes_on_from_another_temporary_folder(
    url: str, tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)  # where a new store puts its artifacts
    words = ["-P", "dataset=cxidb", "-P", f"config={tiny}", "-P", "study=from-git", "-P", "epochs=3", "-P", "seeds=2"]
    first = Launch(url, work, *words)
    try:
        ends = time.monotonic() + 240
        while not [run for run in first.runs("trial") if run.info.status == "FINISHED"]:
            assert first.process.poll() is None, first.said.read_text()[-3000:]
            assert time.monotonic() < ends
            time.sleep(0.2)
        os.killpg(first.process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
        assert first.wait() != 0
    finally:
        first.close()
    kept = {run.info.run_id for run in first.runs("trial") if run.info.status == "FINISHED"}
    assert 1 <= len(kept) < 6
    (parent,) = first.runs("sweep")
    assert parent.data.tags["airybench.state"] == "interrupted"
    assert parent.info.status == "FAILED"  # our KILLED is overwritten: MLflow 3.17 calls whatever did not succeed so
    assert not [run for run in first.runs("trial") if run.info.status == "RUNNING"]

    second = Launch(url, work, *words)
    try:
        assert second.wait() == 0, second.said.read_text()[-3000:]
    finally:
        second.close()
    assert second.folder != first.folder
    assert not Path(second.folder).is_relative_to(REPOSITORY)
    trials = [run for run in second.runs("trial") if run.data.tags["airybench.state"] == "finished"]
    assert len(trials) == 6  # three cells, two seeds: none lost, none doubled
    assert kept < {run.info.run_id for run in trials}
    assert studies_above(second.uri, trials) == {parent.info.run_id}
    (resumed,) = second.runs("sweep")
    assert (resumed.info.run_id, resumed.info.status) == (parent.info.run_id, "FINISHED")
    (link,) = second.runs("launch")
    assert (link.info.status, link.data.tags["airybench.parents"]) == ("FINISHED", parent.info.run_id)
    for run in (resumed, link):
        assert run.data.tags["mlflow.source.name"] == url
        assert run.data.tags["mlflow.source.git.commit"] == git("-C", str(REPOSITORY), "rev-parse", "HEAD")
    artifacts = {one.path for one in second.client.list_artifacts(parent.info.run_id)}
    assert {"config.yaml", "plots"} <= artifacts
    place = second.client.get_run(parent.info.run_id).info.artifact_uri
    assert str(tmp_path / "work" / "mlruns") in place, "artifacts of a project must not lie in its temporary folder"


@pytest.mark.slow
def test_a_relative_store_is_refused_with_what_to_do(url: str, tmp_path: Path, tiny: Path) -> None:
    environment = {
        **os.environ, "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "TMPDIR": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "mlflow", "run", url, "--env-manager", "local", "-P", f"config={tiny}"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "give it MLFLOW_TRACKING_URI with an absolute path" in done.stderr
