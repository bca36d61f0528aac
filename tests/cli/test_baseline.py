"""`airybench baseline`: runs beside those of the networks, on the same shots, scored the same way."""

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from sklearn.metrics import average_precision_score

from airybench.cli.main import run
from airybench.config.baseline import LIT_PIXELS, NAMES, TITLES
from airybench.inference.hits import HIT_METRICS
from airybench.inference.predictions import Predictions
from airybench.provenance import Provenance
from airybench.tracking.find import baselines
from airybench.tracking.run import Run as TrackedRun
from airybench.tracking.store import connect

TINY = ["--count", "64", "--image-size", "32", "--quick"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("baseline")


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, list[dict[str, object]]]:
    """What the command says as JSON, for both data sets."""
    found = {}
    for dataset in ("helium", "cxidb"):
        out = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(out):
            assert run(["baseline", "--dataset", dataset, "--json", *TINY]) == 0
        found[dataset] = json.loads(out.getvalue())
    return found


def tracked(folder: Path, run_id: object) -> Run:
    return MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").get_run(str(run_id))


def test_found_by_store_and_split(folder: Path, answers) -> None:
    """The same split of other images, such as those of another seed, has baselines of its own."""
    tracking = connect(f"sqlite:///{folder / 'mlflow.db'}")
    (svm,) = (one["run_id"] for one in answers["cxidb"] if one["name"] == "svm")
    data = Provenance.from_tags(tracked(folder, svm).data.tags)
    assert [run_id for run_id, _ in baselines(tracking, "svm", data)] == [svm]
    for key in ("data_sha256", "split_digest"):
        assert baselines(tracking, "svm", replace(data, **{key: "c0ffee"})) == []


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_runs_with_everything_that_networks_log(folder: Path, answers, dataset: str, tmp_path: Path) -> None:
    tracking = connect(f"sqlite:///{folder / 'mlflow.db'}")
    assert [one["name"] for one in answers[dataset]] == list(NAMES)
    for one in answers[dataset]:
        found = tracked(folder, one["run_id"])
        assert found.info.status == "FINISHED"
        assert found.data.tags["airybench.kind"] == "baseline"
        assert found.data.tags["airybench.baseline"] == found.data.params["arch"] == one["name"]
        assert found.data.tags["airybench.data_source"] == "simulated"
        assert (found.data.params["dataset"], found.data.params["count"]) == (dataset, "64")
        place = TrackedRun(tracking, str(one["run_id"])).fetch("", tmp_path / str(one["name"]))
        assert (place / "plots" / "class-f1.png").stat().st_size > 5000
        assert (place / "plots" / "confusion.png").stat().st_size > 5000
        kept = Predictions.read(place / "predictions" / "test.h5")
        if one["name"] == LIT_PIXELS:
            assert kept.class_names == ("hit",)
            assert "test/macro_ap" not in found.data.metrics
            continue
        scored = [c for c in range(kept.labels.shape[1]) if 0 < kept.labels[:, c].sum() < len(kept.ids)]
        expected = np.mean([average_precision_score(kept.labels[:, c], kept.logits[:, c]) for c in scored])
        metrics = found.data.metrics
        assert metrics["test/macro_ap"] == pytest.approx(expected, abs=1e-6)
        assert metrics["test/macro_ap/low"] <= expected <= metrics["test/macro_ap/high"]
        answered = kept.logits > 0
        if kept.label_kind == "multiclass":
            answered = np.eye(kept.labels.shape[1], dtype=bool)[kept.logits.argmax(1)]
        assert metrics["test/exact_match"] == pytest.approx((answered == kept.labels.astype(bool)).all(1).mean())
        assert metrics["best/macro_ap"] == metrics["val/macro_ap"] == one["val"]["macro_ap"]
    found = {name for one in answers["cxidb"] for name in one["test"] if name.startswith("test/hit_")}
    assert {f"test/{metric}" for metric in HIT_METRICS} <= found
    majority, *others = (one["test"]["test/macro_ap"] for one in answers[dataset] if one["name"] in TITLES)
    assert min(others) >= majority  # 64 shots, of which brightness tells little
    assert others[-1] > majority


def test_same_shots_as_the_networks(folder: Path, answers, finished) -> None:
    client = MlflowClient(finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    trials = client.search_runs([experiment], "tags.`airybench.kind` = 'trial' and params.dataset = 'helium'")
    for one in answers["helium"]:
        tags = tracked(folder, one["run_id"]).data.tags
        assert Provenance.from_tags(tags).same_data(Provenance.from_tags(trials[0].data.tags))


def test_noise_and_fraction_reach_it(folder: Path, answers, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.chdir(folder):
        assert run(["baseline", "--dataset", "cxidb", *TINY, "--noise", "max", "--fraction", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert "features + PCA + SVM" in printed
    assert "hit or miss on test" in printed
    assert "A pixel is lit above" in printed
    assert "The data are simulated" in printed
    run_id = printed.split("Runs: ")[1].split(" ")[len(TITLES) - 1].rstrip(",")
    noisy, plain = tracked(folder, run_id).data, tracked(folder, answers["cxidb"][len(TITLES) - 1]["run_id"]).data
    assert (noisy.params["noise"], noisy.params["fraction"]) == ("max", "0.5")
    assert noisy.metrics["trial/training_shots"] == np.ceil(plain.metrics["trial/training_shots"] / 2)
    assert noisy.metrics["test/macro_ap"] != plain.metrics["test/macro_ap"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--gamma", "0"], "gamma: found '0'; input should be greater than 0"),
        (["--cv", "1"], "cv: found '1'; input should be greater than or equal to 2"),
        (["--noise", "maximum"], "unknown noise 'maximum'; valid: none, mean, mean-std, max. Did you mean 'max'?"),
        (["--fraction", "0"], "fraction: found '0'; input should be greater than 0"),
        (["--dataset", "helum"], "unknown data set 'helum'"),
    ],
)
def test_bad_input_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
