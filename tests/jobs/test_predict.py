"""Predicting a file as a job: the answers of `predict`, and the run of `mlflow run` that keeps what was asked."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from small_predictions import COUNT, CPU, assert_same, columns, go, model, store

from airybench.data.formats.dispatch import open_shots
from airybench.errors import DataError
from airybench.inference.predict import PredictOptions
from airybench.jobs.predict import predict_file
from airybench.tracking.store import connect


def test_a_file_is_predicted_as_its_shots_are(tmp_path: Path) -> None:
    source = store(tmp_path / "run.h5")
    go(model(), open_shots(source), tmp_path / "expected.h5")
    output = tmp_path / "out.h5"
    done = predict_file("m", model(), source, output, device=CPU, options=PredictOptions(readers=0))
    assert (done.shots, done.output) == (COUNT, output)
    assert_same(output, columns(tmp_path / "expected.h5"))
    assert not list(tmp_path.glob("*.db"))  # nothing is tracked


def launched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[MlflowClient, str]:
    """A run as `mlflow run` leaves it to its command."""
    tracking = connect(uri := f"sqlite:///{folder / 'mlflow.db'}")
    client = MlflowClient(uri)
    run_id = client.create_run(tracking.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    return client, run_id


def test_the_run_of_mlflow_keeps_what_was_asked_and_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, output = store(tmp_path / "run.h5"), tmp_path / "out.h5"
    client, run_id = launched(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    predict_file("m", model(), source, Path("out.h5"), device=CPU, options=PredictOptions(readers=0))
    found = client.get_run(run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"model": "m", "source": str(source), "output": "out.h5"}
    assert found.data.metrics["predict/shots"] == COUNT
    assert str(output) in found.data.tags.values()
    assert found.data.tags["airybench.kind"] == "predict"


def test_a_file_that_cannot_be_read_closes_the_run_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = store(tmp_path / "run.h5", side=30)  # the model was trained on larger images
    client, run_id = launched(tmp_path, monkeypatch)
    with pytest.raises(DataError):
        predict_file("m", model(), source, tmp_path / "out.h5", device=CPU, options=PredictOptions(readers=0))
    assert client.get_run(run_id).info.status == "FAILED"
    assert not (tmp_path / "out.h5").exists()


def test_a_file_that_exists_is_not_replaced(tmp_path: Path) -> None:
    source, output = store(tmp_path / "run.h5"), tmp_path / "out.h5"
    output.write_bytes(b"older answers")
    with pytest.raises(DataError, match="exists already; add --force"):
        predict_file("m", model(), source, output, device=CPU)
    assert output.read_bytes() == b"older answers"


def test_a_source_is_not_replaced_even_by_force(tmp_path: Path) -> None:
    source = store(tmp_path / "run.h5")
    before = source.read_bytes()
    with pytest.raises(DataError, match="cannot be replaced by its own prediction"):
        predict_file("m", model(), source, source, device=CPU, options=PredictOptions(force=True))
    assert source.read_bytes() == before
