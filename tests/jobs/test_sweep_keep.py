"""A real sweep that keeps the weights of its best cell alone: what is gone, what is said, and how it comes back."""

import json
import re
import shlex
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from kept import runs_of
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.jobs.models import open_model
from airybench.sweep.look_up import find_study
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import connect

STUDY = "thrifty@helium"


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of the weights of every trial that has some, by run id."""
    return {path.parts[-4]: path.stat().st_size for path in folder.rglob("artifacts/weights/model.safetensors")}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("keep")
    given = ["sweep", "--config", str(tiny), "--dataset", "helium", "--study", "thrifty", "--leakiness", "0,0.1,0.2"]
    return folder, given


def test_the_best_cell_keeps_its_weights_and_all_keep_their_predictions(words, capsys) -> None:
    folder, given = words
    with chdir(folder):
        assert run([*given, "--keep", "best1", "--dry-run", "--json"]) == 0
        (planned,) = json.loads(capsys.readouterr().out)
        assert planned["disk"]["keep"] == "best 1"
        assert run([*given, "--keep", "best1", "--json"]) == 0
    printed = capsys.readouterr()
    (summary,) = json.loads(printed.out)
    assert "weights of 2 trials are dropped, those of the best 1 cell stay (--keep)" in printed.err
    assert set(sizes(folder)) == {summary["winner_run"]}
    assert summary["model_uri"].startswith("models:/")
    (parent,), children = runs_of(folder, STUDY)
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    assert len(children) == 3
    for child in children:
        kept = {one.path for one in client.list_artifacts(child.info.run_id, "predictions")}
        assert kept == {"predictions/val.h5", "predictions/test.h5"}
        gone = child.data.tags.get("airybench.weights", "")
        assert gone == ("" if child.info.run_id == summary["winner_run"] else "dropped: its cell is below the best 1")
        assert ("Its weights were dropped" in child.data.tags["mlflow.note.content"]) == bool(gone)
    used = sum(path.stat().st_size for path in folder.rglob("mlruns/**/*") if path.is_file())
    assert find_study(STUDY).run_bytes == pytest.approx(used, rel=0.01)
    assert used < planned["disk"]["bytes"] < 3 * used
    assert parent.data.tags["airybench.winner"] == summary["winner_run"]


def test_what_needs_dropped_weights_says_so_and_how_they_come_back(words, capsys, monkeypatch) -> None:
    folder, _ = words
    monkeypatch.chdir(folder)
    gone = next(one for one in runs_of(folder, STUDY)[1] if "airybench.weights" in one.data.tags)
    before = gone.data.metrics["best/macro_ap"]
    assert run(["evaluate", gone.info.run_id, "--dataset", "helium"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "has no weights any more (dropped: its cell is below the best 1); train that cell again with: " in said
    command = shlex.split(said.partition("again with: ")[2])
    assert command[:2] == ["airybench", "train"]
    assert run([*command[1:], "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert trained["val"]["macro_ap"] == before
    tracking = connect(f"sqlite:///{folder / 'mlflow.db'}")
    again, kept = (predictions(Run(tracking, one), "test").logits for one in (trained["run_id"], gone.info.run_id))
    assert np.array_equal(again, kept)  # the very network
    (recorded,) = [one.config for one in find_study(STUDY).finished if one.run_id == gone.info.run_id]
    assert open_model(trained["run_id"]).config == recorded


def test_a_resume_goes_on_with_the_rule_and_finds_the_winner(words, capsys) -> None:
    folder, given = words
    with chdir(folder):
        assert run([*given, "--seeds", "2", "--json"]) == 0
    printed = capsys.readouterr()
    (summary,) = json.loads(printed.out)
    best = summary["leaderboard"][0]
    kept = set(sizes(folder))
    assert summary["winner_run"] in kept & set(best["run_ids"])
    trials = runs_of(folder, STUDY)[1]
    models = {one.info.run_id for one in trials if "airybench.model_uri" in one.data.tags}
    # A model that was logged keeps its weights; the training of the test before is none of the study's.
    assert kept & {one.info.run_id for one in trials} <= set(best["run_ids"]) | models
    open_model(f"winner:{STUDY}")


def test_a_study_that_keeps_none_has_no_model_and_registers_none(tiny, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["sweep", "--config", str(tiny), "--dataset", "helium", "--study", "none", "--keep", "none"]
    assert run([*given, "--register", "droplets"]) == 2
    assert "--register droplets needs weights, and --keep none keeps none" in capsys.readouterr().err
    assert run([*given, "--json"]) == 0
    printed = capsys.readouterr()
    (summary,) = json.loads(printed.out)
    assert (sizes(tmp_path), summary["model_uri"]) == ({}, "")
    assert "none@helium keeps no weights (--keep none): no model of it can be loaded; predictions stay" in printed.err
    assert summary["test"]["test/macro_ap"] > 0
    assert run(["evaluate", "winner:none@helium"]) == 2
    assert re.search(r"no weights any more \(dropped: the study keeps none\); train that cell", capsys.readouterr().err)
    assert run(["report", "--study", "none", "--output", "r.html"]) == 0
    assert run(["compare", "--study", "none"]) == 0
    capsys.readouterr()
    assert run([*given[:-2], "--register", "droplets"]) == 2  # the study remembers its rule
