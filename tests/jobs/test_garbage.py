"""What nothing refers to is found and deleted; what is in use, of others, or in doubt stays."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.config import SweepConfig
from airybench.jobs.garbage import OLD_SECONDS
from airybench.paths import sole_owner
from airybench.provenance import Provenance
from airybench.sweep.study import RunningStudy
from airybench.tracking.store import connect
from airybench.trial.outcome import Outcome

PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64)
OLD = time.time() - OLD_SECONDS - 60


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A data folder and a tracking store, both empty."""
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracking = connect(uri)
    return SimpleNamespace(
        data=tmp_path / "data", uri=uri, client=MlflowClient(tracking_uri=uri), experiment=tracking.experiment_id,
        artifacts=tmp_path / "mlruns" / "airybench",
    )  # fmt: skip


@pytest.fixture
def made_run(place: SimpleNamespace) -> Callable[..., str]:
    def make(study: str = "", *, own: bool = True, size: int = 1000) -> str:
        """A finished run with a file of weights and a logged model; returns its id."""
        tags = {"airybench.kind": "trial", **({"airybench.study": study} if study else {})} if own else {}
        run_id = place.client.create_run(place.experiment, tags=tags).info.run_id
        model = place.client.create_logged_model(place.experiment, source_run_id=run_id).model_id
        write(place.artifacts / run_id / "artifacts" / "weights" / "model.json", size)
        write(place.artifacts / "models" / model / "artifacts" / "MLmodel", 0, f"run_id: {run_id}\n")
        place.client.set_terminated(run_id)
        return str(run_id)

    return make


def write(path: Path, size: int, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() or bytes(size))
    return path


def aged(path: Path) -> Path:
    for one in (*path.rglob("*"), path):
        os.utime(one, (OLD, OLD))
    return path


