"""Artifacts of a SQLite store whose folder was moved or copied, found again beside the database.

MLflow keeps the absolute place of the artifacts of every experiment, run and model. Those that stand in `mlruns` beside
the database belong to it, wherever both are now: their places are brought up to date when the store is opened.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

FOLDER = "mlruns"
"""The folder of artifacts beside a database."""

_WAIT_SECONDS = 5.0
_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns of MLflow that hold places."""


def follow_move(database: Path) -> None:
    """Bring the places in a store up to date whose artifacts stand beside it, and not where it says.

    A place elsewhere, such as a disk of its own for artifacts, stays. A store that another process is writing, or that
    is none of MLflow's, is left as it is.

    Args:
        database: an existing SQLite file.
    """
    root = database.absolute().parent / FOLDER
    if not root.is_dir():
        return
    with suppress(sqlite3.Error), closing(_opened(database, "rw")) as file:
        strays = [(table, column, list(_strays(file, table, column, root))) for table, column in _PLACES]
        moved = _moved_roots([place for _, _, found in strays for _, place in found], root)
        if not moved:
            return
        with file:
            file.execute("BEGIN IMMEDIATE")
            for table, column, found in strays:
                renamed = [(new, row) for row, place in found if (new := _renamed(place, moved, root))]
                file.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", renamed)


def lost_places(database: Path) -> list[Path]:
    """Folders of artifacts that a store names, but that do not exist, of experiments with finished runs."""
    asked = (
        "SELECT DISTINCT artifact_location FROM experiments WHERE EXISTS (SELECT 1 FROM runs WHERE runs.experiment_id "
        "= experiments.experiment_id AND status = 'FINISHED' AND runs.lifecycle_stage = 'active')"
    )
    try:
        with closing(_opened(database, "ro")) as file:
            places = [local_path(str(place)) for (place,) in file.execute(asked)]
    except sqlite3.Error:
        return []
    return [place for place in places if place is not None and not place.exists()]


def holds_run(database: Path, run_id: str) -> bool:
    """Whether a file is a store of MLflow with a run, deleted or not."""
    try:
        with closing(_opened(database, "ro")) as file:
            return file.execute("SELECT 1 FROM runs WHERE run_uuid = ?", (run_id,)).fetchone() is not None
    except sqlite3.Error:
        return False


def local_path(place: str) -> Path | None:
    """The path of an artifact location on this machine; None of another kind.

    >>> local_path("file:///data/my%20runs"), local_path("mlflow-artifacts:/1")
    (PosixPath('/data/my runs'), None)
    """
    if place.startswith("file:"):
        return Path(url2pathname(urlsplit(place).path))
    return Path(place) if place.startswith("/") else None


def _opened(database: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(database.absolute()))}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)


def _strays(file: sqlite3.Connection, table: str, column: str, root: Path) -> Iterator[tuple[int, str]]:
    """Rows whose place on this machine is not below a root."""
    inside = (f"{root.as_uri()}/", f"{root}/")
    for row, place in file.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"):
        if local_path(place) is not None and not place.startswith(inside):
            yield row, place


def _moved_roots(places: list[str], root: Path) -> set[Path]:
    """Folders named like the root of which a part stands below the root now; not the root itself by another name."""
    found: set[Path] = set()
    for place in places:
        old = _old_root(place)
        if old is None or old in found or (old.exists() and old.samefile(root)):
            continue
        if (root / Path(str(local_path(place))).relative_to(old)).exists():
            found.add(old)
    return found


def _renamed(place: str, moved: set[Path], root: Path) -> str | None:
    """The place below the root for one below a moved root; None where it stays."""
    old, path = _old_root(place), local_path(place)
    if old not in moved or path is None:
        return None
    new = root / path.relative_to(old)
    if path.exists() and not new.exists():
        return None  # half of it was copied
    return new.as_uri() if place.startswith("file:") else str(new)


def _old_root(place: str) -> Path | None:
    """The folder of artifacts that a place is in."""
    path = local_path(place)
    return next((one for one in path.parents if one.name == FOLDER), None) if path is not None else None
