"""Scores under changes of the detector, from a network whose answers are known."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from airybench.analysis.evaluation_files import write_robustness
from airybench.analysis.robustness import OTHER_RUNS, Robustness, robustness, runs_not_trained_on
from airybench.inference.predictions import Predictions
from airybench.training.metrics import Scores

RNG = np.random.default_rng(5)
LABELS = (RNG.random((60, 2)) < 0.4).astype(np.uint8)
GOOD = (4.0 * LABELS - 2 + RNG.normal(size=(60, 2))).astype(np.float32)
BAD = RNG.normal(size=(60, 2)).astype(np.float32)


def predictions(logits: np.ndarray) -> Predictions:
    return Predictions(np.arange(60), logits, LABELS, ("Round", "Streak"), "multilabel")


@pytest.fixture
def clean() -> Predictions:
    return predictions(GOOD)


@pytest.fixture
def found(clean: Predictions) -> Robustness:
    return robustness(
        {"offset": {0.0: clean, 100.0: predictions(BAD)}, "hot-pixels": {0.0: clean, 10.0: predictions(GOOD * 2)}},
        clean,
        other_runs="no runs",
    )


def test_scores_are_those_of_scikit_learn_and_losses_are_paired(found: Robustness) -> None:
    plain, changed, _, doubled = found.rows
    expected = [average_precision_score(LABELS, logits, average="macro") for logits in (GOOD, BAD)]
    assert plain.score.value == pytest.approx(expected[0], abs=1e-6)
    assert changed.score.value == pytest.approx(expected[1], abs=1e-6)
    assert changed.loss.value == pytest.approx(expected[0] - expected[1], abs=1e-6)
    assert 0 < changed.loss.low < changed.loss.value < changed.loss.high
    for same in (plain, doubled):  # the same order of all shots in every resample: no loss and no spread
        assert (same.loss.value, same.loss.low, same.loss.high) == (0, 0, 0)
    assert plain.metrics["accuracy"] == ((GOOD > 0) == LABELS).mean()


def test_the_worst_is_named_with_its_remedy(found: Robustness, clean: Predictions) -> None:
    assert found.worst is found.rows[1]
    assert found.advice.startswith("Worst: offset 100 counts costs 0.")
    assert "subtract the background" in found.advice
    harmless = robustness({"offset": {0.0: clean, 1.0: clean}}, clean)
    assert harmless.worst is None
    assert harmless.advice == "No change of the detector costs more than chance would."


def test_tuned_thresholds_decide_here_as_well(clean: Predictions) -> None:
    thresholds = torch.tensor([1.0, -0.5], dtype=torch.float64)
    (row,) = robustness({"offset": {0.0: clean}}, clean, thresholds).rows
    assert row.metrics["accuracy"] == pytest.approx(((thresholds.numpy() < GOOD) == LABELS).mean())


def test_which_shots_are_of_other_runs() -> None:
    groups = np.array([0, 0, 1, 1, 2, 2])
    rows = np.array([1, 3, 5])
    assert runs_not_trained_on(groups, rows, np.array([0, 2])).tolist() == [False, False, True]
    assert "train with --split-by group" in runs_not_trained_on(groups, rows, np.array([0, 2, 4]))
    assert "those of other runs" in runs_not_trained_on(groups, np.array([4, 5]), np.array([0, 2]))
    assert "do not say" in runs_not_trained_on(np.zeros(6), rows, np.array([0]))


def test_another_run_is_scored_on_its_own_shots() -> None:
    other = np.arange(60) >= 30
    mixed = predictions(np.where(other[:, None], BAD, GOOD))
    found = robustness({"offset": {0.0: mixed}}, mixed, other_runs=other)
    row = found.other_runs
    assert row.change == OTHER_RUNS
    theirs, ours = (
        average_precision_score(LABELS[kept], mixed.logits[kept], average="macro") for kept in (other, ~other)
    )
    assert row.score.value == pytest.approx(theirs, abs=1e-6)
    assert row.loss.value == pytest.approx(ours - theirs, abs=1e-6)
    assert row.loss.low < row.loss.value < row.loss.high
    assert found.flat()["stress/other-runs/1/macro_ap"] == pytest.approx(row.score.value, abs=1e-6)
    assert "other-runs,1,(30 shots)," in found.to_csv()


def test_files_hold_every_number(found: Robustness, tmp_path) -> None:
    write_robustness(tmp_path, found, Scores({"macro_ap": 0.4}, {}, {}), "a network on test")
    content = json.loads((tmp_path / "stress.json").read_text())
    assert [row["change"] for row in content["changes"]] == ["offset", "offset", "hot-pixels", "hot-pixels"]
    assert content["changes"][1]["loss"]["low"] == found.rows[1].loss.low
    assert content["other_runs"] == "no runs"
    lines = (tmp_path / "stress.csv").read_text().splitlines()
    assert len(lines) == 5
    assert lines[2].startswith(f"offset,100,counts,{found.rows[1].score.value:.6f},")
    assert (tmp_path / "plots" / "stress.png").stat().st_size > 5000
    table = found.to_pandas().set_index(["change", "strength"])
    assert table.loc[("offset", 100), "loss"] == pytest.approx(found.rows[1].loss.value, abs=1e-6)
    flat = found.flat()
    assert flat["stress/offset/100/loss/low"] == found.rows[1].loss.low
    assert flat["stress/offset/0/macro_ap"] == pytest.approx(found.rows[0].score.value, abs=1e-6)
