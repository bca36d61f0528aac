"""`mlflow run` joins the run it made; MLproject and the command line agree."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from airybench.cli.main import run as main_run

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = yaml.safe_load((REPOSITORY / "MLproject").read_text(encoding="utf-8"))


def mlflow_run(folder: Path, *words: str, manager: str = "local") -> MlflowClient:
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri, "OMP_NUM_THREADS": "2", "GIT_PYTHON_REFRESH": "quiet"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "mlflow", "run", str(REPOSITORY), "--env-manager", manager, *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return MlflowClient(tracking_uri=uri)


def all_runs(client: MlflowClient):
    return client.search_runs([e.experiment_id for e in client.search_experiments()])


@pytest.mark.parametrize("manager", ["local", pytest.param("uv", marks=pytest.mark.slow)])
def test_the_run_that_mlflow_made_becomes_the_parent(tmp_path, tiny, manager) -> None:
    client = mlflow_run(
        tmp_path, "-P", "dataset=cxidb", "-P", f"config={tiny}", "-P", f"study=project-{manager}", "-P",
        "log_activation=on,off", "-P", "epochs=1", manager=manager,
    )  # fmt: skip
    runs = all_runs(client)
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 1
    parent = parents[0]
    assert parent.data.tags["airybench.kind"] == "sweep"
    assert parent.data.tags["mlflow.project.entryPoint"] == "main"
    assert parent.data.params["dataset"] == "cxidb"
    assert "test/macro_ap" in parent.data.metrics
    children = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert len(children) == 2
    assert {run.data.params["epochs"] for run in children} == {"1"}
    assert {run.info.status for run in runs} == {"FINISHED"}


@pytest.mark.slow
def test_the_train_entry_point_joins_too(tmp_path, tiny) -> None:
    client = mlflow_run(tmp_path, "-e", "train", "-P", "dataset=cxidb", "-P", f"config={tiny}", "-P", "alpha=0.3")
    (run,) = all_runs(client)
    assert run.data.tags["airybench.kind"] == "train"
    assert run.data.params["alpha"] == "0.3"
    assert run.info.status == "FINISHED"
    assert "best/macro_ap" in run.data.metrics


def test_training_joins_the_run_in_the_environment(tmp_path, tiny, monkeypatch) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri)
    made = client.create_run("0").info.run_id
    client.log_param(made, "alpha", "config")  # as `mlflow run` logs the words it was given
    for name, value in (("RUN_ID", made), ("TRACKING_URI", uri), ("EXPERIMENT_ID", "0")):
        monkeypatch.setenv(f"MLFLOW_{name}", value)
    with contextlib.chdir(tmp_path):
        assert main_run(["train", "--dataset", "cxidb", "--config", str(tiny), "--alpha", "config"]) == 0
    (run,) = all_runs(client)
    assert (run.info.run_id, run.info.status) == (made, "FINISHED")
    assert run.data.params["alpha"] == "config"
    assert "test/macro_ap" in run.data.metrics


@pytest.mark.parametrize("entry", sorted(PROJECT["entry_points"]))
def test_every_parameter_of_an_entry_point_is_used_and_known(entry, capsys) -> None:
    from airybench.cli.main import run

    point = PROJECT["entry_points"][entry]
    command = point["command"]
    assert set(re.findall(r"{(\w+)}", command)) == set(point["parameters"])
    name = command.split()[3]
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    for option in re.findall(r"--[\w-]+", command):
        assert f"{option} " in text, f"{entry} uses {option}, which airybench {name} lacks"


def test_pins_are_those_that_the_project_admits() -> None:
    import tomllib

    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[<>=]", item)[0].lower() for item in wanted}
    pins = yaml.safe_load((REPOSITORY / "conda.yaml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"]
    assert {pin.split("==")[0].lower() for pin in pins} == names
