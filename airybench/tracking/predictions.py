"""The predictions that a run keeps, read from its artifacts."""

import tempfile
from pathlib import Path

from airybench.inference.predictions import Predictions
from airybench.inference.stressed import STRESSED, Stressed, read_stressed
from airybench.tracking.run import Run


def predictions(run: Run, part: str) -> Predictions:
    """Fetch the predictions of a run.

    Args:
        run: of a trial, a training or a baseline.
        part: `val` or `test`.

    Raises:
        TrackingError: the run keeps none.
    """
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        return Predictions.read(run.fetch(f"predictions/{part}.h5", Path(folder)))


def stressed(run: Run) -> tuple[Predictions, Stressed]:
    """Fetch the test predictions of a trial of `sweep --stress`, unchanged and under every change of the detector.

    Raises:
        TrackingError: the run keeps none.
    """
    clean = predictions(run, "test")
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        return clean, read_stressed(run.fetch(f"predictions/{STRESSED}", Path(folder)), clean)
