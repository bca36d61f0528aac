"""`mlflow run` joins the run it made; MLproject and the command line agree."""

import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from typer.main import get_command

from airybench.cli.main import app
from airybench.cli.main import run as main_run
from airybench.tracking.store import EXPERIMENT

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


@pytest.mark.slow
@pytest.mark.parametrize("manager", ["local", "uv"])
def test_the_run_that_mlflow_made_becomes_the_parent(tmp_path, tiny, manager) -> None:
    client = mlflow_run(
        tmp_path, "--experiment-name", "airybench", "-P", "dataset=cxidb", "-P", f"config={tiny}", "-P",
        f"study=project-{manager}", "-P", "log_activation=on,off", "-P", "epochs=1", manager=manager,
    )  # fmt: skip
    runs = all_runs(client)
    assert {run.info.experiment_id for run in runs} == {client.get_experiment_by_name("airybench").experiment_id}
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 1
    parent = parents[0]
    assert parent.data.tags["airybench.kind"] == "sweep"
    assert parent.data.tags["mlflow.project.entryPoint"] == "main"
    assert parent.data.params["dataset"] == "cxidb"
    assert "test/macro_ap" in parent.data.metrics
    children = [run for run in runs if run.data.tags["airybench.kind"] == "trial"]
    cells = {run.info.run_id for run in runs if run.data.tags["airybench.kind"] == "cell"}
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == cells
    assert len(runs) == 1 + len(cells) + len(children)
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


def test_the_commands_of_the_page_name_the_experiment_of_the_other_studies() -> None:
    page = (REPOSITORY / "docs" / "mlflow.md").read_text(encoding="utf-8")
    commands = [line for line in page.splitlines() if line.startswith("mlflow run ")]
    assert commands
    assert all(f" --experiment-name {EXPERIMENT} " in f"{line} " for line in commands)


def test_training_joins_the_run_in_the_environment(tmp_path, tiny, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)  # where a new store puts its artifacts
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri)
    made = client.create_run("0").info.run_id
    client.log_param(made, "alpha", "config")  # as `mlflow run` logs the words it was given
    for name, value in (("RUN_ID", made), ("TRACKING_URI", uri), ("EXPERIMENT_ID", "0")):
        monkeypatch.setenv(f"MLFLOW_{name}", value)
    assert main_run(["train", "--dataset", "cxidb", "--config", str(tiny), "--alpha", "config"]) == 0
    assert "experiment Default, and stays there; mlflow run --experiment-name airybench" in capsys.readouterr().err
    (run,) = all_runs(client)
    assert (run.info.run_id, run.info.status) == (made, "FINISHED")
    assert run.data.params["alpha"] == "config"
    assert "test/macro_ap" in run.data.metrics


def test_every_command_of_the_issue_is_an_entry_point() -> None:
    commands = ["main", "train", "simulate", "evaluate", "predict", "baseline", "report", "reproduce"]
    assert list(PROJECT["entry_points"]) == commands


@pytest.mark.parametrize("entry", sorted(PROJECT["entry_points"]))
def test_parameters_of_an_entry_point_are_those_of_the_command(entry: str) -> None:
    """Each has the command's own name and its default; the word `config` is no value of its own, but the default."""
    point = PROJECT["entry_points"][entry]
    words = point["command"].split()
    assert words[:3] == ["python", "-m", "airybench"]
    known, rest = parameters_of(words[3:])
    handed = handed_over(rest, [name for name, one in known.items() if one.param_type_name == "argument"])
    assert set(handed) == set(point["parameters"])
    for name, placeholder in handed.items():
        assert placeholder == f"{{{name}}}", f"{entry} hands {placeholder} over as {name}"
        assert name in known, f"{entry} has {name}, which airybench {words[3]} lacks"
        asked = point["parameters"][name]
        default = asked.get("default") if isinstance(asked, dict) else None
        if (entry, name) in (("main", "dataset"), ("simulate", "dataset")):
            assert default == "helium"  # so that the beginner's `mlflow run .` runs
        elif known[name].required:
            assert default is None, f"{entry}: {name} must be given"
        elif default != "config":
            assert default == str(known[name].default)
        else:
            assert known[name].default in (None, "config", [], ())


def parameters_of(words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Parameters of the command that words begin with, by the name that MLproject would call them, and other words."""
    command: Any = get_command(app)
    with command.make_context("airybench", list(words), resilient_parsing=True) as context:
        while hasattr(command, "get_command"):
            command, words = command.get_command(context, words[0]), words[1:]
            context = command.context_class(command, parent=context, info_name=command.name)
    found = {}
    for one in command.params:
        longest = max((option.lstrip("-") for option in one.opts), key=len)
        found[longest.replace("-", "_") if one.param_type_name == "option" else one.name] = one
    return found, words


def handed_over(words: list[str], arguments: list[str]) -> dict[str, str]:
    """Name and placeholder of everything in a command line."""
    found, waiting, names = {}, iter(words), iter(arguments)
    for word in waiting:
        if word == "--set":
            name, _, placeholder = next(waiting).partition("=")
        elif word.startswith("--"):
            name, placeholder = word[2:].replace("-", "_"), next(waiting)
        else:
            name, placeholder = next(names), word
        found[name] = placeholder
    return found


@pytest.mark.parametrize("entry", ["main", "train", "baseline", "evaluate", "report"])
def test_nobody_takes_the_word_config_for_a_value(entry: str, tmp_path: Path, capsys, monkeypatch) -> None:
    """With every default, a command comes as far as the data that it is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    point = PROJECT["entry_points"][entry]
    values = {name: one.get("default") for name, one in point["parameters"].items() if isinstance(one, dict)}
    values |= {"model": "nowhere"} | ({"dataset": "nowhere.h5"} if "dataset" in values else {})
    words = [word.format(**values) for word in point["command"].split()[3:]]
    assert main_run(words) in (1, 2)
    told = capsys.readouterr().err
    assert told.startswith("airybench: ")
    assert ("no study" if entry == "report" else "nowhere") in told


def test_pins_are_those_that_the_project_admits() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {canonicalize_name(one.name): one.specifier for one in map(Requirement, project["dependencies"])}
    environment = yaml.safe_load((REPOSITORY / "conda.yaml").read_text(encoding="utf-8"))["dependencies"]
    pins = {}
    for line in environment[-1]["pip"]:
        name, equals, version = line.partition("==")
        assert equals, f"{line} is no pin"
        pins[canonicalize_name(name)] = Version(version)
    assert set(pins) == set(wanted)
    refused = {name: str(pin) for name, pin in pins.items() if pin not in wanted[name]}
    assert not refused, "pinned at what pyproject.toml does not admit"
    (python,) = (line for line in environment if str(line).startswith("python="))
    assert python.partition("=")[2] in SpecifierSet(project["requires-python"])


def test_pins_fit_one_another() -> None:
    """Where this environment holds a pinned version, what it asks of the others is what they are pinned at."""
    pins = dict(
        line.split("==")
        for line in yaml.safe_load((REPOSITORY / "conda.yaml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"]
    )
    pinned = {canonicalize_name(name): Version(version) for name, version in pins.items()}
    looked = 0
    for name, pin in pinned.items():
        if Version(metadata.version(name)) != pin:
            continue
        for text in metadata.requires(name) or ():
            asked = Requirement(text)
            other = canonicalize_name(asked.name)
            if other in pinned and (asked.marker is None or asked.marker.evaluate({"extra": ""})):
                looked += 1
                assert pinned[other] in asked.specifier, f"{name} {pin} asks for {text}"
    if not looked:
        pytest.skip("no package of this environment is at its pinned version")
