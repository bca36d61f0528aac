"""A training as a job: what its run keeps, that it resumes in the same run, and what closes the run as failed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run
from reporters import CollectingReporter
from sklearn.metrics import average_precision_score

from airybench.config import TrialConfig
from airybench.errors import ConfigError, TrialError
from airybench.jobs.options import RunOptions
from airybench.jobs.train import Training, run_training
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run as TrackedRun
from airybench.tracking.store import connect

CPU = torch.device("cpu")
CONFIG = TrialConfig().replace(
    {"count": 64, "arch": "timm:resnet10t", "image_size": 32, "antialias": True, "epochs": 2, "batch_size": 16}
)


def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def go(folder: Path, config: TrialConfig = CONFIG, **options: object) -> Training:
    found = run_training(config, "helium", device=CPU, options=RunOptions(uri(folder), **options))  # type: ignore[arg-type]
    assert found is not None
    return found


def runs(folder: Path) -> list[Run]:
    return MlflowClient(uri(folder)).search_runs([connect(uri(folder)).experiment_id])


def test_its_run_keeps_the_scores_and_a_model(tmp_path: Path) -> None:
    found = go(tmp_path, register_as="mine")
    (run,) = runs(tmp_path)
    assert (run.info.run_id, run.info.status, run.info.run_name) == (found.run_id, "FINISHED", found.title)
    assert run.data.tags["airybench.kind"] == "train"
    kept = predictions(TrackedRun(connect(uri(tmp_path)), found.run_id), "test")
    scored = [c for c, name in enumerate(kept.class_names) if name not in found.unscored]
    expected = np.mean([average_precision_score(kept.labels[:, c], kept.logits[:, c]) for c in scored])
    assert found.test["test/macro_ap"] == pytest.approx(expected)
    assert found.test.items() | found.majority.items() <= run.data.metrics.items()
    assert found.val["macro_ap"] == run.data.metrics["best/macro_ap"]
    assert found.registered is not None
    assert MlflowClient(uri(tmp_path)).get_registered_model("mine")


def test_an_interrupted_training_goes_on_in_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(CollectingReporter):
        """Presses Ctrl-C after the first epoch."""

        def progress(self, title: str):  # type: ignore[no-untyped-def]
            """A bar that interrupts."""
            from contextlib import contextmanager

            @contextmanager
            def bar():  # type: ignore[no-untyped-def]
                def step(done: int, total: int) -> None:
                    if title.startswith("training"):
                        raise KeyboardInterrupt

                yield step

            return bar()

    options = RunOptions(uri(tmp_path), checkpoint_every=0.0)
    with pytest.raises(KeyboardInterrupt):
        run_training(CONFIG, "helium", device=CPU, options=options, reporter=Interrupting())
    (stopped,) = runs(tmp_path)
    assert stopped.info.status != "FINISHED"
    reporter = CollectingReporter()
    found = run_training(CONFIG, "helium", device=CPU, options=options, reporter=reporter)
    assert found is not None
    assert any("resuming its unfinished training" in line for line in reporter.notices)
    (run,) = runs(tmp_path)
    assert (run.info.run_id, run.info.status) == (stopped.info.run_id, "FINISHED")
    again = go(tmp_path)  # a finished one leaves no checkpoint: this is a training of its own
    assert again.run_id != found.run_id
    assert again.val == found.val  # and the interruption has changed nothing


def test_a_failure_is_kept_on_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(*_: object, **__: object) -> None:
        raise TrialError("loss is not finite")

    monkeypatch.setattr("airybench.jobs.train.execute", diverge)
    with pytest.raises(TrialError, match="loss is not finite"):
        go(tmp_path)
    (run,) = runs(tmp_path)
    assert run.info.status == "FAILED"


def test_a_name_that_cannot_be_registered_is_refused_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'a/b' is no name for a model"):
        go(tmp_path, register_as="a/b")
    assert not (tmp_path / "mlflow.db").exists()
