"""The main job from the command line to MLflow, on both data sets, with real stores."""

import contextlib
import csv
import json
from pathlib import Path

import h5py
import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from sklearn.metrics import average_precision_score

from airybench.cli.main import run
from airybench.data.datasets.catalog import open_dataset
from airybench.provenance import SIMULATOR_VERSION
from airybench.tracking.model import load
from airybench.tracking.store import Tracking, active

CHILD_PARAMS = (
    "dataset",
    "arch",
    "depth",
    "alpha",
    "leakiness",
    "log_activation",
    "seed",
    "image_size",
    "input_scaling",
)


@pytest.fixture(scope="module")
def client(finished) -> MlflowClient:
    return MlflowClient(tracking_uri=finished.uri)


@pytest.fixture(scope="module")
def runs(client):
    experiment = client.get_experiment_by_name("airybench")
    return client.search_runs([experiment.experiment_id], max_results=1000)


def of_kind(runs, kind, dataset=None):
    study = f"both@{dataset}" if dataset else None
    return [
        r for r in runs if r.data.tags["airybench.kind"] == kind and study in (None, r.data.tags["airybench.study"])
    ]


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_one_parent_and_one_child_per_cell(runs, dataset) -> None:
    (parent,) = of_kind(runs, "sweep", dataset)
    children = of_kind(runs, "trial", dataset)
    rows = of_kind(runs, "cell", dataset)
    assert len(children) == len(rows) == 3
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["airybench.state"] for run in runs} == {"finished"}
    cells = set()
    for child in children:
        (cell,) = [one for one in rows if one.info.run_id == child.data.tags["mlflow.parentRunId"]]
        assert cell.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.tags["airybench.data_source"] == "simulated"
        assert set(CHILD_PARAMS) <= set(child.data.params)
        assert child.data.params["dataset"] == dataset
        assert 0 <= child.data.metrics["best/macro_ap"] <= 1
        assert {"val/macro_ap", "val/macro_f1", "val/classes_scored", "train/loss"} <= set(child.data.metrics)
        params = child.data.params
        cells.add((params["log_activation"], float(params["alpha"]), float(params["leakiness"])))
    assert cells == {("True", 0.2, 0.2), ("True", 0.5, 0.0), ("False", 0.0, 0.2)}


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_every_run_says_what_it_is_and_on_which_data(runs, dataset) -> None:
    store = open_dataset(dataset, count=64, seed=1612)
    for found in of_kind(runs, "trial", dataset) + of_kind(runs, "sweep", dataset):
        (used,) = found.inputs.dataset_inputs
        assert (used.dataset.name, used.dataset.digest) == (dataset, store.content_sha256[:36])
        profile = json.loads(used.dataset.profile)
        assert profile["content_sha256"] == store.content_sha256
        assert profile["shots"] == profile["train"] + profile["val"] + profile["test"] == 64
        assert str(store.path.parent) not in used.dataset.source
    for child in of_kind(runs, "trial", dataset):
        note = child.data.tags["mlflow.note.content"]
        assert f"trained on {dataset} (64 simulated shots, version {SIMULATOR_VERSION}) at 32 px" in note
        assert f"Best val macro_ap {child.data.metrics['best/macro_ap']:.3f}, in epoch 1 of 1" in note
        assert ("no logarithmic activation" in note) == (child.data.params["log_activation"] == "False")
        assert "system/cpu_utilization_percentage" in child.data.metrics
        assert "train/loss" in child.data.metrics


def test_every_child_has_the_same_parameters(runs) -> None:
    names = {frozenset(run.data.params) for run in of_kind(runs, "trial")}
    assert len(names) == 1


