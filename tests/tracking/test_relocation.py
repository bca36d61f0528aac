"""Stores that were moved or copied, with real MLflow databases and files."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.errors import TrackingError
from airybench.tracking.moved_store import present_store
from airybench.tracking.relocation import follow_move, holds_run, lost_places
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, connect, reopen

NAME = "my runs #1, 50% of bob's?"
"""A folder with what addresses and SQL have a meaning for."""


def store(folder: Path) -> tuple[Tracking, Run]:
    """A store with a finished run that has an artifact, and a logged model."""
    folder.mkdir(parents=True)
    tracking = connect(f"sqlite:///{folder / 'mlflow.db'}")
    run = Run.create(tracking, "one", "train", {})
    with run.artifacts("weights") as path:
        (path / "model.json").write_text("{}")
    model = run.client.create_logged_model(tracking.experiment_id, source_run_id=run.run_id)
    run.end("finished")
    Path(folder / "model-place").write_text(model.artifact_location)
    return tracking, run


def fetched(folder: Path, run: Run, into: Path) -> str:
    """The artifact, found through a store that is opened anew."""
    into.mkdir()
    return (
        Run(reopen(f"sqlite:///{folder / 'mlflow.db'}"), run.run_id).fetch("weights", into) / "model.json"
    ).read_text()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A store that tests copy."""
    folder = tmp_path_factory.mktemp("made") / "old"
    return folder, store(folder)[1]


def test_artifacts_of_a_moved_store_are_found_beside_it(made: tuple[Path, Run], tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path / "old")
    with sqlite3.connect(tmp_path / "old" / "mlflow.db") as file:  # as if it had been made here
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri"),
                              ("logged_models", "artifact_location")):  # fmt: skip
            asked = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
            file.execute(asked, (made[0].as_uri(), (tmp_path / "gone").as_uri()))
    new = tmp_path / NAME.replace("?", "")
    (tmp_path / "old").rename(new)
    assert fetched(new, made[1], tmp_path / "got") == "{}"
    assert not (tmp_path / "gone").exists()
    client = MlflowClient(tracking_uri=f"sqlite:///{new / 'mlflow.db'}")
    root = (new / "mlruns" / "airybench").as_uri()
    found = client.get_run(made[1].run_id)
    assert client.get_experiment(found.info.experiment_id).artifact_location == root
    assert found.info.artifact_uri == f"{root}/{made[1].run_id}/artifacts"
    (model,) = client.search_logged_models([found.info.experiment_id])
    assert model.artifact_location.startswith(f"{root}/models/m-")


def test_a_copy_has_its_own_artifacts_though_the_original_is_there(made: tuple[Path, Run], tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path / "copy")
    before = (made[0] / "mlflow.db").read_bytes()
    run = Run(connect(f"sqlite:///{tmp_path / 'copy' / 'mlflow.db'}"), made[1].run_id)
    assert run.client.get_run(run.run_id).info.artifact_uri.startswith((tmp_path / "copy").as_uri())
    assert (made[0] / "mlflow.db").read_bytes() == before


def test_another_name_of_the_same_folder_changes_nothing(made: tuple[Path, Run], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(made[0])
    before = (made[0] / "mlflow.db").read_bytes()
    follow_move(tmp_path / "link" / "mlflow.db")
    assert (made[0] / "mlflow.db").read_bytes() == before


def test_a_place_elsewhere_stays(tmp_path: Path) -> None:
    (tmp_path / "disk" / "mlruns" / "own").mkdir(parents=True)
    (tmp_path / "here" / "mlruns").mkdir(parents=True)
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'here' / 'mlflow.db'}")
    place = (tmp_path / "disk" / "mlruns" / "own").as_uri()
    experiment = client.create_experiment("own", artifact_location=place)
    follow_move(tmp_path / "here" / "mlflow.db")
    assert client.get_experiment(experiment).artifact_location == place


def test_artifacts_that_were_left_behind_are_named(made: tuple[Path, Run], tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path / "first")
    follow_move(tmp_path / "first" / "mlflow.db")
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "mlflow.db").rename(tmp_path / "second" / "mlflow.db")
    (tmp_path / "first" / "mlruns").rename(tmp_path / "first" / "elsewhere")
    assert lost_places(tmp_path / "second" / "mlflow.db") == [tmp_path / "first" / "mlruns" / "airybench"]
    with pytest.raises(TrackingError, match=r"are not in .*first/mlruns.*: put their folder mlruns beside"):
        fetched(tmp_path / "second", made[1], tmp_path / "got")
    (tmp_path / "first" / "elsewhere").rename(tmp_path / "second" / "mlruns")
    assert fetched(tmp_path / "second", made[1], tmp_path / "again") == "{}"
    assert lost_places(tmp_path / "second" / "mlflow.db") == []


@pytest.mark.parametrize("content", [b"", b"no database at all, but some text"])
def test_a_file_of_another_kind_is_left_alone(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlflow.db").write_bytes(content)
    follow_move(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").read_bytes() == content
    assert not holds_run(tmp_path / "mlflow.db", "0" * 32)
    assert lost_places(tmp_path / "mlflow.db") == []


@pytest.mark.parametrize("data", ["data", "runs/data", "."])
def test_the_store_of_a_study_is_found_where_both_were_moved(
    data: str, made: tuple[Path, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    new = tmp_path / "new" / "project"
    shutil.copytree(made[0], new / "runs")
    (new / data).mkdir(parents=True, exist_ok=True)
    recorded = "sqlite:////home/bob/project/runs/mlflow.db"
    assert present_store(recorded, made[1].run_id, new / data) == f"sqlite:///{new / 'runs' / 'mlflow.db'}"
    assert present_store(recorded, "0" * 32, new / data) == recorded


def test_the_store_in_use_is_taken_if_it_holds_the_run(
    made: tuple[Path, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = "sqlite:////nowhere/other.db"
    monkeypatch.chdir(made[0])
    assert present_store(recorded, made[1].run_id, tmp_path) == f"sqlite:///{made[0] / 'mlflow.db'}"
    assert present_store(recorded, "0" * 32, tmp_path) == recorded
    assert present_store("http://127.0.0.1:1", made[1].run_id, tmp_path) == "http://127.0.0.1:1"
