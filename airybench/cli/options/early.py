"""What happens before torch and MLflow are loaded, which takes many seconds: wrong names are refused."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

SILENT_SECONDS = 1.0


@contextmanager
def loading() -> Iterator[None]:
    """Say that libraries are being loaded, if that takes more than a moment, so that no command looks stuck."""
    timer = threading.Timer(SILENT_SECONDS, _say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@cache
def _say() -> None:
    """Once a process, and on stderr: the console is among what is loaded."""
    print("loading torch and MLflow ...", file=sys.stderr, flush=True)


def require_datasets(names: Sequence[str]) -> None:
    """Refuse a name that is no data set, file or folder.

    Raises:
        ConfigError: no known name.
        DataError: no such file.
    """
    from airybench.data.datasets.catalog import display_name

    for name in names:
        display_name(name)


def require_studies(wanted: Sequence[str], storage: str | None) -> None:
    """Refuse a study that is not in the storage.

    Raises:
        StudyError: it is not there.
        ConfigError: there is no such storage.
    """
    from airybench.paths import data_folder
    from airybench.sweep.saved_studies import names
    from airybench.sweep.storage import open_storage

    names(open_storage(storage, data_folder() / "studies"), wanted)


def require_model(model: str, uri: str | None) -> None:
    """Refuse a name that is no model, or a model in a tracking store that is not there.

    Raises:
        DataError: no such model.
        TrackingError: the store is gone or does not answer.
    """
    from airybench.jobs.model_store import store_of

    store_of(model, uri)
