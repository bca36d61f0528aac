"""The answers of a real study: what they are made of, and that no text of a run steers them."""

import re
from dataclasses import replace

import pytest
from mlflow import MlflowClient

from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import difference
from airybench.cli.main import run
from airybench.config.baseline import TITLES
from airybench.errors import StudyError
from airybench.paths import data_folder
from airybench.report import answers as module
from airybench.report.answers import Answer, StudyAnswers, answer_study, together
from airybench.report.page import sentence
from airybench.sweep.saved_studies import SavedStudy, read


@pytest.fixture(scope="module")
def saved(finished) -> SavedStudy:
    return read(data_folder() / "studies", "both@helium")


@pytest.fixture(scope="module")
def answered(saved: SavedStudy) -> StudyAnswers:
    return answer_study(saved)


def test_a_difference_is_between_cells_that_are_equal_in_all_else(answered: StudyAnswers) -> None:
    claim = next(one for one in answered.answers if one.statement == "the logarithmic activation against none")
    by_name = {cell.config.label: cell for cell in answered.cells}
    pool = [cell.predictions for cell in answered.cells]
    ((one, other),) = claim.pairs
    first, second = by_name[one].config, by_name[other].config
    assert first.replace({"log_activation": False}).cell() == second.cell()
    expected = difference(by_name[one].predictions, by_name[other].predictions, "macro_ap", pool=pool)
    assert claim.difference == expected
    assert claim.verdict == "not judged"


def test_claims_are_judged_together(answered: StudyAnswers) -> None:
    (judged,) = together([answered])
    assert {answer.verdict for answer in judged.answers if answer.alike} == {"first look"}
    clear = Estimate(0.05, 0.03, 0.07, p=0.02, df=20, error=0.01, seeds=(5, 5), shots=90)
    claims = (Answer("one", (("a", "b"),), clear), Answer("two", (("a", "c"),), clear),
              Answer("three (several things differ)", (("a", "d"),), clear, alike=False))  # fmt: skip
    alone, both = (together([replace(answered, answers=claims[:n])])[0].answers for n in (1, 3))
    assert alone[0].verdict == "better"
    assert [one.verdict for one in both] == ["better", "better", "several things differ"]
    four = together([replace(answered, answers=claims), replace(answered, answers=claims[:2])])
    assert [one.verdict for study in four for one in study.answers if one.alike] == ["undecided"] * 4
    chosen = together([replace(answered, answers=(replace(claims[0], chosen_among=3),))])[0].answers[0]
    assert (chosen.verdict, round(chosen.judgement.p, 6)) == ("undecided", 0.06)
    assert "the first chosen among 3 on val" in sentence(chosen, "macro_ap")


def test_cells_stand_in_the_order_of_the_validation_split(answered: StudyAnswers) -> None:
    vals = [cell.val for cell in answered.cells]
    assert vals == sorted(vals, reverse=True)
    assert len(vals) == 3
    assert answered.winner is answered.cells[0]


def test_the_question_is_the_studys_own_whatever_its_note_says(saved: SavedStudy, finished) -> None:
    """The report once read the question out of the run's note, which everybody edits in the MLflow UI."""
    client, parent = MlflowClient(finished.uri), saved.attributes["parent_run_id"]
    note = client.get_run(parent).data.tags["mlflow.note.content"]
    client.set_tag(parent, "mlflow.note.content", "Talked about at the meeting; ask Ada.")
    try:
        assert answer_study(saved).question == "Does it run?"
    finally:
        client.set_tag(parent, "mlflow.note.content", note)


def test_the_note_on_a_missing_baseline_is_about_baselines_not_names(
    answered: StudyAnswers, saved: SavedStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network whose name began with `features` once passed for the baseline."""
    assert any("No claim against support vectors" in note for note in answered.notes)
    renamed = replace(answered.answers[0], pairs=(("a", "features_net-log0.2"),))
    monkeypatch.setattr(module, "_answers", lambda *_: [renamed])
    assert any("No claim against support vectors" in note for note in answer_study(saved).notes)


def test_the_best_network_is_set_against_support_vectors_on_its_shots(finished) -> None:
    arguments = ["--dataset", "cxidb", "--count", "64", "--image-size", "32", "--quick", "--tracking-uri", finished.uri]
    assert run(["baseline", *arguments]) == 0
    found = answer_study(read(data_folder() / "studies", "both@cxidb"))
    last = found.answers[-1]
    assert last.statement == "the best network against support vectors on physics features"
    assert last.pairs == ((found.winner.config.label, TITLES["svm"]),)
    assert last.difference.seeds == (1, 0)
    assert last.chosen_among == len(found.cells)
    assert not any("No baseline" in note for note in found.notes)


def test_facts_name_data_seeds_and_software(answered: StudyAnswers, saved: SavedStudy) -> None:
    assert answered.facts["data sha256"] == saved.provenance.data_sha256
    assert answered.facts["split digest"] == saved.provenance.split_digest
    assert (answered.facts["seeds"], answered.facts["shots"]) == ("1612", "64")
    assert re.fullmatch(r"\d+\.\d+.*", answered.facts["airybench"])
    assert answered.provenance.simulated


def test_a_study_that_never_began_or_finished_says_so(saved: SavedStudy) -> None:
    with pytest.raises(StudyError, match="never began"):
        answer_study(replace(saved, attributes={}))
    with pytest.raises(StudyError, match="has no finished trial"):
        answer_study(replace(saved, problem="no trial can be read"))
