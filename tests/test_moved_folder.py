"""A finished study whose working folder and data folder were moved: every command finds its runs, without a word."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.tracking.tags import Tag

COMMANDS = (
    ["evaluate", "winner:both@helium"],
    ["compare"],
    ["report", "--study", "both@helium", "--output", "report.html"],
    ["table", "both", "--csv"],
    ["studies", "list"],
)


@pytest.fixture
def moved(finished: Any, data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, whose old place is not there any more: as a copy in which every trace of it names another."""
    shutil.copytree(finished.folder, tmp_path / "new" / "work")
    shutil.copytree(data_home, tmp_path / "new" / "data", ignore=shutil.ignore_patterns("checkpoints", "*lock"))
    for journal in (tmp_path / "new" / "data" / "studies").glob("*.journal"):
        text = journal.read_text(encoding="utf-8")
        if str(finished.folder) in text:
            journal.write_text(text.replace(str(finished.folder), "/gone/away/work"), encoding="utf-8")
        else:
            journal.unlink()  # of another test
    _rename_places(tmp_path / "new" / "work" / "mlflow.db", finished.folder.as_uri(), "file:///gone/away/work")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "new" / "data"))
    return tmp_path / "new"


def _rename_places(database: Path, old: str, new: str) -> None:
    import sqlite3

    with sqlite3.connect(database) as file:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri"),
                              ("logged_models", "artifact_location")):  # fmt: skip
            file.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))


def test_every_command_finds_the_runs(moved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in COMMANDS:
        assert run(words) == 0, capsys.readouterr().err
    said = capsys.readouterr()
    assert "gone" not in said.out + said.err
    # The evaluation stands beside its study, and no store was made where the commands were typed.
    assert not list(Path.cwd().glob("ml*"))
    client = MlflowClient(tracking_uri=f"sqlite:///{moved / 'work' / 'mlflow.db'}")
    (parent,) = client.search_runs(["1"], f"tags.`{Tag.KIND}` = 'sweep' and tags.`{Tag.STUDY}` = 'both@helium'")
    (evaluation,) = client.search_runs([parent.info.experiment_id], f"tags.`{Tag.KIND}` = 'evaluate'")
    assert evaluation.info.start_time > parent.info.end_time
