"""The run that `mlflow run` made, for commands that create none themselves."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airybench.tracking.store import RUN_VARIABLE
from airybench.tracking.target import TrackingTarget

if TYPE_CHECKING:
    from airybench.tracking.run import Run


@contextmanager
def launched(name: str, kind: str, params: Mapping[str, object]) -> Iterator["Run | None"]:
    """Join the run that `mlflow run` made, and close it at the end of the block; otherwise do nothing.

    The run is in the store where MLflow made it, whatever store the command itself reads from.

    Args:
        name: of the run, as MLflow shows it.
        kind: `predict`, or `launch` for what has no kind of its own.
        params: the options of the command.

    Yields:
        The run; None where the command was not started by `mlflow run`.

    Raises:
        TrackingError: the run is not in the store that the environment names.
    """
    if not os.environ.get(RUN_VARIABLE):
        yield None
        return
    from airybench.tracking.run import Run  # imports mlflow, which the command may not need

    target = TrackingTarget.chosen()
    assert target.joined is not None
    run = Run.join(target.connect(), target.joined, name, kind, {})
    with run.ending():
        run.params(params)
        yield run
