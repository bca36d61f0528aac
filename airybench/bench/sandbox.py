"""A place for what a benchmark of studies leaves behind, apart from the user's own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sandbox() -> Iterator[Path]:
    """A temporary folder in which stores, studies and MLflow runs are kept meanwhile; it is deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as name:
        folder = Path(name)
        inside = {
            "AIRYBENCH_DATA": str(folder),
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "MLFLOW_RUN_ID": None,
        }
        before = {variable: os.environ.get(variable) for variable in inside}
        _set(inside)
        try:
            yield folder
        finally:
            _set(before)


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
