"""What is written while a network trains: epochs in batches, and what the machine does meanwhile."""

import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from mlflow.entities import Metric

from airybench.tracking.run import Run

FLUSH_SECONDS = 5.0
"""Epochs wait at most this long in memory: second-long epochs would else spend a good part of their time on logging."""

BATCH = 1000  # metrics that MLflow takes at once

SAMPLE_SECONDS = 10.0


class Recording:
    """Epoch metrics and system metrics of one run, as a block; whatever way the block ends, nothing is left unwritten.

    Args:
        run: the run that trains.
        flush_seconds: how long epochs may wait.
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
        """Keep the metrics of an epoch under the time it ended, and write them when it is time."""
        now = int(time.time() * 1000)
        self._waiting += [Metric(key, value, now, step) for key, value in metrics.items()]
        if time.monotonic() - self._flushed >= self._flush_seconds:
            self.flush()

    def flush(self) -> None:
        """Write what waits; it stays in memory until the store has taken it."""
        while self._waiting:
            self._run.client.log_batch(self._run.run_id, metrics=self._waiting[:BATCH])
            del self._waiting[:BATCH]
        self._flushed = time.monotonic()

    def _stop(self) -> None:
        monitor = self._monitor
        if monitor is None:
            return
        with suppress(Exception):  # what fails here is worth less than the trial
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
            run.run_id, sampling_interval=SAMPLE_SECONDS, resume_logging=False, tracking_uri=run.tracking.uri
        )
    except Exception:  # psutil is missing, or counts nothing on this machine
        return None
