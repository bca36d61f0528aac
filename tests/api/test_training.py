"""One training from Python: tracked, scored, and its model at hand."""

from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

import airybench as ab


def test_training_returns_what_its_run_keeps(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = ab.load_dataset("helium", count=64)
    found = ab.train(ab.load_experiment(str(tiny)).base, data)
    run = MlflowClient(tracking_uri=found.tracking_uri).get_run(found.run_id)
    assert found.tracking_uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert run.data.metrics["test/macro_ap"] == found.scores["macro_ap"].value
    assert run.data.metrics["test/macro_ap/low"] == found.scores["macro_ap"].low
    assert run.data.metrics["best/macro_f1"] == found.val["macro_f1"]
    model = found.model
    assert model.class_names == data.class_names
    assert np.isfinite(model.predict(data.images([0])).logits).all()
