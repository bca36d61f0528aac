"""The run that `mlflow run` made, for commands that make none of their own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airybench.tracking.run import Run


@contextmanager
def launched(name: str, kind: str, params: Mapping[str, object]) -> Iterator["Run | None"]:
    """Join the run that `mlflow run` made, and close it as the block ends; elsewhere nothing happens, at no cost.

    The run is where MLflow made it, whatever store the command itself reads from.

    Args:
        name: of the run, in words.
        kind: `predict`, or `launch` for what has no kind of its own.
        params: what the command was asked for.

    Yields:
        The run; None where `mlflow run` is not who started this.

    Raises:
        TrackingError: the run is not in the store that the environment names.
    """
    joined = os.environ.get("MLFLOW_RUN_ID")
    if not joined:
        yield None
        return
    from airybench.tracking.run import Run  # imports mlflow, which the command may not need
    from airybench.tracking.store import check, connect, tracking_uri

    uri = tracking_uri()
    check(uri, existing=True)
    run = Run.join(connect(uri), joined, name, kind, {})
    with run.ending():
        run.params(params)
        yield run
