"""Making a SQLite store: under another name, and renamed when it is whole, as MLflow cannot go on with half of one."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from airybench.errors import TrackingError
from airybench.paths import lock_file, locked, require_free
from airybench.tracking.relocation import FOLDER

UNTOUCHED_SECONDS = 10.0
"""So long nobody has written to a half-made store before it is taken for one that a kill left."""

NEW_BYTES = 4 * 2**20
"""More than MLflow's tables take, with the journal of their making."""

BUSY_SECONDS = 60.0  # of another program that writes
FILLED_BY_MLFLOW = {"alembic_version", "workspaces"}
"""Tables in which something stands before anybody has logged."""


def make_store(path: Path) -> None:
    """Make an MLflow store where there is none; a whole one stays as it is.

    Half of one, as a program leaves it that was killed while MLflow made its tables, holds nothing and is replaced.

    Args:
        path: the file.

    Raises:
        TrackingError: it cannot be written.
    """
    if not lock_file(path).exists() and not _is_missing(path):
        return
    with locked(path):
        if _is_missing(path) and not _is_finished_by_another(path):
            unfinished = path.with_name(f".{path.name}.part")
            for leftover in (*_journals(unfinished), unfinished):
                leftover.unlink(missing_ok=True)
            # MLflow goes on with a half-made store when the disk is full, and tells what came of that.
            require_free(path.parent, NEW_BYTES, "or choose another store with --tracking-uri")
            _make(unfinished, path.parent / FOLDER)
            os.replace(unfinished, path)


def _make(unfinished: Path, artifacts: Path) -> None:
    """Let MLflow make its tables and its own experiment in a new file, and sync it to disk."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{unfinished}", artifacts.as_uri())
    store._dispose_engine()  # else this process would keep the file open under its first name
    SqlAlchemyStore._engine_map.pop(store.db_uri, None)
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())


def _is_missing(path: Path) -> bool:
    """Whether there is no file, or half a store: tables of MLflow's alone, in which nothing stands."""
    if not path.exists():
        return True
    # Opened for writing, since SQLite then first takes back what a kill left half written.
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "experiments" in tables and database.execute("SELECT 1 FROM experiments").fetchone():
                return False
            # A store that was killed in an upgrade holds runs, and may lack the table of experiments for a moment.
            return _are_of_mlflow(tables) and not any(
                database.execute(f'SELECT 1 FROM "{name}"').fetchone() for name in tables - FILLED_BY_MLFLOW
            )
    except sqlite3.Error as error:
        raise TrackingError(
            f"tracking store {path} cannot be used: {error}; choose another with --tracking-uri"
        ) from None


def _are_of_mlflow(tables: set[str]) -> bool:
    """Whether every table is one that MLflow makes; true of a file without any."""
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.tracking.dbmodels import initial_models, models  # noqa: F401  # they fill the list of tables

    known = Base.metadata.tables.keys() | initial_models.Base.metadata.tables.keys() | {"alembic_version"}
    return all(name in known or name.startswith(("_alembic_tmp_", "sqlite_")) for name in tables)


def _is_finished_by_another(path: Path) -> bool:
    """Wait while another program, such as `mlflow ui`, makes the store; whether it is whole then."""
    if not path.exists():
        return False
    before, since = path.stat(), time.monotonic()
    while time.monotonic() - since < UNTOUCHED_SECONDS:
        time.sleep(0.1)
        if not _is_missing(path):
            return True
        now = path.stat()
        if (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
            before, since = now, time.monotonic()
    return False


def _journals(path: Path) -> list[Path]:
    """The files that SQLite writes beside a database."""
    return [path.with_name(path.name + ending) for ending in ("-journal", "-wal", "-shm")]
