"""Epochs are written in few batches, and none is lost whatever way a training ends."""

import sys

import pytest
from mlflow import MlflowClient

from airybench.tracking.recording import Recording
from airybench.tracking.run import Run
from airybench.tracking.store import connect


@pytest.fixture
def run(tmp_path) -> Run:
    return Run.create(connect(f"sqlite:///{tmp_path / 'mlflow.db'}"), "one", "train", {})


@pytest.fixture
def batches(run, monkeypatch) -> list[int]:
    """Steps that each log_batch call of this run carried."""
    sizes: list[int] = []
    plain = run.client.log_batch

    def counted(run_id, metrics=(), **rest):
        sizes.append(len({metric.step for metric in metrics}))
        assert len(metrics) <= 1000
        return plain(run_id, metrics=metrics, **rest)

    monkeypatch.setattr(run.client, "log_batch", counted)
    return sizes


def history(run, key) -> list[tuple[int, float]]:
    found = MlflowClient(tracking_uri=run.tracking.uri).get_metric_history(run.run_id, key)
    return [(metric.step, metric.value) for metric in found]


def test_short_epochs_share_a_batch(run, batches) -> None:
    with Recording(run, flush_seconds=60) as recording:
        for step in range(1, 121):
            recording.epoch({f"val/m{index}": step + index / 100 for index in range(20)}, step)
    assert batches == [50, 50, 20]
    assert history(run, "val/m7") == [(step, step + 0.07) for step in range(1, 121)]


def test_long_epochs_are_seen_at_once(run, batches) -> None:
    with Recording(run, flush_seconds=0) as recording:
        recording.epoch({"val/a": 1.0}, 1)
        assert history(run, "val/a") == [(1, 1.0)]
        recording.epoch({"val/a": 2.0}, 2)
    assert batches == [1, 1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_lost_when_a_training_stops(run, error) -> None:
    def stop() -> None:
        with Recording(run, flush_seconds=60) as recording:
            recording.epoch({"val/a": 0.5}, 1)
            raise error

    with pytest.raises(error):
        stop()
    assert history(run, "val/a") == [(1, 0.5)]


def test_what_the_store_refused_is_written_by_the_next_flush(run, monkeypatch) -> None:
    plain, calls = run.client.log_batch, []

    def away_once(run_id, metrics=(), **rest):
        calls.append(1)
        if len(calls) == 1:
            raise OSError("away")
        return plain(run_id, metrics=metrics, **rest)

    monkeypatch.setattr(run.client, "log_batch", away_once)
    with Recording(run, flush_seconds=60) as recording:
        recording.epoch({"val/a": 0.5}, 1)
        with pytest.raises(OSError, match="away"):
            recording.flush()
        recording.epoch({"val/a": 0.6}, 2)
    assert history(run, "val/a") == [(1, 0.5), (2, 0.6)]


def test_even_a_short_trial_shows_what_the_machine_did(run) -> None:
    with Recording(run):
        pass
    found = run.client.get_run(run.run_id).data.metrics
    assert 0 < found["system/system_memory_usage_percentage"] < 100
    assert "system/cpu_utilization_percentage" in found


@pytest.mark.parametrize("missing", ["psutil", "mlflow.system_metrics.system_metrics_monitor"])
def test_a_missing_library_costs_the_system_metrics_alone(run, monkeypatch, missing) -> None:
    for name in [name for name in sys.modules if name.startswith("mlflow.system_metrics")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with Recording(run) as recording:
        recording.epoch({"val/a": 0.5}, 1)
    assert run.client.get_run(run.run_id).data.metrics == {"val/a": 0.5}
