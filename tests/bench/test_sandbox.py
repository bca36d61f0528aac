"""What a benchmark leaves behind stays apart from the user's own, and goes."""

import os

import pytest

from airybench.bench.sandbox import sandbox
from airybench.paths import data_folder
from airybench.tracking.store import tracking_uri


def test_the_environment_is_another_one_inside_and_the_same_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "mine")
    before = dict(os.environ)
    inside = sandbox()
    folder = inside.__enter__()
    assert data_folder() == folder
    assert tracking_uri() == f"sqlite:///{folder / 'mlflow.db'}"
    assert "MLFLOW_RUN_ID" not in os.environ
    (folder / "studies").mkdir()
    stop = KeyboardInterrupt()  # as Ctrl-C ends a benchmark
    assert not inside.__exit__(KeyboardInterrupt, stop, None)
    assert dict(os.environ) == before
    assert not folder.exists()