def test_artifacts_of_child_and_parent(client, runs) -> None:
    def files(run_id, folder=None):
        found = []
        for item in client.list_artifacts(run_id, folder):
            found += files(run_id, item.path) if item.is_dir else [item.path]
        return found

    child = of_kind(runs, "trial", "helium")[0].info.run_id
    assert {
        "config.yaml", "plots/class-f1.png", "plots/confusion.png", "predictions/test.h5", "predictions/val.h5",
        "weights/model.json", "weights/model.safetensors",
    } <= set(files(child))  # fmt: skip
    parent = of_kind(runs, "sweep", "helium")[0].info.run_id
    assert {
        "config.yaml", "split.json", "leaderboard.csv", "leaderboard.html", "plots/leaderboard.png",
        "plots/parallel-coordinates.png", "plots/alpha-leakiness.png", "plots/interactive.html", "plots/not-drawn.txt",
    } <= set(files(parent))  # fmt: skip


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_leaderboard_ranks_what_the_children_logged(client, runs, dataset, tmp_path) -> None:
    (parent,) = of_kind(runs, "sweep", dataset)
    path = client.download_artifacts(parent.info.run_id, "leaderboard.csv", str(tmp_path))
    everything = csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines())
    rows = [row for row in everything if row["rank"]]  # baselines have none
    logged = {run.info.run_id: run.data.metrics["best/macro_ap"] for run in of_kind(runs, "trial", dataset)}
    assert [row["best_run_id"] for row in rows] == sorted(logged, key=lambda run_id: -logged[run_id])
    assert [float(row["val_macro_ap"]) for row in rows] == pytest.approx(
        sorted(logged.values(), reverse=True), abs=1e-4
    )
    assert rows[0]["best_run_id"] == parent.data.tags["airybench.winner"]


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_test_metrics_of_the_winner_stand_on_child_and_parent_alone(client, runs, dataset, tmp_path) -> None:
    (parent,) = of_kind(runs, "sweep", dataset)
    winner = parent.data.tags["airybench.winner"]
    for child in of_kind(runs, "trial", dataset):
        assert ("test/macro_ap" in child.data.metrics) == (child.info.run_id == winner)

    with h5py.File(client.download_artifacts(winner, "predictions/test.h5", str(tmp_path))) as file:
        logits, labels = file["logits"][:], file["labels"][:]
    scored = (labels.sum(0) > 0) & (labels.sum(0) < len(labels))
    expected = np.mean([average_precision_score(labels[:, c], logits[:, c]) for c in np.flatnonzero(scored)])
    metrics = parent.data.metrics
    assert metrics["test/macro_ap"] == pytest.approx(expected, abs=1e-6)
    assert metrics["test/macro_ap/low"] <= metrics["test/macro_ap/high"]
    assert metrics["majority/test/macro_ap"] == pytest.approx(labels[:, scored].mean(0).mean(), abs=1e-6)
    assert client.get_run(winner).data.metrics["test/macro_ap"] == metrics["test/macro_ap"]


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_both_loaders_give_the_logged_answers_from_raw_counts(client, runs, dataset, finished) -> None:
    (parent,) = of_kind(runs, "sweep", dataset)
    store = open_dataset(dataset, count=64, seed=1612)
    counts = store.read_images(np.arange(5))
    with active(finished.uri):
        theirs = mlflow.pytorch.load_model(parent.data.tags["airybench.model_uri"])
        signature = mlflow.models.get_model_info(parent.data.tags["airybench.model_uri"]).signature
    ours = load(parent.data.tags["airybench.winner"], Tracking(finished.uri, parent.info.experiment_id))
    assert ours.class_names == store.class_names
    with torch.no_grad():
        expected = ours(torch.from_numpy(counts))
        found = theirs(torch.from_numpy(counts))
    assert expected.shape == (5, len(store.class_names))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert "uint16" in str(signature.inputs)


def test_what_is_printed(finished) -> None:
    for dataset in ("helium", "cxidb"):
        assert f"both@{dataset}: cells ranked by val macro_ap" in finished.printed
    assert finished.printed.count("majority baseline: macro_ap") == 2
    assert finished.printed.count("How certain: a first look. With 1 seed per cell") == 2
    assert "The data are simulated" in finished.printed


def test_the_same_command_again_runs_nothing_twice(finished, tiny, client, capsys) -> None:
    before = {r.info.run_id for r in client.search_runs([client.get_experiment_by_name("airybench").experiment_id])}
    with contextlib.chdir(finished.folder):
        code = run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "both", "--json"])
    assert code == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [row["seeds"] for row in found["leaderboard"]] == [1, 1, 1]
    after = client.search_runs([client.get_experiment_by_name("airybench").experiment_id])
    assert {r.info.run_id for r in after} == before
    assert {r.info.status for r in after} == {"FINISHED"}


def test_another_content_under_the_same_name_is_refused(finished, tiny, capsys) -> None:
    with contextlib.chdir(finished.folder):
        code = run(
            [
                "sweep",
                "--dataset",
                "helium",
                "--config",
                str(tiny),
                "--study",
                "both",
                "--alpha",
                "0.3",
                "--epochs",
                "3",
            ]
        )
    assert code == 2
    message = capsys.readouterr().err
    assert "study both@helium has other settings" in message
    assert "epochs 1 there, 3 now" in message
    assert "--fresh" in message


