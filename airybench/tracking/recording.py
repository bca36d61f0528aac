"""Logging while a network trains: metrics of epochs in batches, and system metrics."""

import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from mlflow.entities import Metric

from airybench.tracking.run import Run
from airybench.tracking.store import driver_uri

FLUSH_SECONDS = 5.0
"""Epochs wait at most this long in memory; with epochs of a second, logging each would take much of the time."""

BATCH = 1000  # metrics that MLflow accepts at once

SAMPLE_SECONDS = 10.0


class Recording:
    """Epoch metrics and system metrics of one run, as a block; everything is written, however the block ends.

    Args:
        run: the run that trains.
        flush_seconds: how long epochs may wait in memory.
    """

    def __init__(self, run: Run, flush_seconds: float = FLUSH_SECONDS) -> None:
        self._run = run
        self._flush_seconds = flush_seconds
        self._waiting: list[Metric] = []
        self._flushed = time.monotonic()
        self._monitor = _system_monitor(run)

    def __enter__(self) -> Self:
        if self._monitor is not None:
            self._monitor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            self._stop()

    def epoch(self, metrics: Mapping[str, float], step: int) -> None:
        """Keep the metrics of an epoch with the present time, and write them when they have waited long enough."""
        now = int(time.time() * 1000)
        self._waiting += [Metric(key, value, now, step) for key, value in metrics.items()]
        if time.monotonic() - self._flushed >= self._flush_seconds:
            self.flush()

    def flush(self) -> None:
        """Write what waits; it stays in memory until the store has accepted it."""
        while self._waiting:
            self._run.client.log_batch(self._run.run_id, metrics=self._waiting[:BATCH])
            del self._waiting[:BATCH]
        self._flushed = time.monotonic()

    def _stop(self) -> None:
        monitor = self._monitor
        if monitor is None:
            return
        with suppress(Exception):  # system metrics are not worth a trial
            monitor.finish()
            if monitor._logging_step == 0:  # the trial was shorter than one sampling interval
                monitor.collect_metrics()
                monitor.publish_metrics(monitor.aggregate_metrics())
                monitor.mlflow_logger.flush()


def _system_monitor(run: Run) -> Any:
    """MLflow's monitor of CPU, memory, disk, network and GPU; None where its libraries are missing."""
    try:
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        return SystemMetricsMonitor(
            run.run_id,
            sampling_interval=SAMPLE_SECONDS,
            resume_logging=False,
            tracking_uri=driver_uri(run.tracking.uri),
        )
    except Exception:  # psutil is missing, or measures nothing on this machine
        return None
