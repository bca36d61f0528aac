"""The weights of a run: dropped whole, kept where a model needs them, and trained again by the command that is said."""

import shlex
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import Server

from airybench.cli.options.parameters import given_parameters, single_values
from airybench.config import TrialConfig
from airybench.config.experiments import load_experiment
from airybench.errors import TrackingError
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, connect
from airybench.tracking.weights import drop_weights, dropped_runs, fetch_weights, has_weights, train_command

STUDY = {"airybench.study": "s@helium"}


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return connect(f"sqlite:///{tmp_path_factory.mktemp('weights') / 'mlflow.db'}")


def trained(tracking: Tracking, **tags: str) -> Run:
    run = Run.create(tracking, "r", "trial", {**STUDY, "mlflow.note.content": "Trained.", **tags})
    with run.artifacts() as folder:
        for name in ("weights", "predictions"):
            (folder / name).mkdir()
            (folder / name / "file").write_text("x", encoding="utf-8")
    run.end("finished")
    return run


def files(run: Run) -> set[str]:
    return {one.path for one in run.client.list_artifacts(run.run_id)}


def test_weights_go_and_the_rest_stays(tracking: Tracking, tmp_path: Path) -> None:
    run, other = trained(tracking), trained(tracking)
    assert has_weights(run)
    assert drop_weights(run, "its cell is below the best 3")
    assert drop_weights(run, "its cell is below the best 3")  # by another host at the same time
    assert (files(run), files(other)) == ({"predictions"}, {"predictions", "weights"})
    assert not has_weights(run)
    assert dropped_runs(tracking, "s@helium") == {run.run_id}
    assert dropped_runs(tracking, "other@helium") == set()
    assert fetch_weights(other, tmp_path).is_dir()
    with pytest.raises(TrackingError, match=r"no weights any more \(dropped: its cell is below the best 3\); train"):
        fetch_weights(run, tmp_path)


def test_weights_behind_a_logged_model_stay(tracking: Tracking) -> None:
    run = trained(tracking, **{"airybench.model_uri": "models:/m-1"})
    assert not drop_weights(run, "why")
    assert "weights" in files(run)
    assert run.run_id not in dropped_runs(tracking, "s@helium")


def test_a_store_that_cannot_delete_is_said(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(tracking)

    def refuse(self: object, path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mlflow.store.artifact.local_artifact_repo.LocalArtifactRepository.delete_artifacts", refuse)
    with pytest.raises(TrackingError, match=r"weights of run .* cannot be deleted: .*Permission denied"):
        drop_weights(run, "why")
    assert has_weights(run)


def test_a_run_that_never_had_weights_is_another_matter(tracking: Tracking, tmp_path: Path) -> None:
    run = Run.create(tracking, "r", "trial", STUDY)
    with pytest.raises(TrackingError, match="has no artifact weights"):
        fetch_weights(run, tmp_path)
    MlflowClient(tracking.uri).set_tag(run.run_id, "airybench.weights", "dropped: why")
    with pytest.raises(TrackingError, match="again with: airybench train, and the parameters on the page of the run"):
        fetch_weights(run, tmp_path)


@pytest.mark.slow
def test_weights_behind_a_server_go_by_its_own_request(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start()
    try:
        tracking = connect(server.url)
        run = trained(tracking)
        assert (tmp_path / "artifacts").exists()
        assert drop_weights(run, "the study keeps none")
        assert files(run) == {"predictions"}
        assert not list((tmp_path / "artifacts").rglob("weights/*"))
        assert dropped_runs(tracking, "s@helium") == {run.run_id}
    finally:
        server.kill()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"alpha": 0.123456789, "seed": 7},
        {"log_activation": False, "leakiness": 0.0},
        {"arch": "vgg", "depth": 16, "dropout": 0.0, "head_width": 64},
        {"arch": "timm:test_resnet", "log_activation": False, "image_size": 96},
        {"folds": 5, "fold": 2, "split_by": "group", "fraction": 0.25},
        {"input": "ccf", "ccf_centre": "12.5,30", "ccf_kind": "radial"},
        {"schedule": "piecewise", "milestones": (10, 20), "optimizer": "sgd", "flips": False},
    ],
)
def test_the_command_trains_the_very_network(changes: dict[str, object]) -> None:
    usual = load_experiment("quick").base
    wanted = TrialConfig().replace({"count": 512, **changes}) if changes else usual
    said = shlex.split(train_command(wanted))
    assert said[:4] == ["airybench", "train", "--dataset", "helium"]
    options: dict[str, object] = {}
    words = iter(said[4:])
    for word in words:
        name = word.removeprefix("--").replace("-", "_")
        options |= {name[3:]: False} if name.startswith("no_") else {name: True if _switch(name) else next(words)}
    assert usual.replace(single_values(given_parameters(options, []))) == wanted


def _switch(name: str) -> bool:
    return isinstance(TrialConfig().params().get(name), bool)


def test_a_file_is_not_known_by_its_place() -> None:
    config = TrialConfig().replace({"dataset": "run7", "count": 99, "simulator": 0})
    said = train_command(config, simulated=False)
    assert said.startswith("airybench train --dataset PATH ")
    assert "--count" not in said
    assert "--simulator" not in said
