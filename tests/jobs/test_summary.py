"""The end of a study: what is logged once, and what is refused."""

import contextlib
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.config.baseline import LIT_PIXELS, NAMES, TITLES
from airybench.data.datasets.catalog import open_dataset
from airybench.data.split.split import make_split
from airybench.errors import NothingFinishedError
from airybench.inference.evaluate import scores_on_test
from airybench.inference.hits import HIT_METRICS
from airybench.jobs.summary import summarise_study
from airybench.parsing import read_yaml
from airybench.paths import data_folder
from airybench.report.answers import answer_study
from airybench.sweep.records import FailedTrial
from airybench.sweep.saved_studies import read
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import reopen


@pytest.fixture
def parent(finished) -> Run:
    attributes = read(data_folder() / "studies", "both@helium").attributes
    return Run(reopen(finished.uri, attributes["experiment_id"]), attributes["parent_run_id"])


def test_a_study_without_a_finished_trial_says_why() -> None:
    study = SimpleNamespace(name="both@helium")
    failed = [FailedTrial(0, "resnet18", "out of memory")]
    with pytest.raises(NothingFinishedError, match=r"both@helium finished, .*; first reason: out of memory"):
        summarise_study(SimpleNamespace(trials=[], failures=failed, study=study))
    with pytest.raises(NothingFinishedError, match="first reason: no trial was asked for"):
        summarise_study(SimpleNamespace(trials=[], failures=[], study=study))


def test_the_winner_alone_is_scored_on_test(parent: Run, finished) -> None:
    client = MlflowClient(finished.uri)
    tags = client.get_run(parent.run_id).data.tags
    trials = client.search_runs([parent.tracking.experiment_id], "tags.`airybench.study` = 'both@helium'")
    scored = {one.info.run_id for one in trials if any(key.startswith("test/") for key in one.data.metrics)}
    networks = {one.info.run_id for one in trials if one.data.tags.get("airybench.kind") == "trial"}
    assert scored & networks == {tags["airybench.winner"]}
    assert parent.run_id in scored
    kept = predictions(Run(parent.tracking, tags["airybench.winner"]), "test")
    logged = {
        key: value for key, value in client.get_run(parent.run_id).data.metrics.items() if key.startswith("test/")
    }
    assert logged == scores_on_test(kept)
    assert logged["test/macro_ap/low"] <= logged["test/macro_ap"] <= logged["test/macro_ap/high"]


def test_baselines_stand_beside_the_cells_without_a_rank(parent: Run, finished) -> None:
    logged = MlflowClient(finished.uri).get_run(parent.run_id).data.metrics
    store = open_dataset("helium", count=64, seed=1612)
    split = make_split(store.ids(), store.labels(), store.content_sha256, 1612)
    labels = store.labels()[split.val]
    scored = [column for column in range(labels.shape[1]) if 0 < labels[:, column].sum() < len(labels)]
    # A constant answer ranks nothing: its average precision is the prevalence.
    assert logged["majority/val/macro_ap"] == pytest.approx(labels[:, scored].mean())
    for name in TITLES:
        value, low, high = (logged[f"{name}/val/macro_ap{end}"] for end in ("", "/low", "/high"))
        assert low - 1e-6 <= value <= high + 1e-6
        assert f"{name}/test/macro_ap" in logged
    table = finished.printed[finished.printed.index("both@helium") :]
    for name, title in TITLES.items():
        (line,) = [line for line in table.splitlines() if title in line][:1]
        assert f"{logged[f'{name}/val/macro_ap']:.3f}" in line
        assert line.startswith("   "), "it has no rank"
    assert not [key for key in logged if key.startswith("lit-pixels/") and "/hit_" not in key]


def test_hit_finding_is_a_table_of_its_own(parent: Run, finished) -> None:
    attributes = read(data_folder() / "studies", "both@cxidb").attributes
    logged = MlflowClient(finished.uri).get_run(attributes["parent_run_id"]).data.metrics
    _, _, table = finished.printed.rpartition("hit or miss on test")
    for title, prefix in (
        (NAMES[LIT_PIXELS], f"{LIT_PIXELS}/test/"),
        (TITLES["svm"], "svm/test/"),
        ("resnet", "test/"),
    ):
        lines = [line for line in table.splitlines() if line.startswith(title) and "0." in line]
        for metric in HIT_METRICS:
            assert f"{logged[prefix + metric]:.3f}" in " ".join(lines)


def test_a_resume_without_new_trials_draws_nothing_again(parent: Run, finished, tiny, monkeypatch) -> None:
    from airybench.jobs import summary

    drawn, draw = [], summary.study_figures
    monkeypatch.setattr(summary, "study_figures", lambda *given: drawn.append(given) or draw(*given))
    arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "both", "--json"]
    with contextlib.chdir(finished.folder):
        assert run(arguments) == 0
        assert drawn == []
        published = parent.client.get_run(parent.run_id).data.tags["airybench.published"]
        parent.tag({"airybench.published": "other trials"})
        assert run(arguments) == 0
    assert len(drawn) == 1
    assert parent.client.get_run(parent.run_id).data.tags["airybench.published"] == published


def test_axes_given_by_hand_are_the_question_in_description_configuration_and_report(finished, tmp_path) -> None:
    """A study that is called like the shipped experiment it was changed from once took that experiment's question."""
    words = ["--config", "quick", "--depth", "18", "--no-log-activation", "--count", "64", "--image-size", "32"]
    with contextlib.chdir(finished.folder):
        assert run(["sweep", *words, "--epochs", "1", "--leakiness", "0,0.1"]) == 0
    saved = read(data_folder() / "studies", "quick@helium")
    own = Run(reopen(finished.uri, saved.attributes["experiment_id"]), saved.attributes["parent_run_id"])
    asked = "Which leakiness (0, 0.1) lets a ResNet-18 without the logarithmic activation sort these patterns best?"
    assert own.client.get_run(own.run_id).data.tags["mlflow.note.content"].partition("\n\n")[2].startswith(asked)
    assert read_yaml(own.fetch("config.yaml", tmp_path))["question"] == asked
    assert answer_study(saved).question == asked
