"""The lines that stand below several results."""

import shlex
from pathlib import Path

import pytest
from rich.console import Console

from airybench.cli.show.tables import print_whereabouts
from airybench.tracking.store import tracking_uri


def where(uri: str, capsys: pytest.CaptureFixture[str]) -> str:
    print_whereabouts(Console(width=80), uri)
    return capsys.readouterr().out.strip().removeprefix("Compare runs: ")


def test_the_command_that_opens_the_runs_names_their_store_where_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert where(tracking_uri(), capsys) == "airybench ui"
    other = f"sqlite:///{tmp_path}/my runs/mlflow.db"
    words = shlex.split(where(other, capsys))
    assert words == ["airybench", "ui", "--tracking-uri", other]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other)
    assert where(tracking_uri(), capsys) == "airybench ui"
    assert where("http://server:5000", capsys) == "at http://server:5000"
