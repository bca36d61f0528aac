"""The tracking server goes away in the middle of a sweep and comes back: nothing is lost, nothing is doubled."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import Server

from airybench.tracking import run as run_module
from airybench.tracking.run import Run
from airybench.tracking.store import connect

REPOSITORY = Path(__file__).resolve().parents[1]
OUTAGE_SECONDS = float(os.environ.get("AIRYBENCH_TEST_OUTAGE", "20"))
EPOCHS = 30

SWEEP = f"""
question: Does it survive?
base:
  network: {{arch: resnet, depth: 18, bn_momentum: 0.1}}
  data: {{count: 64, image_size: 32, antialias: true}}
  training: {{epochs: {EPOCHS}, batch_size: 16, schedule: cosine}}
space: {{log_activation: [true, false], alpha: [0.1, 0.2]}}
"""


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    found = Server(tmp_path)
    found.start()
    yield found
    found.kill()


def children(url: str):
    client = MlflowClient(tracking_uri=url)
    experiment = client.get_experiment_by_name("airybench")
    if experiment is None:
        return client, []
    return client, client.search_runs([experiment.experiment_id], filter_string="tags.`airybench.kind` = 'trial'")


@pytest.mark.slow
def test_a_server_that_is_away_costs_nothing(server, tmp_path) -> None:
    config = tmp_path / "sweep.yaml"
    config.write_text(SWEEP, encoding="utf-8")
    with (tmp_path / "log").open("wb") as log:
        sweep = subprocess.Popen(
            [sys.executable, "-m", "airybench", "sweep", "--dataset", "helium", "--config", str(config), "--study",
             "outage", "--tracking-uri", server.url, "--register", "survivor"],
            cwd=tmp_path, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 300
        while sum(child.info.status == "FINISHED" for child in children(server.url)[1]) < 1:
            assert sweep.poll() is None, (tmp_path / "log").read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.3)
        time.sleep(1.0)  # into the training of the second trial
        server.kill()
        time.sleep(OUTAGE_SECONDS)
        assert sweep.poll() is None, (tmp_path / "log").read_text("utf-8")
        server.start()
        code = sweep.wait(600)
    finally:
        sweep.kill()
    assert code == 0, (tmp_path / "log").read_text("utf-8")
    client, trials = children(server.url)
    assert [child.info.status for child in trials].count("FINISHED") == 3
    assert not [child for child in trials if child.info.status in ("RUNNING", "FAILED")]
    for child in trials:
        if child.info.status != "FINISHED":
            continue
        for key in ("val/macro_ap", "train/loss"):
            assert [metric.step for metric in client.get_metric_history(child.info.run_id, key)] == list(
                range(1, EPOCHS + 1)
            )
        stored = {item.path for item in client.list_artifacts(child.info.run_id)}
        assert {"config.yaml", "weights", "predictions", "plots"} <= stored
    assert client.get_model_version_by_alias("survivor", "champion").version
    experiment = client.get_experiment_by_name("airybench").experiment_id
    (parent,) = client.search_runs([experiment], filter_string="tags.`airybench.kind` = 'sweep'")
    assert (parent.info.status, parent.data.tags["airybench.failed_trials"]) == ("FINISHED", "0")


def test_a_run_that_was_made_twice_is_closed_once(tmp_path, monkeypatch) -> None:
    tracking = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    plain = MlflowClient.create_run

    def twice(self, *arguments, **options):
        plain(self, *arguments, **options)  # its answer was lost
        return plain(self, *arguments, **options)

    monkeypatch.setattr(run_module, "RETRIED_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "create_run", twice)
        kept = Run.create(tracking, "one", "trial", {"airybench.study": "s"})
    other = Run.create(tracking, "two", "trial", {"airybench.study": "s"})
    states = {run.info.run_id: run.info.status for run in kept.client.search_runs([tracking.experiment_id])}
    assert states.pop(kept.run_id) == states.pop(other.run_id) == "RUNNING"
    assert list(states.values()) == ["KILLED"]


def test_requests_are_tried_for_minutes_unless_the_user_says_otherwise(tmp_path, monkeypatch) -> None:
    names = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    retries, factor = (int(os.environ[name]) for name in names)
    # urllib3 waits factor * 2^(n-1) before try n + 1, nothing before the first one more, and at most 120 s.
    tries = list(accumulate([0.0, *(min(120.0, factor * 2.0**n) for n in range(1, retries))]))
    assert tries[-1] > 300
    assert min(moment for moment in tries if moment >= 60) < 90
    monkeypatch.setenv(names[0], "3")
    connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert os.environ[names[0]] == "3"
