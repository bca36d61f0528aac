"""Folders of runs and models that nothing refers to, in the artifacts of a SQLite store on this machine.

MLflow marks a run as deleted and keeps its files. The folder of a run that has gone from the database altogether stays,
too. Only folders of this program are looked at: those of runs with its tag, or with its files.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from airybench.errors import TrackingError
from airybench.tracking.disk import logged_by, size_of
from airybench.tracking.store import ANSWER_SECONDS, local_folder
from airybench.tracking.tags import Tag

Kind = Literal[
    "deleted run", "deleted model", "unknown run", "unknown model", "run without study", "model without study"
]

_RUN, _MODEL = re.compile("[0-9a-f]{32}"), re.compile("m-[0-9a-f]{32}")
_OWN_FILES = ("weights/model.json", "predictions/val.h5", "predictions/test.h5", "leaderboard.csv")
"""What tells the artifacts of a run of this program from those of others."""


@dataclass(frozen=True)
class Leftover:
    """A folder that nothing refers to.

    Attributes:
        kind: deleted in MLflow, in no database beside it, or of a study that is not there.
        path: of the folder.
        bytes: that it takes.
        study: `NAME@D`, where the run says one.
    """

    kind: Kind
    path: Path
    bytes: int
    study: str = ""


@dataclass(frozen=True)
class _KnownRun:
    deleted: bool
    running: bool
    own: bool
    study: str


def leftovers(uri: str, studies: Collection[str]) -> list[Leftover]:
    """The folders that nothing refers to, by path; none where the store keeps its artifacts elsewhere.

    Args:
        uri: of the tracking store.
        studies: `NAME@D` of those that are there.

    Raises:
        TrackingError: a database beside the artifacts cannot be read, so that nobody knows what belongs to it.
    """
    folder = local_folder(uri)
    if folder is None or not (folder / "mlruns").is_dir():
        return []
    # The folders first: one that is made meanwhile is not among them, whatever the databases say then.
    run_folders = [path for path in _folders(folder, "mlruns/*/*") if _RUN.fullmatch(path.name)]
    model_folders = [path for path in _folders(folder, "mlruns/*/models/*") if _MODEL.fullmatch(path.name)]
    runs: dict[str, _KnownRun] = {}
    models: dict[str, tuple[bool, str]] = {}  # deleted, and the run that logged it
    for database in sorted(path for path in folder.iterdir() if path.suffix in (".db", ".sqlite", ".sqlite3")):
        _read(database, runs, models)
    own = {path.name for path in run_folders if _of_this_program(path, runs)}
    there = {*studies, "", *(one.study for one in runs.values() if one.running)}
    found = [(kind, path) for path in run_folders if path.name in own and (kind := _run_kind(path, runs, there))]
    found += [(kind, path) for path in model_folders if (kind := _model_kind(path, runs, models, own, there))]
    return [
        Leftover(kind, path, size_of(path), runs[path.name].study if path.name in runs else "") for kind, path in found
    ]


def _folders(folder: Path, pattern: str) -> Iterator[Path]:
    """Folders themselves, never what links lead to."""
    for path in sorted(folder.glob(pattern)):
        parts = [path, *path.parents][: len(Path(pattern).parts)]
        if path.is_dir() and not any(part.is_symlink() for part in parts):
            yield path


def _read(database: Path, runs: dict[str, _KnownRun], models: dict[str, tuple[bool, str]]) -> None:
    """Add what a database knows; a file of another program knows nothing."""
    try:
        address = f"file:{quote(str(database))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=ANSWER_SECONDS)) as file:
            tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "runs" in tables:
                tagged = {key: _tagged(file, key) for key in (Tag.KIND, Tag.STUDY)}
                for run_id, stage, status in file.execute("SELECT run_uuid, lifecycle_stage, status FROM runs"):
                    runs[run_id] = _KnownRun(
                        stage == "deleted", status in ("RUNNING", "SCHEDULED"), run_id in tagged[Tag.KIND],
                        tagged[Tag.STUDY].get(run_id, ""),
                    )  # fmt: skip
            if "logged_models" in tables:
                asked = "SELECT model_id, lifecycle_stage, source_run_id FROM logged_models"
                for model_id, stage, run_id in file.execute(asked):
                    models[model_id] = stage == "deleted", run_id or ""
    except sqlite3.Error as error:
        raise TrackingError(f"{database} cannot be read ({error}); what belongs to it is not known") from None


def _tagged(file: sqlite3.Connection, key: str) -> dict[str, str]:
    return dict(file.execute("SELECT run_uuid, value FROM tags WHERE key = ?", (key,)))


def _of_this_program(path: Path, runs: dict[str, _KnownRun]) -> bool:
    known = runs.get(path.name)
    return known.own if known else any((path / "artifacts" / name).is_file() for name in _OWN_FILES)


def _run_kind(path: Path, runs: dict[str, _KnownRun], studies: Collection[str]) -> Kind | None:
    known = runs.get(path.name)
    if known is None:
        return "unknown run"
    if known.deleted:
        return "deleted run"
    return None if known.study in studies else "run without study"


def _model_kind(
    path: Path,
    runs: dict[str, _KnownRun],
    models: dict[str, tuple[bool, str]],
    own: Collection[str],
    studies: Collection[str],
) -> Kind | None:
    deleted, run_id = models.get(path.name, (False, logged_by(path)))
    known = runs.get(run_id)
    if not (known.own if known else run_id in own):
        return None
    if path.name not in models:
        return "unknown model"
    if deleted or (known and known.deleted):
        return "deleted model"
    return "model without study" if known and known.study not in studies else None
