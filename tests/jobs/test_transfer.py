"""Studies that travel with their runs, through the command line."""

import json
from pathlib import Path

import optuna
import pytest
from mlflow import MlflowClient
from run_studies import recorded_study

from airybench.cli.main import run
from airybench.sweep.journal import open_journal
from airybench.sweep.look_up import find_study
from airybench.tracking.store import Tracking, connect
from airybench.tracking.tags import Tag


@pytest.fixture
def tracking(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracking:
    """The store in the working folder, with two studies."""
    monkeypatch.chdir(tmp_path)
    tracking = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    for name in ("a@helium", "b@cxidb"):
        recorded_study(folder / "studies", name, tracking)
    return tracking


def test_a_study_goes_to_another_store_and_from_there_to_another_machine(
    tracking: Tracking,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shared, here = f"sqlite:///{tmp_path / 'shared.db'}", f"sqlite:///{tmp_path / 'second' / 'own.db'}"
    assert run(["runs", "push", "--to", shared, "--study", "a"]) == 0
    assert "2 runs copied, 0 brought up to date, 0 unchanged; 0 models; studies: a@helium" in capsys.readouterr().out
    assert run(["runs", "push", "--to", shared, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "new": 2, "renewed": 0, "unchanged": 2, "models": 0, "registered": [],
        "studies": ["a@helium", "b@cxidb"]
    }  # fmt: skip

    second = tmp_path / "second" / "data"
    monkeypatch.setenv("AIRYBENCH_DATA", str(second))
    (tmp_path / "second").mkdir()
    assert run(["runs", "pull", "--from", shared, "--tracking-uri", here, "--study", "a@helium"]) == 0
    saved = find_study("a@helium")
    client = MlflowClient(tracking_uri=here)
    parent = client.get_run(saved.attributes["parent_run_id"])
    assert saved.attributes["tracking_uri"] == here
    assert saved.attributes["experiment_id"] == parent.info.experiment_id
    assert parent.data.tags[Tag.STUDY] == "a@helium"
    study = optuna.load_study(study_name="a@helium", storage=open_journal(second / "studies" / "a@helium.journal"))
    (trial,) = study.trials
    assert trial.value == 0.5
    assert client.get_run(trial.user_attrs["run_id"]).data.tags[Tag.PARENT] == parent.info.run_id
    assert [path.name for path in (second / "studies").glob("*.journal")] == ["a@helium.journal"]

    capsys.readouterr()
    assert run(["runs", "pull", "--from", shared, "--tracking-uri", here, "--study", "a@helium"]) == 0
    found = capsys.readouterr()
    assert "0 runs copied, 0 brought up to date, 2 unchanged; 0 models; studies: none" in found.out
    assert "a study of that name is here already, and stays as it is" in found.err


def test_a_study_whose_runs_are_elsewhere_is_not_carried(
    tracking: Tracking, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = connect(f"sqlite:///{tmp_path / 'other.db'}")
    (folder / "studies" / "a@helium.journal").unlink()
    recorded_study(folder / "studies", "a@helium", other)
    assert run(["runs", "push", "--to", f"sqlite:///{tmp_path / 'shared.db'}"]) == 0
    assert "4 runs copied, 0 brought up to date, 0 unchanged; 0 models; studies: b@cxidb" in capsys.readouterr().out


def test_what_cannot_be_copied_is_refused(
    tracking: Tracking, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = f"sqlite:///{tmp_path / 'shared.db'}"
    for words, message in (
        (["push", "--to", tracking.uri], "is both where runs are and where they are to go"),
        (["push", "--to", shared, "--study", "nosuch"], "unknown study 'nosuch'; valid: "),
        (["pull", "--from", shared], "there is no tracking store"),
        (["push", "--to", "http://127.0.0.1:9"], "start it, or choose another with --to\n"),
        (["pull", "--from", "http://127.0.0.1:9"], "start it, or choose another with --from\n"),
    ):
        assert run(["runs", *words]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "shared.db").exists()
