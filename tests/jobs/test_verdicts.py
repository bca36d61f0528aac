"""The verdicts of a study in MLflow: the words of the report, logged once, and none that is no longer claimed."""

import math
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow import MlflowClient
from reporters import CollectingReporter

from airybench.analysis.estimate import Estimate
from airybench.analysis.leaderboard import Leaderboard, RankedCell
from airybench.analysis.verdicts import Judgement
from airybench.config import Objective, TrialConfig
from airybench.errors import StudyError
from airybench.jobs import verdicts as module
from airybench.jobs.verdicts import claim_metrics, claim_tags, log_verdicts, standings
from airybench.paths import data_folder
from airybench.report.answers import Answer, StudyAnswers, answer_study, together
from airybench.report.page import markdown
from airybench.sweep.saved_studies import SavedStudy, read
from airybench.sweep.storage import open_storage
from airybench.tracking.run import Run
from airybench.tracking.store import reopen
from airybench.tracking.tags import Tag


@pytest.fixture(scope="module")
def saved(finished) -> SavedStudy:
    return read(open_storage(None, data_folder() / "studies"), "both@helium")


@pytest.fixture(scope="module")
def answered(saved: SavedStudy) -> StudyAnswers:
    return together([answer_study(saved)])[0]


@pytest.fixture
def ended(saved: SavedStudy, finished, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The study as it is at the end of its sweep; other tests share it and find it as it was."""
    tracking = reopen(finished.uri, saved.attributes["experiment_id"])
    study = SimpleNamespace(
        parent=Run(tracking, saved.attributes["parent_run_id"]),
        trials=list(saved.finished),
        confirmations=[],
        study=SimpleNamespace(name=saved.name),
        dataset=SimpleNamespace(provenance=lambda: saved.provenance),
    )
    runs = [study.parent, *(Run(tracking, trial.run_id) for trial in saved.finished)]
    before = [run.tags() for run in runs]
    yield study
    monkeypatch.undo()
    log_verdicts(study, board(study.trials, ()), open_storage(None, data_folder() / "studies"), 0.14)
    for run, tags in zip(runs, before, strict=True):
        run.untag([key for key in run.tags() if key not in tags])
        run.tag(tags)


def board(trials: list[Any], apart: tuple[bool | None, ...]) -> Leaderboard:
    rows = tuple(RankedCell(TrialConfig(), 0.5, 0.4, 0.6, (trial,), {}) for trial in trials)
    return Leaderboard(Objective("macro_ap", "max"), rows, "", apart, 10)


def history(run: Run, key: str) -> list[float]:
    return [point.value for point in run.client.get_metric_history(run.run_id, key)]


def test_a_sweep_logs_what_the_report_says(ended: Any, answered: StudyAnswers) -> None:
    tags, metrics = ended.parent.tags(), ended.parent.last_metrics()
    claimed = {key: value for key, value in tags.items() if key.startswith(Tag.CLAIM)}
    assert claimed == claim_tags(answered)
    assert len(claimed) == len(answered.answers) > 0
    page = markdown([answered])
    for value in claimed.values():
        verdict, _, rest = value.partition(": ")
        assert f"- **{verdict}**: {rest}" in page
    logged = {key: value for key, value in metrics.items() if key.startswith("claim/")}
    assert logged == pytest.approx(claim_metrics(answered))
    name = "claim/the-logarithmic-activation-against-none"
    one = next(one for one in answered.answers if one.statement == "the logarithmic activation against none")
    assert [logged[f"{name}/{key}"] for key in ("difference", "low", "high")] == pytest.approx(
        [one.difference.value, one.difference.low, one.difference.high]
    )
    assert f"{name}/p_holm" not in logged  # a first look has none
    found = MlflowClient(ended.parent.tracking.uri)
    standing = [found.get_run(trial.run_id).data.tags[Tag.AGAINST_WINNER] for trial in ended.trials]
    assert sorted(standing) == ["first look", "first look", "winner"]


def test_typed_again_it_logs_nothing_and_another_delta_judges_again(
    ended: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noting(study: SavedStudy) -> StudyAnswers:
        asked.append(study.name)
        return answer_study(study)

    monkeypatch.setattr(module, "answer_study", noting)
    storage, key = open_storage(None, data_folder() / "studies"), "claim/the-logarithmic-activation-against-none/low"
    tags, before = ended.parent.tags(), history(ended.parent, key)
    ranked = board(ended.trials, (None,) * (len(ended.trials) - 1))
    log_verdicts(ended, ranked, storage)
    assert (asked, ended.parent.tags(), history(ended.parent, key)) == ([], tags, before)
    log_verdicts(ended, ranked, storage, 0.05)
    assert asked == ["both@helium"]
    ended.confirmations = [SimpleNamespace(run_id="fresh")]
    log_verdicts(ended, ranked, storage, 0.05)
    assert asked == ["both@helium"] * 2
    assert history(ended.parent, key) == before


def test_what_is_no_longer_claimed_is_gone(ended: Any, answered: StudyAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, ranked = open_storage(None, data_folder() / "studies"), board(ended.trials, (None,) * 2)
    clear = Estimate(0.05, 0.03, 0.07, p=0.001, df=20, error=0.01, seeds=(5, 5), shots=90)
    other = replace(answered, answers=(Answer("deep against shallow, on images", (("a", "b"),), clear),) * 2)
    monkeypatch.setattr(module, "answer_study", lambda _: other)
    log_verdicts(ended, ranked, storage, 0.11)
    tags = ended.parent.tags()
    names = ["deep-against-shallow-on-images", "deep-against-shallow-on-images-2"]
    assert [key for key in sorted(tags) if key.startswith(Tag.CLAIM)] == [Tag.CLAIM + name for name in names]
    assert tags[Tag.CLAIM + names[0]].startswith("better: deep against shallow, on images (a against b): test macro_ap")
    assert "[+0.030 .. +0.070], p 0.002 after Holm" in tags[Tag.CLAIM + names[0]]
    assert ended.parent.last_metrics()[f"claim/{names[0]}/p_holm"] == pytest.approx(0.002)
    assert math.isnan(history(ended.parent, "claim/the-logarithmic-activation-against-none/low")[-1])
    monkeypatch.undo()
    log_verdicts(ended, ranked, storage)
    assert {key for key in ended.parent.tags() if key.startswith(Tag.CLAIM)} == claim_tags(answered).keys()


def test_a_claim_between_cells_that_differ_in_several_things_has_no_numbers(answered: StudyAnswers) -> None:
    claim = Answer("x (several things differ)", (("a", "b"),), Estimate(0.1, 0, 0.2), alike=False)
    one = replace(answered, answers=(claim, replace(claim, alike=True, judgement=Judgement("undecided", 0.4, 0.4))))
    assert [value.partition(":")[0] for value in claim_tags(one).values()] == ["several things differ", "undecided"]
    assert {key.split("/")[1] for key in claim_metrics(one)} == {"x-several-things-differ-2"}


def test_how_each_cell_stands() -> None:
    trials = [SimpleNamespace(run_id=str(number)) for number in range(5)]
    words = ["winner", "told apart", "not told apart", "first look", "not compared"]
    assert list(standings(board(trials, (True, False, None))).values()) == words
    assert list(standings(board(trials[:2], ())).values()) == ["winner", "not compared"]


def test_many_trials_and_what_cannot_be_judged_are_said_and_leave_the_sweep_alone(
    ended: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, ranked, notices = open_storage(None, data_folder() / "studies"), board(ended.trials, (None,) * 2), []
    reporter = CollectingReporter(notices)
    monkeypatch.setattr(module, "MOST_TRIALS", 2)
    log_verdicts(ended, ranked, storage, 0.12, reporter)
    assert notices == ["the claims of 3 trials are not judged here; airybench report --study both@helium judges them"]
    assert not [key for key in ended.parent.tags() if key.startswith(Tag.CLAIM)]
    monkeypatch.undo()

    def gone(_: SavedStudy) -> StudyAnswers:
        raise StudyError("its runs are gone")

    monkeypatch.setattr(module, "answer_study", gone)
    log_verdicts(ended, ranked, storage, 0.13, reporter)
    assert notices[1:] == ["the claims are not judged: its runs are gone"]
