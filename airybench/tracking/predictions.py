"""The predictions that a run keeps, read from its artifacts."""

import tempfile
from dataclasses import replace
from pathlib import Path

from airybench.data.store.find import runs_of_shots
from airybench.inference.predictions import Predictions
from airybench.inference.stressed import STRESSED, Stressed, read_stressed
from airybench.provenance import Provenance
from airybench.tracking.run import Run


def predictions(run: Run, part: str) -> Predictions:
    """Fetch the predictions of a run.

    Those of older versions say neither which store they are from nor the runs of their shots: the former is taken from
    the tags of the run, the latter from the store where it still is in the data folder.

    Args:
        run: of a trial, a training or a baseline.
        part: `val` or `test`.

    Raises:
        TrackingError: the run keeps none.
    """
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        found = Predictions.read(run.fetch(f"predictions/{part}.h5", Path(folder)))
    if found.store_sha256 and found.groups is not None:
        return found
    origin = Provenance.from_tags(run.tags())
    sha256 = found.store_sha256 or origin.data_sha256
    groups = runs_of_shots(sha256, found.ids) if found.groups is None and sha256 else found.groups
    return replace(found, store_sha256=sha256, split_digest=found.split_digest or origin.split_digest, groups=groups)


def stressed(run: Run) -> tuple[Predictions, Stressed]:
    """Fetch the test predictions of a trial of `sweep --stress`, unchanged and under every change of the detector.

    Raises:
        TrackingError: the run keeps none.
    """
    clean = predictions(run, "test")
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        return clean, read_stressed(run.fetch(f"predictions/{STRESSED}", Path(folder)), clean)
