"""Runs copied between real stores, and compared entry by entry."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, LoggedModelOutput, Metric
from mlflow.entities import Run as MlflowRun
from mlflow_server import Server

from airybench.reporter import SILENT
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, connect
from airybench.tracking.tags import Tag
from airybench.tracking.transfer import Copied, copy_runs, runs_to_copy

STUDY = "bob@helium"
OWN = (Tag.ORIGIN, Tag.COPIED)


def made(folder: Path) -> Tracking:
    """A store with a study of one trial that logged a model, and a training beside it."""
    folder.mkdir()
    tracking = connect(f"sqlite:///{folder / 'mlflow.db'}")
    parent = Run.create(tracking, "bob", "sweep", {Tag.STUDY: STUDY}, at=1000)
    trial = Run.create(tracking, "★ one", "trial", {Tag.STUDY: STUDY}, parent=parent.run_id, at=2000)
    trial.params({f"p{index}": index / 7 for index in range(130)})
    points = [Metric("train/loss", 1 / (step + 1), 5000 + step, step) for step in range(1200)]
    for start in (0, 1000):
        trial.client.log_batch(trial.run_id, metrics=points[start : start + 1000])
    trial.metrics({"odd": float("nan"), "best/ap": 0.5})
    data = Dataset("helium", "abc", "local", "{}", "{}", "{}")
    trial.client.log_inputs(trial.run_id, datasets=[DatasetInput(data)])
    with trial.artifacts("weights") as path:
        (path / "net.safetensors").write_bytes(bytes(range(256)))
    model = trial.client.create_logged_model(
        tracking.experiment_id, name="net", source_run_id=trial.run_id, params={"depth": "18"}, tags={"x": trial.run_id}
    )
    (folder / "m").mkdir()
    (folder / "m" / "MLmodel").write_text(f"run_id: {trial.run_id}\nmodel_id: {model.model_id}\n")
    trial.client.log_model_artifacts(model.model_id, str(folder / "m"))
    trial.client.finalize_logged_model(model.model_id, "READY")
    trial.client.log_outputs(trial.run_id, [LoggedModelOutput(model.model_id, 3)])
    score = Metric("best/ap", 0.5, 9000, 0, model_id=model.model_id, run_id=trial.run_id, dataset_name="helium",
                   dataset_digest="abc")  # fmt: skip
    trial.client.log_batch(trial.run_id, metrics=[score])
    trial.tag({Tag.MODEL_URI: f"models:/{model.model_id}"})
    trial.end("finished", at=8000)
    link = f"#/experiments/{tracking.experiment_id}/runs/{trial.run_id} models:/{model.model_id}"
    parent.tag({Tag.WINNER: trial.run_id, Tag.NOTE: f"won: {link}"})
    with parent.artifacts() as path:
        (path / "leaderboard.csv").write_text(f"cell,run\none,{trial.run_id}\n")
    parent.end("finished", at=9000)
    other = Run.create(tracking, "alone", "train", {}, at=3000)
    other.fail("diverged", "nan")
    tracked = MlflowClient(tracking_uri=tracking.uri)
    tracked.set_experiment_tag(tracking.experiment_id, "mlflow.sharedViewState.abc", "{}")
    return tracking


def content(uri: str, run: MlflowRun) -> dict[str, Any]:
    """All that a run says, but for ids."""
    client = MlflowClient(tracking_uri=uri)
    history = {
        key: sorted((p.step, p.timestamp, repr(p.value)) for p in client.get_metric_history(run.info.run_id, key))
        for key in run.data.metrics
    }
    models = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
    return {
        "name": run.info.run_name, "status": run.info.status, "began": run.info.start_time, "ended": run.info.end_time,
        "params": run.data.params, "history": history,
        "tags": sorted(key for key in run.data.tags if key not in OWN),
        "data": [(one.dataset.name, one.dataset.digest) for one in run.inputs.dataset_inputs],
        "files": sorted((one.path, one.file_size) for one in client.list_artifacts(run.info.run_id, "weights")),
        "models": [
            (m.name, m.params, str(m.status), sorted((s.key, s.value, s.dataset_name) for s in m.metrics or []))
            for m in models
        ],
        "outputs": [one.step for one in (run.outputs.model_outputs if run.outputs else [])],
    }  # fmt: skip


def by_name(uri: str) -> dict[str, MlflowRun]:
    return {str(run.info.run_name): run for run in runs_to_copy(uri, [])}


def check_copies(source: str, target: str) -> None:
    """Every run of the source has one copy with the same content, and copies name copies."""
    ours, theirs = by_name(source), by_name(target)
    assert len(runs_to_copy(target, [])) == len(ours) == 3
    for name, run in ours.items():
        assert content(source, run) == content(target, theirs[name])
    parent, trial = theirs["bob"], theirs["★ one"]
    uri = trial.data.tags[Tag.MODEL_URI]
    assert trial.data.tags[Tag.PARENT] == parent.info.run_id
    assert parent.data.tags[Tag.WINNER] == trial.info.run_id
    assert parent.data.tags[Tag.NOTE] == f"won: #/experiments/{trial.info.experiment_id}/runs/{trial.info.run_id} {uri}"
    client = MlflowClient(tracking_uri=target)
    model = client.get_logged_model(uri.removeprefix("models:/"))
    assert model.source_run_id == trial.info.run_id
    assert model.tags["x"] == trial.info.run_id
    assert client.get_experiment(parent.info.experiment_id).tags["mlflow.sharedViewState.abc"] == "{}"


def test_every_run_is_copied_once_with_all_that_it_says(tmp_path: Path) -> None:
    source = made(tmp_path / "a")
    target = connect(f"sqlite:///{tmp_path / 'b.db'}").uri
    done, ids = copy_runs(source.uri, target, runs_to_copy(source.uri, []), SILENT)
    assert done == Copied(new=3, models=1)
    check_copies(source.uri, target)
    found = by_name(target)["bob"]
    board = MlflowClient(tracking_uri=target).download_artifacts(found.info.run_id, "leaderboard.csv", str(tmp_path))
    assert Path(board).read_text().endswith(f"one,{by_name(target)['★ one'].info.run_id}\n")

    again, _ = copy_runs(source.uri, target, runs_to_copy(source.uri, []), SILENT)
    assert again == Copied(unchanged=3)
    check_copies(source.uri, target)

    # What has changed since is brought up to date; the other way, copies are known for what they are.
    run = Run(source, next(iter(ids.runs)))
    run.tag({"new": "1"})
    renewed, _ = copy_runs(source.uri, target, runs_to_copy(source.uri, []), SILENT)
    assert renewed == Copied(renewed=1, unchanged=2)
    back, _ = copy_runs(target, source.uri, runs_to_copy(target, []), SILENT)
    assert back == Copied(unchanged=3)
    assert len(by_name(source.uri)) == 3


def test_one_study_is_copied_without_the_others(tmp_path: Path) -> None:
    source = made(tmp_path / "a")
    target = connect(f"sqlite:///{tmp_path / 'b.db'}").uri
    copy_runs(source.uri, target, runs_to_copy(source.uri, [STUDY]), SILENT)
    assert set(by_name(target)) == {"bob", "★ one"}


@pytest.mark.parametrize("stop", range(1, 14, 3))
def test_a_copy_that_was_cut_off_is_made_whole(stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = made(tmp_path / "a")
    target = connect(f"sqlite:///{tmp_path / 'b.db'}").uri
    calls = {"left": stop}

    def cut(name: str) -> None:
        real = getattr(MlflowClient, name)

        def one(self: MlflowClient, *given: Any, **named: Any) -> Any:
            if self.tracking_uri == target:
                calls["left"] -= 1
                if calls["left"] < 0:
                    raise KeyboardInterrupt
            return real(self, *given, **named)

        monkeypatch.setattr(MlflowClient, name, one)

    for name in ("create_run", "log_batch", "log_artifacts", "create_logged_model", "finalize_logged_model",
                 "set_terminated", "log_outputs"):  # fmt: skip
        cut(name)
    with pytest.raises(KeyboardInterrupt):
        copy_runs(source.uri, target, runs_to_copy(source.uri, []), SILENT)
    monkeypatch.undo()
    done, _ = copy_runs(source.uri, target, runs_to_copy(source.uri, []), SILENT)
    assert done.new + done.renewed + done.unchanged == 3
    check_copies(source.uri, target)
    experiment = by_name(target)["bob"].info.experiment_id
    assert len(MlflowClient(tracking_uri=target).search_logged_models([experiment])) == 1


@pytest.mark.slow
def test_a_server_receives_and_gives_back(tmp_path: Path) -> None:
    source = made(tmp_path / "a")
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server")
    server.start()
    try:
        done, _ = copy_runs(source.uri, server.url, runs_to_copy(source.uri, []), SILENT)
        assert done == Copied(new=3, models=1)
        check_copies(source.uri, server.url)
        other = connect(f"sqlite:///{tmp_path / 'c.db'}").uri
        copy_runs(server.url, other, runs_to_copy(server.url, []), SILENT)
        check_copies(source.uri, other)
        again, _ = copy_runs(server.url, other, runs_to_copy(server.url, []), SILENT)
        assert again == Copied(unchanged=3)
    finally:
        server.kill()
