"""The page of a study answers at first sight: who won and by how much, what is claimed, on which data, how to go on."""

import contextlib
import re
import shlex

import pytest
from mlflow import MlflowClient

from airybench.analysis.number_text import with_interval
from airybench.cli.main import run
from airybench.paths import data_folder
from airybench.sweep.saved_studies import read

WORKSPACE = "?workflowType=machine_learning"
"""Else a link opens MLflow's workspace of chat models."""


@pytest.fixture
def parent(finished):
    facts = read(data_folder() / "studies", "both@helium").attributes
    return MlflowClient(finished.uri).get_run(facts["parent_run_id"])


def test_it_has_question_winner_and_second_with_links_verdicts_and_data(finished, parent) -> None:
    client, tags = MlflowClient(finished.uri), parent.data.tags
    text, experiment = tags["mlflow.note.content"], parent.info.experiment_id
    wanted = "tags.`airybench.kind` = 'cell' and tags.`airybench.study` = 'both@helium'"
    cells = client.search_runs([experiment], wanted, order_by=["metrics.`score/rank`"])
    assert text.startswith("**Winner: [")
    assert "\n\nDoes it run?\n\nHow certain" in text
    link = rf"\[([^\]]+)\]\(#/experiments/\d+/runs/(\w+){re.escape(WORKSPACE)}\), val macro_ap (\S+ \[.+?\])"
    first, second = re.findall(link, text)
    for (name, run_id, score), cell in zip((first, second), cells, strict=False):
        found = cell.data.metrics
        assert (name, run_id) == (cell.data.tags["airybench.cell"], cell.info.run_id)
        assert score == with_interval(found["score/val"], found["score/val_low"], found["score/val_high"])
    assert first[0] == tags["airybench.winner_name"]
    test = (parent.data.metrics[f"score/test{end}"] for end in ("", "_low", "_high"))
    assert f", test {with_interval(*test)}**" in text
    model = tags["airybench.model_uri"].removeprefix("models:/")
    assert f"[its model](#/experiments/{experiment}/models/{model}{WORKSPACE}) is `winner:both@helium`" in text
    assert "Second of 3: [" in text
    assert "How certain: a first look. With 1 seed" in text
    claims = [value for key, value in tags.items() if key.startswith("airybench.claim.")]
    assert claims
    for said in claims:
        verdict, _, sentence = said.partition(": ")
        assert f"- **{verdict}**: {sentence}" in text
    assert "Data: helium (64 simulated shots, version 2); train 45, val 10, test 9." in text
    assert f"majority {parent.data.metrics['majority/val/macro_ap']:.3f}" in text
    assert len(text) < 5000


def test_its_command_goes_on_with_the_study(finished, parent, tmp_path, capsys) -> None:
    show, sweep = re.search(r"again, or `(.+?)`, then `(.+?)`$", parent.data.tags["mlflow.note.content"]).groups()
    command, _, file = show.partition(" > ")
    assert run(shlex.split(command)[1:]) == 0
    (tmp_path / file).write_text(capsys.readouterr().out, encoding="utf-8")
    with contextlib.chdir(tmp_path):
        assert run([*shlex.split(sweep)[1:], "--dry-run"]) == 0
    assert "helium: 3 cells x 1 seeds" in capsys.readouterr().out


def test_a_cell_links_to_its_trials(finished, parent) -> None:
    client = MlflowClient(finished.uri)
    trials = client.search_runs([parent.info.experiment_id], "tags.`airybench.kind` = 'trial'")
    for trial in trials:
        cell = client.get_run(trial.data.tags["mlflow.parentRunId"])
        link = f"[seed 1612](#/experiments/{parent.info.experiment_id}/runs/{trial.info.run_id}{WORKSPACE})"
        assert f"{link} {trial.data.metrics['best/macro_ap']:.3f}" in cell.data.tags["mlflow.note.content"]
