"""Evaluating a model from Python: the values, the run, and what is refused before there is one."""

import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from reporters import CollectingReporter
from sklearn.metrics import average_precision_score, roc_auc_score

from airybench.cli.show.evaluation import print_evaluation
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError, TrackingError
from airybench.inference.predictor import Predictor
from airybench.jobs.evaluate import EvaluatedModel, EvaluationOptions, evaluate_model, require_same, trained_on
from airybench.jobs.models import open_model
from airybench.physics.label_bits import TRUE_LABELS, pack
from airybench.provenance import SIMULATOR_VERSION
from airybench.trial.prepare import prepare

CPU = torch.device("cpu")
TUNE = EvaluationOptions(tune=True)


@pytest.fixture(scope="module")
def model(finished) -> Predictor:
    return open_model("winner:both@helium", finished.uri)


def test_a_model_trained_on_a_file_asks_where_it_is(model: Predictor) -> None:
    assert trained_on(model) == "helium"
    of_a_file = Predictor(model.config.replace({"dataset": "mine"}), model.class_names, model.label_kind)
    with pytest.raises(ConfigError, match=r"trained on mine, a file or folder; say where it is with --dataset PATH"):
        trained_on(of_a_file)


def test_values_predictions_and_run_agree(model: Predictor, finished) -> None:
    reporter = CollectingReporter()
    found = evaluate_model(
        "mine", model, "helium", tracking_uri=finished.uri, reporter=reporter, split="train", device=CPU
    )
    kept = found.predictions
    scored = (kept.labels.sum(0) > 0) & (kept.labels.sum(0) < len(kept))
    expected = average_precision_score(kept.labels[:, scored], kept.logits[:, scored], average="macro")
    assert found.result.scores.values["macro_ap"] == pytest.approx(expected, abs=1e-6)
    assert set(found.result.unscored) == {name for name, one in zip(kept.class_names, scored, strict=True) if not one}
    run = MlflowClient(finished.uri).get_run(found.run_id)
    assert run.data.metrics["train/macro_ap"] == found.result.scores.values["macro_ap"]
    assert run.data.metrics["train/macro_ap/low"] == found.result.intervals["macro_ap"][0]
    assert (run.data.params["model"], run.data.params["split"]) == ("mine", "train")
    assert found.heading == f"{model.config.label} on simulated helium train"
    assert reporter.titles[-1] == "evaluating on helium train"
    assert reporter.steps[-1] == (len(kept), len(kept))


@pytest.fixture(scope="module")
def parts(model: Predictor, finished) -> dict[str, EvaluatedModel]:
    return {
        split: evaluate_model("m", model, "helium", tracking_uri=finished.uri, split=split, device=CPU)
        for split in ("train", "val", "test", "all")
    }


def test_all_shots_are_those_of_the_three_parts(parts: dict[str, EvaluatedModel]) -> None:
    ids = np.concatenate([parts[split].predictions.ids for split in ("train", "val", "test")])
    np.testing.assert_array_equal(np.sort(ids), np.sort(parts["all"].predictions.ids))


def test_a_network_is_scored_as_a_hit_finder_beside_the_lit_pixel_rule(
    model: Predictor, parts: dict[str, EvaluatedModel], finished
) -> None:
    column, scored = model.class_names.index("Empty"), []
    for split, found in parts.items():
        hits = found.predictions.labels[:, column] == 0
        if hits.all() or not hits.any():
            assert found.hits == {}
            continue
        scored.append(split)
        scores = found.hits[model.config.label]
        assert scores["hit_roc_auc"] == pytest.approx(roc_auc_score(hits, -found.predictions.logits[:, column]))
        assert scores["hit_ap/low"] <= scores["hit_ap"] <= scores["hit_ap/high"]
        assert ("lit pixels" in found.hits) is (split in ("val", "test"))
        logged = MlflowClient(finished.uri).get_run(found.run_id).data.metrics
        assert logged[f"{split}/hit_roc_auc"] == scores["hit_roc_auc"]
    assert "all" in scored


def test_tuned_thresholds_are_those_of_val(model: Predictor, finished) -> None:
    reporter = CollectingReporter()
    found = evaluate_model(
        "m", model, "helium", tracking_uri=finished.uri, reporter=reporter, split="val", options=TUNE, device=CPU
    )
    assert found.tuned
    plain = evaluate_model("m", model, "helium", tracking_uri=finished.uri, reporter=reporter, split="val", device=CPU)
    assert plain.thresholds is None
    for tuned, untuned in zip(found.result.classes, plain.result.classes, strict=True):
        assert tuned.values.get("f1", 0.0) >= untuned.values.get("f1", 0.0)
    assert any("their F1 is too high" in notice for notice in reporter.notices)


@pytest.fixture(scope="module")
def of_version_1(tmp_path_factory) -> Path:
    """A store of 40 shots of version 1, which has no true labels."""
    path = tmp_path_factory.mktemp("versions") / "first.h5"
    return simulated_store(Series("helium", 7, version=1), 40, output=path).path


def test_shots_of_another_version_are_pointed_out(model: Predictor, finished, of_version_1: Path) -> None:
    reporter = CollectingReporter()
    found = evaluate_model(
        "m", model, str(of_version_1), tracking_uri=finished.uri, reporter=reporter, split="all", device=CPU
    )
    assert any("version 2 of the simulator and these shots are of version 1" in notice for notice in reporter.notices)
    assert found.ceiling == {}