@pytest.mark.slow
def test_more_seeds_go_on_with_the_same_study(finished, tiny, client, capsys) -> None:
    arguments = ["sweep", "--dataset", "cxidb", "--config", str(tiny), "--study", "seeds", "--no-log-activation"]
    with contextlib.chdir(finished.folder):
        assert run([*arguments, "--json"]) == 0
        first = json.loads(capsys.readouterr().out)[0]["leaderboard"][0]
        assert run([*arguments, "--seeds", "2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    (row,) = found["leaderboard"]
    assert row["seeds"] == 2
    assert first["run_ids"][0] in row["run_ids"]
    assert found["interval"] == "95 %, over val shots and seeds"
    values = [client.get_run(run_id).data.metrics["best/macro_ap"] for run_id in row["run_ids"]]
    assert row["val/macro_ap"] == pytest.approx(np.mean(values))


def test_same_seed_same_result(finished, tiny, capsys) -> None:
    with contextlib.chdir(finished.folder):
        code = run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "again", "--json"])
    assert code == 0
    (again,) = json.loads(capsys.readouterr().out)
    with contextlib.chdir(finished.folder):
        run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "both", "--json"])
    (first,) = json.loads(capsys.readouterr().out)
    key = "val/macro_ap"
    assert [(r["name"], r[key]) for r in again["leaderboard"]] == [(r["name"], r[key]) for r in first["leaderboard"]]
    assert again["test"] == first["test"]


def test_train_is_one_tracked_run(finished, tiny, capsys, client) -> None:
    with contextlib.chdir(finished.folder):
        code = run(["train", "--dataset", "cxidb", "--config", str(tiny), "--arch", "vgg", "--head-width", "32",
                    "--epochs", "1", "--json"])  # fmt: skip
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    trained = client.get_run(found["run_id"])
    assert trained.data.tags["airybench.kind"] == "train"
    assert trained.info.status == "FINISHED"
    assert trained.data.params["arch"] == "vgg"
    assert trained.data.params["depth"] == "11"
    assert trained.data.metrics["test/macro_ap"] == found["test"]["test/macro_ap"]
    assert found["data_source"] == "simulated"


@pytest.mark.slow
def test_tpe_searches_a_range_and_ends(finished, tmp_path, capsys) -> None:
    config = tmp_path / "ranges.yaml"
    config.write_text(
        """
question: Which alpha?
base:
  data: {count: 64, image_size: 32}
  training: {epochs: 1, batch_size: 32}
space: {log_activation: [true, false], alpha: {low: 0.05, high: 1.0, log: true}}
study: {sampler: tpe, trials: 3}
""",
        encoding="utf-8",
    )
    with contextlib.chdir(finished.folder):
        assert run(["sweep", "--dataset", "helium", "--config", str(config), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert sum(row["seeds"] for row in found["leaderboard"]) == 3
    alphas = [row["params"]["alpha"] for row in found["leaderboard"]]
    assert all(alpha == 0 or 0.05 <= alpha <= 1.0 for alpha in alphas)


def test_dry_run_prints_cells_and_leaves_nothing(tmp_path, tiny, capsys) -> None:
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--dry-run", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [cell["name"] for cell in found["cells"]] == [
        "resnet18-log0.2-leaky0.2", "resnet18-plain-leaky0.2", "resnet18-log0.5-leaky0",
    ]  # fmt: skip
    assert found["seconds"] > 0
    assert not list(tmp_path.iterdir())


def test_a_deposit_written_by_hand_imports_and_a_sweep_on_it_runs(tmp_path, tiny, capsys) -> None:
    """The layout of CXIDB id 94 as its readme tells it, 1035 x 1035, by h5py alone."""
    source = tmp_path / "beamtime.cxi"
    generator = np.random.default_rng(94)
    sets = [(0, 1)] * 16 + [(0, 2)] * 8 + [(10,)] * 6  # Spherical/Oblate + Round, + Elliptical; Empty
    rows, columns = np.mgrid[:1035, :1035] - 517
    with h5py.File(source, "w") as file:
        for number, classes in enumerate(sets, 1):
            squeezed = np.hypot(rows, columns * (1.5 if 2 in classes else 1.0))
            rings = (10 not in classes) * 400 * np.cos(squeezed / 40) ** 2
            labels = np.zeros(11, np.int64)
            labels[list(classes)] = 1
            entry = file.create_group(f"entry_{number}")
            entry["instrument_1/detector_1/data"] = generator.poisson(rings + 20.0).astype(np.uint16)
            entry["instrument_1/source_1/energy"] = 21.0 * 1.602176634e-19
            entry["note_1/data"] = labels
            entry["experimental_identifier"] = np.int64(1_000_000 + number)
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "beamtime.cxi", "--config", str(tiny), "--alpha", "0.2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["study"] == "tiny@beamtime"
    assert found["data_source"] == "cxidb-94"
    assert found["leaderboard"][0]["params"]["count"] == 30
    assert 0 < found["test"]["test/macro_ap"] <= 1
