"""The tracking store: its URI, whether it answers, and the experiment in use."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airybench.errors import TrackingError
from airybench.passwords import hidden, set_apart, whole
from airybench.tracking.creation import make_store
from airybench.tracking.relocation import FOLDER, follow_move
from airybench.tracking.server import check_server

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "airybench"
RELOCATE = "airybench studies relocate --tracking-uri sqlite:////NEW/mlflow.db"
"""What brings studies to their store, if that was moved alone."""

RUN_VARIABLE = "MLFLOW_RUN_ID"  # in which `mlflow run` names the run that it made
ANSWER_SECONDS = 5.0  # for a file that another process writes


@dataclass(frozen=True)
class Tracking:
    """A tracking store that answers, and the experiment in use.

    Attributes:
        uri: of the store, without a password.
        experiment_id: of the experiment.
    """

    uri: str
    experiment_id: str

    def __reduce__(self) -> tuple[Any, ...]:
        """For a worker process: with the password, which that process keeps apart as well."""
        return _received, (whole(self.uri), self.experiment_id)


def _received(uri: str, experiment_id: str) -> Tracking:
    return Tracking(set_apart(uri), experiment_id)


def client_of(uri: str) -> "MlflowClient":
    """MLflow's client of a store.

    Args:
        uri: of the store; the password that was given with it is added.

    Raises:
        TrackingError: credentials that were asked for cannot be used.
    """
    from mlflow import MlflowClient

    from airybench.tracking.credentials import use_credentials

    uri = set_apart(uri)
    use_credentials(uri)
    return MlflowClient(tracking_uri=driver_uri(uri))


def driver_uri(uri: str) -> str:
    """The URI for MLflow: of a database with the password, of a server without, where requests carry it."""
    return uri if uri.startswith(("http://", "https://")) else whole(uri)


def tracking_uri(option: str | None = None) -> str:
    """The option, else MLFLOW_TRACKING_URI, else `mlflow.db` in the working folder, so that plain `mlflow ui` shows it.

    A sqlite path is made absolute: a study resumed from another folder must find its runs. A password is taken off and
    kept for the connections of this process.
    """
    uri = set_apart(option or os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db")
    path = sqlite_path(uri)
    return f"sqlite:///{path.absolute()}" if path else uri


def check(uri: str, *, existing: bool = False, option: str = "--tracking-uri") -> None:
    """Make sure that a store can be used, without creating anything.

    Args:
        uri: the store.
        existing: it must exist, since a study or a run is in it.
        option: with which another store can be chosen.

    Raises:
        TrackingError: a folder store (MLflow has retired them), a folder that cannot be written, or no answer.
    """
    uri = set_apart(uri)
    scheme = urlsplit(uri).scheme
    path = sqlite_path(uri)
    if path is not None:
        _check_file(path, existing, option)
    elif scheme in ("http", "https"):
        check_server(uri, option)
    elif scheme.split("+")[0] in ("postgresql", "mysql", "mssql"):
        _check_database(uri)
    elif scheme in ("", "file"):
        raise TrackingError(
            f"tracking URI {uri!r} is a folder, which MLflow no longer tracks to; use sqlite:///mlflow.db or a server"
        )
    elif scheme != "databricks":
        raise TrackingError(f"tracking URI {uri!r} is unknown to MLflow; use sqlite:///FILE, http://... or a database")


def _check_file(path: Path, existing: bool, option: str) -> None:
    if not path.parent.is_dir():
        raise TrackingError(f"tracking store {path}: the folder {path.parent} does not exist; create it first")
    if path.is_dir():
        raise TrackingError(f"tracking store {path} is a folder; give a file in it, such as sqlite:///{path}/mlflow.db")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise TrackingError(f"tracking store {path} cannot be written; choose another with {option}")
    if existing and not path.exists():
        if RUN_VARIABLE in os.environ:
            raise TrackingError(
                f"tracking store {path} does not exist, though the run that was made for this is in it; `mlflow run` "
                "works in a folder of its own: give it MLFLOW_TRACKING_URI with an absolute path, sqlite:////..."
            )
        raise TrackingError(
            f"tracking store {path} is gone, with the runs of this study; if it was moved: {RELOCATE}; else restore "
            "it, or use --fresh"
        )


def _check_database(uri: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_engine(whole(uri)).connect():
            pass
    except (SQLAlchemyError, ImportError) as error:
        reason = " ".join(hidden(str(error)).split())[:200]
        raise TrackingError(f"tracking database {uri} cannot be used: {reason}") from None


@contextmanager
def active(uri: str) -> Iterator[None]:
    """Make a store the global one of MLflow inside the block, for its functions that take no client.

    MLflow keeps the global URI in the environment as well, where the next study would take it for the user's choice.
    """
    import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(driver_uri(uri))
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None clears the environment as well


def settle() -> None:
    """Configure MLflow for unattended work, unless the user's environment says otherwise.

    Requests to a server are tried again after 0, 2, 4, 8, ... at most 120 s, ten times, about eight minutes in all: a
    server may be away for that long, and a trial waits instead of failing.
    """
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)  # a user need not know of table migrations
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # nor of every retry
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # files are small
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # stdout is for results
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10")  # the maximum of MLflow
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")


@contextmanager
def tried_once() -> Iterator[None]:
    """Send each request once inside the block: who interrupts a command does not wait minutes for a server."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name)
    os.environ[name] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def reopen(uri: str, experiment_id: str = "") -> Tracking:
    """An existing store, for reading; nothing is created.

    Raises:
        TrackingError: it is gone, or does not answer.
    """
    uri = set_apart(uri)  # a study of an earlier version holds it as it was typed
    path = sqlite_path(uri)
    if path is not None and not path.exists():
        raise TrackingError(
            f"there is no tracking store {path}; run a sweep first, or name another, --tracking-uri; if the store of a "
            f"study was moved: {RELOCATE}"
        )
    check(uri)
    if path is not None:
        follow_move(path)
    settle()
    return Tracking(uri, experiment_id)


