"""Commands under `mlflow run` join the run that it made, and leave it closed."""

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from airybench.cli.main import run
from airybench.errors import TrackingError
from airybench.physics.simulate import SIMULATOR_VERSION
from airybench.tracking.launch import launched
from airybench.tracking.run import Run as OwnRun
from airybench.tracking.store import Tracking

Command = Callable[..., Run]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an experiment, to be copied: its tables take a second to make."""
    folder = tmp_path_factory.mktemp("tracking")
    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    client.create_experiment("project", artifact_location=(folder / "mlruns").as_uri())
    return folder / "mlflow.db"


@pytest.fixture
def project(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """A run as `mlflow run` makes it, and the environment that it gives a command."""
    uri = f"sqlite:///{shutil.copy(empty, tmp_path)}"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("project").experiment_id
    tags = {"mlflow.source.name": "git://example.org/airybench.git", "mlflow.project.entryPoint": "x"}
    made = client.create_run(experiment, tags=tags).info.run_id
    for name, value in (("RUN_ID", made), ("TRACKING_URI", uri), ("EXPERIMENT_ID", experiment)):
        monkeypatch.setenv(f"MLFLOW_{name}", value)
    return client


@pytest.fixture
def command(project: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command line; returns the run that it joined, and makes sure that no other is left open."""

    def done(*words: str, code: int = 0, others: int = 0) -> Run:
        (before,) = all_runs(project)
        with contextlib.chdir(tmp_path):
            assert run(words) == code
        runs = all_runs(project)
        assert len(runs) == 1 + others
        assert not [one for one in runs if one.info.status == "RUNNING"]
        joined = project.get_run(before.info.run_id)
        assert joined.data.tags["mlflow.source.name"] == "git://example.org/airybench.git"
        return joined

    return done


def all_runs(client: MlflowClient) -> list[Run]:
    return list(client.search_runs([one.experiment_id for one in client.search_experiments()]))


@pytest.fixture(scope="module")
def weights(finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("weights") / "weights"
    with contextlib.chdir(finished.folder):
        assert run(["export", "winner:both@cxidb", "--format", "weights", "--output", str(output)]) == 0
    return output


def test_elsewhere_nothing_is_joined_and_nothing_made(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with launched("report", "launch", {}) as joined:
        assert joined is None
    assert not list(tmp_path.iterdir())


def test_simulate(command, tmp_path) -> None:
    joined = command("data", "simulate", "cxidb", "--count", "3", "--output", str(tmp_path / "three.h5"))
    assert (joined.info.status, joined.info.run_name) == ("FINISHED", "simulate cxidb")
    assert joined.data.tags["airybench.kind"] == "launch"
    assert joined.data.tags["airybench.state"] == "finished"
    assert joined.data.tags["airybench.data_source"] == "simulated"
    assert joined.data.tags["airybench.simulator"] == str(SIMULATOR_VERSION)
    expected = {"dataset": "cxidb", "count": "3", "seed": "1612", "balance": "0.0", "simulator": str(SIMULATOR_VERSION)}
    assert joined.data.params == expected


def test_a_failure_closes_it_as_failed_with_the_reason(command, tmp_path) -> None:
    (tmp_path / "three.h5").touch()
    joined = command("data", "simulate", "cxidb", "--count", "3", "--output", str(tmp_path / "three.h5"), code=2)
    assert joined.info.status == "FAILED"
    assert joined.data.tags["airybench.state"] == "failed"
    assert "exists" in joined.data.tags["airybench.reason"]


def test_evaluate(command, weights) -> None:
    joined = command("evaluate", str(weights), "--dataset", "config", "--split", "val")
    assert joined.info.status == "FINISHED"
    assert joined.data.tags["airybench.kind"] == "evaluate"
    assert (joined.data.params["split"], joined.data.params["dataset"]) == ("val", "cxidb")
    assert joined.data.metrics["val/macro_ap/low"] <= joined.data.metrics["val/macro_ap"]


def test_baseline_joins_as_the_support_vectors(command, project) -> None:
    small = ["--count", "64", "--image-size", "32", "--c", "10", "--gamma", "0.001", "--cv", "2"]
    joined = command("baseline", "--dataset", "cxidb", "--components", "config", *small, others=3)
    assert {one.data.tags["airybench.kind"] for one in all_runs(project)} == {"baseline"}
    assert {one.info.status for one in all_runs(project)} == {"FINISHED"}
    assert joined.data.tags["airybench.baseline"] == "svm"
    assert joined.data.params["cv"] == "2"


def test_predict(command, weights, data_home, tmp_path) -> None:
    source = data_home / "cxidb-simulated-n64-s1612-v2.h5"
    joined = command("predict", str(weights), str(source), "--output", str(tmp_path / "answers.h5"))
    assert joined.info.status == "FINISHED"
    assert joined.data.tags["airybench.kind"] == "predict"
    assert joined.data.tags["airybench.output"] == str(tmp_path / "answers.h5")
    assert joined.data.params["source"] == str(source)
    assert joined.data.metrics["predict/shots"] == 64


def test_report_keeps_the_page_with_the_run(command, project, finished, tmp_path) -> None:
    joined = command("report", "--study", "config,both@cxidb", "--output", "report.html", "--no-pictures")
    assert joined.info.status == "FINISHED"
    assert joined.data.tags["airybench.kind"] == "launch"
    assert joined.data.params["study"] == "both@cxidb"
    assert sorted(one.path for one in project.list_artifacts(joined.info.run_id)) == ["report.html", "report.md"]


def test_a_store_that_another_folder_meant_is_told(project, tmp_path, monkeypatch, capsys) -> None:
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    with pytest.raises(TrackingError, match="absolute path"), launched("report", "launch", {}):
        pass
    assert run(["evaluate", str(tmp_path), "--json"]) != 0
    assert not list(elsewhere.iterdir())


def test_interrupted_it_is_killed(project) -> None:
    with pytest.raises(KeyboardInterrupt), launched("report", "launch", {}):
        raise KeyboardInterrupt
    (joined,) = all_runs(project)
    assert (joined.info.status, joined.data.tags["airybench.state"]) == ("KILLED", "interrupted")


def test_params_that_mlflow_logged_stay(project) -> None:
    (made,) = all_runs(project)
    project.log_param(made.info.run_id, "study", "config")
    with launched("report", "launch", {"study": "both", "output": Path("report.html")}):
        pass
    assert json.dumps(project.get_run(made.info.run_id).data.params, sort_keys=True) == (
        '{"output": "report.html", "study": "config"}'
    )


@pytest.mark.parametrize(
    ("started", "name"),
    [("/code/airybench/__main__.py", "airybench"), ("/bin/airybench", "airybench"), ("a.py", "a.py")],
)
def test_a_run_names_the_program_that_made_it(started, name, empty, monkeypatch, tmp_path) -> None:
    """A run of `python -m airybench` once named __main__.py as its source."""
    monkeypatch.setattr("sys.argv", [started])
    uri = f"sqlite:///{shutil.copy(empty, tmp_path)}"
    made = OwnRun.create(Tracking(uri, "1"), "one", "train", {})
    assert made.tags()["mlflow.source.name"] == name