def study(place: SimpleNamespace, name: str, run_ids: list[str]) -> RunningStudy:
    """A study whose first run is the parent, and each other one that of a finished trial."""
    alphas = [0.1 * (1 + place) for place in range(len(run_ids) - 1)]
    one = RunningStudy(
        place.data / "studies", name, SweepConfig.model_validate({"space": {"alpha": alphas}}), PROVENANCE
    )
    for key, value in (("tracking_uri", place.uri), ("experiment_id", place.experiment), ("parent_run_id", run_ids[0])):
        one.set_attribute(key, value)
    one.plan()
    for run_id in run_ids[1:]:
        trial = one.ask()
        assert trial is not None
        trial.set_attributes(run_id=run_id)
        one.complete(trial, Outcome(0.5, {"macro_ap": 0.5}, {"seconds": 1.0}))
    return one


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What `studies gc` lists: names by what they are."""
    assert run(["studies", "gc", "--json"]) == 0
    listed: dict[str, list[str]] = {}
    for one in json.loads(capsys.readouterr().out):
        listed.setdefault(one["what"], []).append(Path(one["path"]).name)
    return listed


def test_a_store_in_use_has_none(place, made_run, capsys) -> None:
    study(place, "s@helium", [made_run("s@helium"), made_run("s@helium")])
    made_run()  # a training
    foreign = made_run(own=False)
    place.client.delete_run(foreign)  # not ours to touch
    write(place.artifacts / ("0" * 32) / "artifacts" / "notes.txt", 10)  # nor is a folder with other files
    write(place.data / ".helium.h5.part", 10)  # a simulation may run
    assert found(capsys) == {}
    assert run(["studies", "gc"]) == 0
    assert "nothing to delete" in capsys.readouterr().out


def test_each_kind_is_listed_and_deleted_on_a_yes_alone(place, made_run, capsys, monkeypatch) -> None:
    kept = [made_run("kept@helium"), made_run("kept@helium")]
    study(place, "kept@helium", kept)
    lost = [made_run("lost@helium"), made_run("lost@helium")]
    study(place, "lost@helium", lost)
    for run_id in lost:
        place.client.delete_run(run_id)
    orphan = "f" * 32
    write(place.artifacts / orphan / "artifacts" / "weights" / "model.json", 10)
    write(place.artifacts / "models" / f"m-{orphan}" / "artifacts" / "MLmodel", 0, f"run_id: {orphan}\n")
    gone = aged(write(place.data / "checkpoints" / "gone@helium" / "0123" / "000001" / "state.json", 5).parents[2])
    ended = write(place.data / "checkpoints" / "kept@helium" / "0123" / "000001" / "state.json", 5).parents[2]
    part = aged(write(place.data / ".helium.h5.part", 10))
    torn = aged(write(place.data / "studies" / "old@helium.torn", 10))
    listed = found(capsys)
    assert listed.pop("study whose runs are gone") == ["lost@helium.journal"]
    assert sorted(listed.pop("run that was deleted in MLflow")) == sorted(lost)
    assert len(listed.pop("model of a run that was deleted in MLflow")) == 2
    assert listed.pop("run that no tracking store knows") == [orphan]
    assert listed.pop("model that no tracking store knows") == [f"m-{orphan}"]
    assert listed.pop("checkpoints of a study that is gone") == [gone.name]
    assert listed.pop("checkpoints of trials that have ended") == [ended.name]
    assert listed.pop("unfinished file") == [part.name]
    assert listed.pop("file of a study that is gone") == [torn.name]
    assert listed == {}

    assert run(["studies", "gc"]) == 0
    assert "nothing is deleted without a yes; give --yes" in capsys.readouterr().err
    assert torn.exists()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text))
    asked: list[str] = []
    assert run(["studies", "gc"]) == 0
    assert asked == ["Delete 11 files and folders, 0.0 MB?"]
    capsys.readouterr()
    assert found(capsys) == {}
    assert sorted(path.name for path in place.artifacts.iterdir()) == sorted([*kept, "models"])
    assert len(list((place.artifacts / "models").iterdir())) == 2
    assert (place.data / "studies" / "kept@helium.journal").exists()
    assert not [path for path in (gone, ended, part, torn) if path.exists()]


def test_runs_of_a_study_that_is_gone_are_deleted_only_where_that_is_asked_for(place, made_run, capsys) -> None:
    made = [made_run("gone@helium"), made_run("gone@helium")]
    busy = place.client.create_run(
        place.experiment, tags={"airybench.kind": "trial", "airybench.study": "busy@helium"}
    ).info.run_id
    done = made_run("busy@helium")  # beside it a trial that runs, of a study in another storage
    listed = found(capsys)
    assert sorted(listed.pop("run whose study is gone")) == sorted(made)
    assert len(listed.pop("model whose study is gone")) == 2
    assert listed == {}
    assert run(["studies", "gc", "--yes"]) == 0
    assert "stay unless --runs is given" in capsys.readouterr().out
    assert (place.artifacts / made[0]).exists()
    assert run(["studies", "gc", "--yes", "--runs"]) == 0
    active = {one.info.run_id for one in place.client.search_runs([place.experiment])}
    assert active == {busy, done}
    assert not any((place.artifacts / run_id).exists() for run_id in made)
    capsys.readouterr()
    assert found(capsys) == {}
    assert len(list((place.artifacts / "models").iterdir())) == 1


def test_nothing_is_touched_while_a_sweep_runs(place, made_run, capsys) -> None:
    one = made_run("s@helium")
    study(place, "s@helium", [made_run("s@helium"), one])
    place.client.delete_run(made_run())
    with sole_owner(place.data / "studies" / "s@helium.journal", "s@helium"):
        assert run(["studies", "gc", "--yes"]) == 2
    assert "study s@helium is being run by another process" in capsys.readouterr().err
    assert len(found(capsys)["run that was deleted in MLflow"]) == 1


def test_a_link_and_another_database_protect_what_they_lead_to(place, made_run, capsys, tmp_path) -> None:
    """Two stores in one folder share its artifacts."""
    other = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'second.db'}")
    known = other.create_run("0", tags={"airybench.kind": "train"}).info.run_id
    write(place.artifacts / known / "artifacts" / "weights" / "model.json", 10)
    away = write(tmp_path / "away" / ("e" * 32) / "artifacts" / "weights" / "model.json", 10).parents[2]
    place.artifacts.mkdir(parents=True, exist_ok=True)
    (place.artifacts / away.name).symlink_to(away)
    assert found(capsys) == {}
    (tmp_path / "third.db").write_bytes(b"SQLite format 3\0" + bytes(200))
    assert run(["studies", "gc"]) == 2
    assert "third.db cannot be read" in capsys.readouterr().err