def connect(uri: str) -> Tracking:
    """Open the store and the experiment, creating both where they are missing.

    The experiment is the one that `mlflow run` chose, else `airybench`. With a SQLite file, artifacts go to `mlruns/`
    beside it, whatever folder later commands run in.

    Raises:
        TrackingError: the store refuses.
    """
    settle()
    uri = set_apart(uri)
    from mlflow.exceptions import MlflowException

    path = sqlite_path(uri)
    if path is not None and path.exists():
        follow_move(path)
    try:
        return Tracking(uri, _experiment(uri))
    except TrackingError:
        raise
    except Exception as error:
        # Whatever the driver of this store raises: MLflow hands errors of SQLAlchemy and requests through.
        of_store = isinstance(error, MlflowException | OSError | ImportError)
        if not of_store and "sqlalchemy" not in type(error).__module__:
            raise
        reason = " ".join(hidden(str(error)).split())[:200]
        raise TrackingError(
            f"tracking store {uri} cannot be used: {reason}; choose another with --tracking-uri"
        ) from error


def load_store() -> None:
    """Load what MLflow reads a database with, which takes seconds; nothing is opened."""
    import_module("mlflow.store.tracking.sqlalchemy_store")


def _experiment(uri: str) -> str:
    """Id of the experiment in use, which is created where it is missing."""
    from mlflow.exceptions import MlflowException

    of_store = _client(uri)
    chosen = os.environ.get("MLFLOW_EXPERIMENT_ID")
    if chosen:
        try:
            return str(of_store.get_experiment(chosen).experiment_id)
        except MlflowException:
            raise TrackingError(f"MLFLOW_EXPERIMENT_ID is {chosen}, which {uri} lacks; unset it") from None
    return experiment_named(uri, os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT)


def experiment_named(uri: str, name: str) -> str:
    """Id of an experiment, which is created where it is missing.

    Raises:
        TrackingError: it was deleted.
    """
    of_store = _client(uri)
    found = of_store.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        raise TrackingError(f"experiment {name!r} was deleted in {uri}; restore it, or set MLFLOW_EXPERIMENT_NAME")
    if found is not None:
        return str(found.experiment_id)
    path = sqlite_path(uri)
    artifacts = (path.parent / FOLDER / name).absolute().as_uri() if path else None
    return str(of_store.create_experiment(name, artifact_location=artifacts))


def _client(uri: str) -> "MlflowClient":
    """MLflow's client of a store, which is made whole where it is missing."""
    path = sqlite_path(uri)
    if path:
        make_store(path.absolute())
    return client_of(uri)


def local_folder(uri: str) -> Path | None:
    """The folder on this machine that holds the artifacts of a store; None where they are elsewhere."""
    path = sqlite_path(uri)
    return path.parent.absolute() if path else None


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite store; None of another kind."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None
