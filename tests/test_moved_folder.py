"""A folder with data, studies and runs is moved as a whole: every command goes on as if nothing had been."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.tracking.tags import Tag

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def moved(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folder is now; that of the sweep is gone."""
    before, after = tmp_path / "before", tmp_path / "somewhere else" / "after"
    before.mkdir()
    after.parent.mkdir()
    monkeypatch.setenv("AIRYBENCH_DATA", str(before / "data"))
    monkeypatch.chdir(before)
    assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "travels"]) == 0
    monkeypatch.chdir(tmp_path)
    before.rename(after)
    monkeypatch.chdir(after)
    monkeypatch.setenv("AIRYBENCH_DATA", str(after / "data"))
    return after


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of `airybench ui` in a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "airybench", "ui", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    address, end = f"http://127.0.0.1:{port}", time.monotonic() + 300
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=2):
                break
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.2)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.mark.slow
def test_every_command_goes_on(moved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store,) = (moved / "data").glob("helium*.h5")
    for words in (
        ["predict", "winner:travels@helium", str(store), "--output", "out.h5"],
        ["evaluate", "winner:travels@helium"],
        ["compare", "--study", "travels"],
        ["report", "--study", "travels", "--output", "page.html"],
        ["export", "winner:travels@helium", "--format", "weights", "--output", "model"],
        ["sweep", "--dataset", "helium", "--study", "travels", "--dry-run"],
    ):
        assert run(words) == 0, (words, capsys.readouterr().err)
    assert "missing" not in capsys.readouterr().err
    with served(moved) as address:
        client = MlflowClient(address)
        experiment = client.get_experiment_by_name("airybench")
        trials = client.search_runs([experiment.experiment_id], f"tags.`{Tag.KIND}` = 'trial'")
        assert len(trials) == 3
        for trial in trials:
            files = {one.path for one in client.list_artifacts(trial.info.run_id)}
            assert {"config.yaml", "predictions"} <= files
            assert Path(client.download_artifacts(trial.info.run_id, "config.yaml", str(moved))).stat().st_size
