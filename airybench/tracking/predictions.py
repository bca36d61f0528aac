"""The logits that a run keeps, read back from its artifacts."""

import tempfile
from pathlib import Path

from airybench.inference.predictions import Predictions
from airybench.tracking.run import Run


def predictions(run: Run, part: str) -> Predictions:
    """Fetch the logits that a run kept of `val` or `test`."""
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        return Predictions.read(run.fetch(f"predictions/{part}.h5", Path(folder)))