def test_other_shots_than_the_models_own_are_pointed_out(model: Predictor, finished) -> None:
    data = prepare("helium", model.config, CPU, load=False)
    reporter = CollectingReporter()
    require_same(model, data, reporter)
    assert reporter.notices == []
    elsewhere = Predictor(
        model.config, model.class_names, model.label_kind, provenance=replace(model.provenance, split_digest="c128")
    )
    require_same(elsewhere, data, reporter)
    assert any("trained on other shots or another split (helium" in notice for notice in reporter.notices)


def test_a_model_is_evaluated_on_the_version_it_was_trained_on_unless_another_is_asked_for(finished) -> None:
    model, client = open_model("winner:both@cxidb", finished.uri), MlflowClient(finished.uri)
    for asked, version in ((None, str(SIMULATOR_VERSION)), (1, "1")):
        options = EvaluationOptions(simulator=asked)
        found = evaluate_model("m", model, "cxidb", tracking_uri=finished.uri, options=options, device=CPU)
        assert found.provenance.simulator == int(version)
        run = client.get_run(found.run_id).data
        assert (run.tags["airybench.simulator"], run.params["simulator"]) == (version, str(SIMULATOR_VERSION))


def test_the_label_ceiling_stands_beside_the_score(
    model: Predictor, finished, of_version_1: Path, tmp_path, capsys
) -> None:
    store = Store.open(shutil.copy(of_version_1, tmp_path / "erring.h5"))
    true = store.labels()
    true[::4, 1] ^= 1
    with h5py.File(store.path, "a") as file:
        file["truth"][TRUE_LABELS] = pack(true)
    found = evaluate_model("m", model, str(store.path), tracking_uri=finished.uri, split="all", device=CPU)
    scored = (store.labels().sum(0) > 0) & (store.labels().sum(0) < 40)
    expected = average_precision_score(store.labels()[:, scored], true[:, scored], average="macro")
    assert found.ceiling["macro_ap"] == pytest.approx(expected, abs=1e-6)
    logged = MlflowClient(finished.uri).get_run(found.run_id).data.metrics
    assert logged["ceiling/all/macro_ap"] == found.ceiling["macro_ap"]
    print_evaluation(found)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Label ceiling: macro_ap {expected:.3f} on all" in printed
    assert f"Not resolved at {model.config.data.image_size} px: " in printed
    assert "NewtonRings (not resolved) " in printed


def test_what_cannot_be_evaluated_leaves_no_run(model: Predictor, finished) -> None:
    client = MlflowClient(finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    before = len(client.search_runs([experiment], max_results=1000))
    with pytest.raises(ConfigError, match="unknown split 'tests'"):
        evaluate_model("m", model, "helium", tracking_uri=finished.uri, split="tests", device=CPU)
    with pytest.raises(DataError, match="evaluate it on data with the same classes in the same order"):
        evaluate_model("m", model, "cxidb", tracking_uri=finished.uri, device=CPU)
    cxidb = open_model("winner:both@cxidb", finished.uri)
    with pytest.raises(ConfigError, match="thresholds are tuned for classes that may occur together"):
        evaluate_model("m", cxidb, "cxidb", tracking_uri=finished.uri, options=TUNE, device=CPU)
    assert len(client.search_runs([experiment], max_results=1000)) == before


def test_a_store_that_lacks_the_run_of_mlflow_is_refused_not_made(
    model: Predictor, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    reporter = CollectingReporter()
    with pytest.raises(TrackingError, match="does not exist, though the run that was made for this is in it"):
        evaluate_model("m", model, "helium", device=CPU, reporter=reporter)
    assert not list(tmp_path.iterdir())
    assert not reporter.titles


def test_strength_zero_is_the_plain_score_and_changes_are_those_of_the_counts(model: Predictor, finished) -> None:
    reporter = CollectingReporter()
    options = EvaluationOptions(stress={"offset": (65535,), "hot-pixels": (40,)})
    found = evaluate_model(
        "m", model, "helium", tracking_uri=finished.uri, split="train", options=options, device=CPU, reporter=reporter
    )
    rows = {(row.change, row.strength): row for row in found.stress.rows}
    plain, saturated = rows["offset", 0], rows["offset", 65535]
    assert plain.score.value == pytest.approx(found.result.scores.values["macro_ap"], abs=1e-6)
    assert (plain.score.low, plain.score.high) == pytest.approx(found.result.intervals["macro_ap"])
    # All shots look the same: every class is scored by its prevalence.
    labels = found.predictions.labels
    scored = (labels.sum(0) > 0) & (labels.sum(0) < len(labels))
    assert saturated.score.value == pytest.approx(labels[:, scored].mean(), abs=1e-6)
    assert "do not say which shots belong to which run" in found.stress.other_runs
    assert reporter.titles[-1] == "changing the detector"
    logged = MlflowClient(finished.uri).get_run(found.run_id).data.metrics
    assert logged["stress/offset/65535/macro_ap"] == pytest.approx(saturated.score.value, abs=1e-6)
    assert logged["stress/hot-pixels/40/loss/low"] == rows["hot-pixels", 40].loss.low
