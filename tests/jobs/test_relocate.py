"""Studies whose store was moved, through the command line."""

import json
from pathlib import Path

import pytest
from run_studies import recorded_study

from airybench.cli.main import run
from airybench.jobs.relocate import lost_studies
from airybench.sweep.definition import stored_attributes
from airybench.tracking.store import connect

GONE = "sqlite:////gone/away/mlflow.db"


@pytest.fixture
def uri(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store far from the data folder, with the runs of two studies that do not know it; a third is elsewhere."""
    (tmp_path / "far" / "off").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    tracking = connect(f"sqlite:///{tmp_path / 'far' / 'off' / 'renamed.db'}")
    for name in ("a@helium", "b@helium"):
        recorded_study(folder / "studies", name, tracking, GONE)
    recorded_study(folder / "studies", "c@helium", connect(f"sqlite:///{tmp_path / 'other.db'}"), GONE)
    return tracking.uri


def test_studies_are_told_where_their_runs_are(
    uri: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {one.name for one in lost_studies()} == {"a@helium", "b@helium", "c@helium"}
    assert run(["evaluate", "winner:a@helium"]) == 2
    assert "if the store of a study was moved: airybench studies relocate --tracking-uri" in capsys.readouterr().err
    assert run(["studies", "relocate", "a", "--tracking-uri", uri]) == 0
    assert capsys.readouterr().out == f"a@helium: {uri} (was {GONE})\n"
    assert stored_attributes(folder / "studies", "a@helium")["tracking_uri"] == uri
    assert stored_attributes(folder / "studies", "b@helium")["tracking_uri"] == GONE
    assert run(["studies", "relocate", "--tracking-uri", uri, "--json"]) == 0
    assert [(one["study"], one["before"]) for one in json.loads(capsys.readouterr().out)] == [
        ("a@helium", uri), ("b@helium", GONE)
    ]  # fmt: skip
    assert [one.name for one in lost_studies()] == ["c@helium"]


def test_a_store_that_holds_no_run_of_them_is_refused(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["studies", "relocate", "c@helium", "--tracking-uri", uri]) == 2
    assert "holds no run of c@helium; name the store that does" in capsys.readouterr().err
    assert run(["studies", "relocate", "nosuch", "--tracking-uri", uri]) == 2
    assert run(["studies", "relocate", "--tracking-uri", GONE]) == 2


def test_a_study_finds_the_store_in_use_by_itself(uri: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert stored_attributes(folder / "studies", "a@helium")["tracking_uri"] == uri
    assert [one.name for one in lost_studies()] == ["c@helium"]
