"""What the reference's command line could do, from the command line: evaluate, predict, join, export a winner."""

import contextlib
import csv
import json
import math
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from sklearn.metrics import average_precision_score

from airybench.cli.main import run
from airybench.data.datasets.catalog import open_dataset
from airybench.tracking.model import load
from airybench.tracking.store import Tracking


@pytest.fixture(scope="module")
def client(finished) -> MlflowClient:
    return MlflowClient(tracking_uri=finished.uri)


def winner(client: MlflowClient, dataset: str) -> str:
    experiment = client.get_experiment_by_name("airybench")
    (parent,) = client.search_runs(
        [experiment.experiment_id],
        f"tags.`airybench.study` = 'both@{dataset}' and tags.`airybench.kind` = 'sweep'",
    )
    return str(parent.data.tags["airybench.winner"])


def called(arguments: list[str], folder: Path, capsys) -> tuple[int, str, str]:
    capsys.readouterr()
    with contextlib.chdir(folder):
        code = run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def result(arguments: list[str], folder: Path, capsys) -> Any:
    code, out, err = called([*arguments, "--json"], folder, capsys)
    assert code == 0, err
    return json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.fixture(scope="module")
def weights(finished, client, tmp_path_factory) -> Path:
    """The helium winner as a folder, through `airybench export`."""
    output = tmp_path_factory.mktemp("handed") / "weights"
    with contextlib.chdir(finished.folder):
        assert run(["export", "winner:both@helium", "--format", "weights", "--output", str(output)]) == 0
    return output


@pytest.mark.parametrize(("dataset", "form"), [("helium", "winner:both@helium"), ("cxidb", "runs:/")])
def test_evaluate_by_every_name(dataset, form, finished, client, capsys) -> None:
    run_id = winner(client, dataset)
    model = f"runs:/{run_id}" if form == "runs:/" else form
    found = result(["evaluate", model], finished.folder, capsys)
    with h5py.File(client.download_artifacts(run_id, "predictions/test.h5")) as file:
        logits, labels = file["logits"][()], file["labels"][()]
    assert found["dataset"] == dataset
    assert found["result"]["shots"] == len(labels)
    scored = (labels.sum(0) > 0) & (labels.sum(0) < len(labels))
    expected = average_precision_score(labels[:, scored], logits[:, scored], average="macro")
    assert found["result"]["scores"]["values"]["macro_ap"] == pytest.approx(expected, abs=1e-4)
    assert found["result"]["scores"]["values"]["classes_scored"] == scored.sum()


