"""`airybench studies`: what is there, said as it is, and deleted only on a yes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from airybench.cli.main import run
from airybench.config import SweepConfig
from airybench.paths import sole_owner
from airybench.provenance import Provenance
from airybench.sweep.study import RunningStudy
from airybench.tracking.store import connect
from airybench.trial.outcome import Outcome

PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    return tmp_path / "studies"


@pytest.fixture
def make(folder: Path) -> Callable[[str], RunningStudy]:
    def made(name: str) -> RunningStudy:
        """Two finished, one failed, one interrupted and queued again."""
        study = RunningStudy(
            folder, name, SweepConfig.model_validate({"space": {"alpha": [0.1, 0.2, 0.3, 0.4]}}), PROVENANCE
        )
        study.set_attribute("tracking_uri", "postgresql://me:secret@host/mlflow")
        study.plan()
        for _ in range(2):
            trial = study.ask()
            assert trial is not None
            trial.set_attributes(run_id=f"run{trial.number}")
            study.complete(trial, Outcome(0.25 * (1 + trial.number), {"macro_ap": 0.5}, {"seconds": 60.0}))
        for kind in ("diverged", "interrupted"):
            trial = study.ask()
            assert trial is not None
            study.fail(trial, kind, "the loss became nan")
        study.plan()
        return study

    return made


def test_list_and_show(make, capsys) -> None:
    make("one@helium")
    make("two@cxidb")
    assert run(["studies", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found] == ["one@helium", "two@cxidb"]
    assert found[0]["states"] == {"finished": 2, "failed": 1, "waiting": 1, "interrupted": 1}
    assert found[0]["bytes"] > 1000
    assert found[0]["last"].endswith("+00:00")
    assert run(["studies", "list"]) == 0
    printed = capsys.readouterr().out
    assert "2 finished, 1 failed" in " ".join(printed.split())
    assert "secret" not in printed

    assert run(["studies", "show", "one", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [t["state"] for t in shown["trials"]] == ["finished", "finished", "failed", "interrupted", "waiting"]
    assert [t["values"] for t in shown["trials"]][:3] == [[0.25], [0.5], None]
    assert shown["trials"][0]["cell"] == "resnet18-log0.1-leaky0.2"
    assert shown["trials"][1]["run_id"] == "run1"
    assert run(["studies", "show", "one@helium"]) == 0
    printed = capsys.readouterr().out
    assert "one@helium: 2 finished" in printed
    assert "the loss became nan" in printed


def test_delete_asks(make, folder, capsys) -> None:
    make("one@helium")
    make("two@helium")
    assert run(["studies", "delete", "one"]) == 2
    assert "deleting study one@helium needs a yes; give --yes" in capsys.readouterr().err
    with sole_owner(folder / "one@helium.journal", "one@helium"):
        assert run(["studies", "delete", "one", "--yes"]) == 2
    assert "study one@helium is being run by another process" in capsys.readouterr().err
    assert (folder / "one@helium.journal").exists()
    left = folder.parent / "checkpoints"
    for name in ("one@helium", "two@helium"):
        (left / name / "0123" / "000001").mkdir(parents=True)
    assert run(["studies", "delete", "one", "--yes"]) == 0
    assert [path.name for path in left.iterdir()] == ["two@helium"]
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") == [
        "two@helium.journal", "two@helium.write-lock",
    ]  # fmt: skip


def test_what_is_not_there_and_what_is_damaged(make, folder, capsys) -> None:
    assert run(["studies", "list"]) == 0
    assert "no studies yet" in capsys.readouterr().err
    make("quick@helium")
    assert run(["studies", "show", "quik@helium"]) == 2
    assert "unknown study 'quik@helium'; valid: quick@helium. Did you mean" in capsys.readouterr().err
    (folder / "bad@helium.journal").write_text("not JSON\nnor this\n", encoding="utf-8")
    assert run(["studies", "list", "--json"]) == 0
    bad, good = json.loads(capsys.readouterr().out)
    assert "is damaged" in bad["problem"]
    assert good["problem"] == ""
    assert run(["studies", "list", "--storage", "sqlite:///x.db"]) == 2
    assert "is SQLite" in capsys.readouterr().err


def test_disk_of_the_runs_is_said_and_freed(make, folder, capsys, monkeypatch) -> None:
    from click.testing import CliRunner
    from mlflow import MlflowClient
    from mlflow.cli import gc

    uri = f"sqlite:///{folder.parent / 'mlflow.db'}"
    study, tracking = make("one@helium"), connect(uri)
    client = MlflowClient(tracking_uri=uri)
    tags = {"airybench.study": "one@helium"}
    mine, other = (client.create_run(tracking.experiment_id, tags=one).info for one in (tags, {}))
    model = client.create_logged_model(tracking.experiment_id, source_run_id=mine.run_id)
    held = folder.parent / "mlruns" / "airybench"
    for place, size in ((mine.run_id, 5000), (other.run_id, 700), (f"models/{model.model_id}", 300)):
        (held / place / "artifacts").mkdir(parents=True, exist_ok=True)
        (held / place / "artifacts" / "weights").write_bytes(bytes(size))
    description = f"run_id: {mine.run_id}\n"
    (held / f"models/{model.model_id}" / "artifacts" / "MLmodel").write_text(description)
    for name, value in (
        ("tracking_uri", uri),
        ("experiment_id", tracking.experiment_id),
        ("parent_run_id", mine.run_id),
    ):
        study.set_attribute(name, value)

    assert run(["studies", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["run_bytes"] == 5300 + len(description)
    assert run(["studies", "delete", "one", "--runs", "--yes"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "1 runs deleted in" in said
    assert "and 1 logged models" in said
    assert not client.search_logged_models([tracking.experiment_id])
    assert [one.info.run_id for one in client.search_runs([tracking.experiment_id])] == [other.run_id]
    command = said[said.index("mlflow gc ") :].split()[2:6]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert CliRunner().invoke(gc, command).exit_code == 0
    assert not (held / mine.run_id / "artifacts" / "weights").exists()
    assert not (held / "models" / model.model_id / "artifacts" / "weights").exists()
    assert (held / other.run_id / "artifacts" / "weights").exists()
