"""A real sweep that begins with the best cells of a study of another data set: told, tracked, resumed."""

import json
from pathlib import Path

import pytest
from conftest import Benchmark
from kept import runs_of, trials

import airybench as ab
from airybench.cli.main import run
from airybench.errors import NothingFinishedError
from airybench.jobs.options import RunOptions
from airybench.sweep.look_up import find_study
from airybench.sweep.ranking import ranked

STUDY = "started@helium"
WORDS = ["sweep", "--dataset", "helium", "--study", "started"]


def best(name: str) -> list[str]:
    study = find_study(name)
    return [cell[0].label for cell in ranked(study.finished, study.sweep.study.objectives)]


@pytest.mark.slow
def test_from_the_dry_run_to_the_resume(
    finished: Benchmark, tiny: Path, data_home: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    words = [*WORDS, "--config", str(tiny), "--start-from", "both@cxidb"]
    order = best("both@cxidb")
    assert run([*words, "--dry-run", "--json"]) == 0
    (planned,) = json.loads(capsys.readouterr().out)
    assert planned["start_from"] == {"studies": ["both@cxidb"], "cells": order}
    assert run([*words, "--dry-run"]) == 0
    line = f"Starts from the best 3 cells of both@cxidb: {', '.join(order)}"
    assert capsys.readouterr().out.count(f"{line}.") == 1
    assert not (data_home / "studies" / f"{STUDY}.journal").exists()

    assert run([*words, "--trials", "1"]) == 0
    assert capsys.readouterr().err.count(f"{STUDY}: {line}\n") == 1
    (parent,), children = runs_of(tmp_path, STUDY)
    assert parent.data.tags["airybench.started_from"] == "both@cxidb"
    assert f"{line}." in parent.data.tags["mlflow.note.content"]
    assert len(children) == 1
    monkeypatch.chdir(finished.folder)  # the study knows where it logs
    for option in (words[-2:], []):
        assert run([*WORDS, "--config", str(tiny), *option]) == 0, "with the option and without it"
    done = [trial for trial in trials(data_home, STUDY) if not trial.user_attrs.get("duplicate")]
    assert [find_study(STUDY).finished[index].label for index in range(3)] == order
    assert len(done) == 3
    (parent,), children = runs_of(tmp_path, STUDY)
    assert len(children) == 3
    assert f"{line}." in parent.data.tags["mlflow.note.content"]
    capsys.readouterr()
    assert run([*words[:-1], "both@helium"]) == 2
    refused = capsys.readouterr().err
    assert f"study {STUDY} has begun with --start-from both@cxidb" in refused
    assert len(refused.splitlines()) == 1


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--fresh"]], ids=["run", "dry run", "fresh"])
def test_an_unknown_study_is_refused_before_anything_is_made(
    more: list[str], finished: Benchmark, tiny: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "--dataset", "helium", "--study", "never", "--config", str(tiny), *more]
    assert run([*words, "--start-from", "both,booth@cxidb"]) == 2
    message = capsys.readouterr().err
    assert "unknown study 'booth@cxidb'; valid: " in message
    assert "Did you mean 'both@cxidb'?" in message
    assert len(message.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_word_of_mlflow_projects_stands_for_no_study(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "--dataset", "helium", "--study", "never", "--config", str(tiny), "--dry-run", "--json"]
    assert run([*words, "--start-from", "config"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["start_from"] is None


def test_a_notebook_hands_over_studies_and_names(
    finished: Benchmark, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def keep(*_: object, options: RunOptions, **more: object) -> None:
        asked.append(options.start_from)
        raise NothingFinishedError("enough")

    monkeypatch.setattr("airybench.jobs.sweep.run_sweep", keep)
    source = ab.open_study("both@cxidb")
    for given in ([source, "both"], source, "both"):
        with pytest.raises(NothingFinishedError):
            ab.run_sweep(str(tiny), "helium", study="s", start_from=given)
    assert asked == [("both@cxidb", "both"), ("both@cxidb",), ("both",)]