def test_evaluate_leaves_a_run_with_everything(finished, client, weights, tmp_path, capsys) -> None:
    output = tmp_path / "evaluation"
    arguments = ["evaluate", str(weights), "--output", str(output), "--tune-thresholds"]
    found = result(arguments, finished.folder, capsys)
    entry = client.get_run(found["run_id"])
    assert (entry.data.tags["airybench.kind"], entry.info.status) == ("evaluate", "FINISHED")
    metrics, values = entry.data.metrics, found["result"]["scores"]["values"]
    assert all(math.isfinite(value) for value in metrics.values())
    for name in ("macro_ap", "macro_f1", "micro_f1", "accuracy", "exact_match", "mcc", "roc_auc", "loss"):
        assert metrics[f"test/{name}"] == values[name]
        assert metrics[f"test/{name}/low"] <= metrics[f"test/{name}/high"]
        assert f"majority/test/{name}" in metrics
    assert {"test/calibration_error", "test/brier"} <= set(metrics)
    # A class without two kinds on test has no metric at all.
    unscored = {name.replace("/", "-") for name in found["result"]["unscored"]}
    assert unscored
    assert not unscored & {key.rpartition("/")[2] for key in metrics}
    paths = {f"{folder}/{name}" for folder in ("plots",) for name in
             ("precision-recall.png", "roc.png", "reliability.png", "confusion.png", "class-f1.png")}  # fmt: skip
    paths |= {"classes.csv", "evaluation.json", "predictions/test.h5"}
    for path in paths:
        assert (output / path).stat().st_size > 0
        assert Path(client.download_artifacts(found["run_id"], path)).stat().st_size > 0
    with (output / "classes.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [row["class"] for row in rows] == [one["name"] for one in found["result"]["classes"]]
    assert {row["class"] for row in rows if not row["ap"]} == set(found["result"]["unscored"])
    assert entry.data.params["tuned_thresholds"] == "True"
    assert len({row["threshold"] for row in rows}) > 1


def test_printed_evaluation(finished, weights, capsys) -> None:
    arguments = ["evaluate", str(weights), "--split", "val", "--tune-thresholds"]
    code, out, err = called(arguments, finished.folder, capsys)
    assert code == 0
    assert "thresholds are tuned on val, whose shots are among those of val: their F1 is too high" in err
    for word in ("macro_ap", "majority", "Calibration error", "simulated", "Run: ", "Streak"):
        assert word in out
    assert "nan" not in out.lower().replace("nano", "")


def test_predict_join_and_the_network_agree(finished, client, weights, tmp_path, capsys) -> None:
    store = open_dataset("helium", count=64, seed=1612)
    found = result(["predict", str(weights), str(store.path), "--output", "out.h5", "--csv"], tmp_path, capsys)
    assert (found["shots"], found["joined"]) == (64, True)
    predictor = load(winner(client, "helium"), Tracking(finished.uri, ""))
    with torch.no_grad():
        expected = predictor(torch.from_numpy(store.read_images(np.arange(64)))).numpy()
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["id"], store.ids())
        np.testing.assert_allclose(file["probability"], expected, atol=1e-5)
        whole = {key: values[()] for key, values in file.items()}
    for shard in ("1/2", "2/2"):
        arguments = ["predict", str(weights), str(store.path), "--output", "shards.h5", "--shard", shard]
        code, _, err = called(arguments, tmp_path, capsys)
        assert code == 0
        assert "airybench join shards.h5" in err
        if shard == "1/2" and not (tmp_path / "shards.h5.parts" / "000000.h5").exists():
            assert called(["join", "shards.h5"], tmp_path, capsys)[0] == 2
    assert result(["join", "shards.h5", "--csv"], tmp_path, capsys)["shots"] == 64
    with h5py.File(tmp_path / "shards.h5") as file:
        assert all(file[key][()].tobytes() == values.tobytes() for key, values in whole.items())
    assert (tmp_path / "shards.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_export_answers_what_predict_answers(finished, weights, tmp_path, capsys) -> None:
    found = result(["export", str(weights), "--format", "pt2", "--output", "model.pt2"], tmp_path, capsys)
    assert found["image_shape"] == [259, 259]
    store = open_dataset("helium", count=64, seed=1612)
    counts = torch.from_numpy(store.read_images(np.arange(3)))
    with torch.no_grad():
        probabilities, _ = torch.export.load(tmp_path / "model.pt2").module()(counts)
        torch.testing.assert_close(probabilities, load(str(weights))(counts), atol=1e-4, rtol=0)


def pickled(folder: Path) -> str:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (folder / "run",)

    (folder / "model.pt").write_bytes(pickle.dumps(Bomb()))
    return "model.pt"


def text(folder: Path) -> str:
    (folder / "text.h5").write_text("hello", encoding="utf-8")
    return "text.h5"


def stack(folder: Path) -> str:
    with h5py.File(folder / "stack.h5", "w") as file:
        file["images"] = np.ones((3, 40, 40), np.uint16)
    return "stack.h5"


REFUSED: dict[str, tuple[list[Any], str]] = {
    "evaluate on other classes": (
        ["evaluate", "MODEL", "--dataset", "cxidb"],
        "evaluate it on data with the same classes in the same order",
    ),
    "evaluate split": (["evaluate", "MODEL", "--split", "tets"], "unknown split 'tets'; valid: train, val, test, all"),
    "predict on other classes": (["predict", "MODEL", "CXIDB", "--output", "o.h5"], "add --ignore-labels"),
    "predict on another size": (
        ["predict", "MODEL", stack, "--images", "images", "--output", "o.h5"],
        "the model was trained on 259 x 259 px",
    ),
    "pickle": (["predict", pickled, "HELIUM", "--output", "o.h5"], "is a pickle, which could run code when opened"),
    "model is text": (["export", text, "--format", "pt2", "--output", "o.pt2"], "is a file; expected a folder with"),
    "no such model": (["export", "nowhere/weights", "--format", "pt2", "--output", "o.pt2"], "is not a folder, run or"),
    "missing source": (["predict", "MODEL", "none.h5", "--output", "o.h5"], "none.h5: no such file"),
    "text source": (["predict", "MODEL", text, "--output", "o.h5"], "not an HDF5 file"),
    "shard": (["predict", "MODEL", "HELIUM", "--output", "o.h5", "--shard", "4/3"], "--shard 4/3: expected I/N"),
    "shard words": (["predict", "MODEL", "HELIUM", "--output", "o.h5", "--shard", "a/b"], "such as 3/16"),
    "csv of a shard": (["predict", "MODEL", "HELIUM", "--output", "o.h5", "--shard", "1/2", "--csv"], "airybench join"),
    "no parts": (["join", "o.h5"], "has no parts"),
    "format": (["export", "MODEL", "--format", "onx", "--output", "o"], "unknown format 'onx'"),
    "output folder": (["export", "MODEL", "--format", "pt2", "--output", "no/o.pt2"], "does not exist"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line_and_leaves_nothing(case, finished, weights, tmp_path, monkeypatch, capsys) -> None:
    places = {"MODEL": str(weights)} | {
        name.upper(): str(open_dataset(name, count=64, seed=1612).path) for name in ("helium", "cxidb")
    }
    words, expected = REFUSED[case]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", finished.uri)
    before = MlflowClient(tracking_uri=finished.uri).search_runs(["1"], max_results=1000)
    given = [word(tmp_path) if callable(word) else places.get(word, word) for word in words]
    made = {path.name for path in tmp_path.iterdir()}
    code, out, err = called(given, tmp_path, capsys)
    assert (code, out) == (2, "")
    lines = [line for line in err.splitlines() if line.startswith("airybench: ")]
    assert len(lines) == 1
    assert expected in lines[0]
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")} == made
    assert len(MlflowClient(tracking_uri=finished.uri).search_runs(["1"], max_results=1000)) == len(before)
