"""A question to a sampler: its searches stand against random ones, repeat by repeat, and are compared again."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from asked_questions import answered as question
from kept import trials
from sklearn.metrics import average_precision_score

from airybench.cli.main import run
from airybench.config.experiments import load_experiment
from airybench.jobs.reproduce import SEARCHES, searches
from airybench.report.results import Results, read_results
from airybench.sweep.saved_studies import read
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import reopen

QUESTION = """
question: Does it search well?
base:
  network: {arch: resnet, depth: 18, bn_momentum: 0.1}
  data: {dataset: cxidb, count: 64, image_size: 32, antialias: true}
  training: {epochs: 1, batch_size: 16, schedule: cosine}
space:
  log_activation: [true, false]
  base_lr: {low: 0.0003, high: 0.01, log: true}
study: {sampler: tpe, trials: 2, seeds: 3, confirm: 2}
"""
EXPERIMENTS = Path(__file__).parents[2] / "experiments"
NAMES = [f"finds-quick-{sampler}-{repeat}@cxidb" for sampler in ("tpe", "random") for repeat in (1, 2, 3)]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a question to a sampler that was answered once and written."""
    with question(tmp_path_factory.mktemp("searches"), "finds", QUESTION) as folder:
        yield folder


def published(answered: Path) -> Results:
    return read_results(answered / "finds.json")


@pytest.mark.slow
def test_every_search_is_a_study_with_its_own_seed(answered: Path, data_home: Path) -> None:
    drawn = {}
    for name in NAMES:
        study = read(data_home / "studies", name)
        assert (study.sweep.study.sampler in name, study.sweep.study.seeds, study.sweep.study.confirm) == (True, 1, 0)
        drawn[name] = [round(trial.params["base_lr"], 9) for trial in trials(data_home, name)]
    assert len({rate for rates in drawn.values() for rate in rates}) == 2 * len(NAMES), "no search repeats another"
    (one,) = published(answered).datasets
    assert [(found.sampler, found.seed) for found in one.searches] == [
        *(("TPE", 1612 + repeat) for repeat in range(3)),
        *(("random search", 1615 + repeat) for repeat in range(3)),
    ]
    assert one.trainings == 2 * len(NAMES)


@pytest.mark.slow
def test_curves_and_scores_are_those_of_the_winners(answered: Path, data_home: Path) -> None:
    (one,) = published(answered).datasets
    on_test: dict[str, list[float]] = {}
    for name, found in zip(NAMES, one.searches, strict=True):
        study = read(data_home / "studies", name)
        values = [trial.value for trial in sorted(study.finished, key=lambda trial: trial.number)]
        assert found.best == pytest.approx(np.maximum.accumulate(values), abs=1e-6)
        winner = max(study.finished, key=lambda trial: trial.value)
        assert found.winner["base_lr"] == pytest.approx(winner.config.training.base_lr)
        facts = study.attributes
        kept = predictions(Run(reopen(facts["tracking_uri"], facts["experiment_id"]), winner.run_id), "test")
        scores = [
            average_precision_score(truth, logits)
            for truth, logits in zip(np.asarray(kept.labels).T, np.asarray(kept.logits).T, strict=True)
            if truth.any()
        ]
        on_test.setdefault(found.sampler, []).append(float(np.mean(scores)))
    cells = {cell.name: cell for cell in one.cells}
    assert {name: cell.test.value for name, cell in cells.items()} == pytest.approx(
        {name: np.mean(scores) for name, scores in on_test.items()}, abs=1e-5
    )
    (claim,) = one.claims
    assert claim.statement == "TPE against random search with as many trials"
    assert claim.difference.value == pytest.approx(
        np.mean(on_test["TPE"]) - np.mean(on_test["random search"]), abs=1e-5
    )
    assert claim.seeds == (SEARCHES, SEARCHES)


@pytest.mark.slow
def test_the_same_again_runs_nothing_and_agrees(answered: Path, data_home: Path, capsys) -> None:
    assert run(["reproduce", "finds", "--against", "finds.json", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in shown["rows"]} == {
        "TPE", "random search", "TPE against random search with as many trials"
    }  # fmt: skip
    assert shown["agrees"] is True
    assert all(len(trials(data_home, name)) == 2 for name in NAMES)


@pytest.mark.slow
def test_a_shorter_search_is_compared_by_its_claim_alone(answered: Path, capsys) -> None:
    command = ["reproduce", "finds", "--against", "finds.json", "--set", "trials=1", "--study", "short", "--json"]
    assert run(command) in (0, 1)
    shown = json.loads(capsys.readouterr().out)
    assert "cxidb: cells are not judged, the searches are not as long as the published ones." in shown["notes"]
    assert {row["agrees"] for row in shown["rows"] if row["kind"] == "cell"} == {None}


def test_searches_of_the_shipped_experiment() -> None:
    sweep = load_experiment(str(EXPERIMENTS / "optuna-small.yaml"))
    found = searches("optuna-small", sweep)
    assert len({one.base.training.seed for one in found.values()}) == 2 * SEARCHES
    assert [one.study.sampler for one in found.values()] == ["tpe"] * SEARCHES + ["random"] * SEARCHES
    assert {one.study.trials for one in found.values()} == {24}
    assert {one.base.data for one in found.values()} == {sweep.base.data}, "the same shots and the same split"
