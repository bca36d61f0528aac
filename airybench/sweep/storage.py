"""Storages of studies: journal files on one machine, or a PostgreSQL server that several machines share."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from optuna.storages import BaseStorage

from airybench.errors import StudyError
from airybench.passwords import hidden
from airybench.paths import sole_owner
from airybench.sweep.journal import open_journal
from airybench.sweep.postgres_storage import POSTGRES, PostgresStorage, stamp


class StudyStorage(Protocol):
    """Where studies are stored, and which processes run them.

    Attributes:
        shared: whether several processes may run one study at once.
        owner: identifies this process on its trials.
    """

    shared: bool
    owner: str

    def __str__(self) -> str:
        """As it is printed, without passwords."""

    def optuna_storage(self, name: str) -> BaseStorage:
        """Optuna's storage of a study, created where it is missing."""

    def session(self, name: str) -> Any:
        """A context in which this process runs a study; it ends with the process, however that ends."""

    def lock(self, name: str) -> Any:
        """A context that one process at a time may enter, for a short time."""

    def alive(self, name: str, owner: str) -> bool:
        """Whether the process that owns a trial still runs the study."""

    def names(self) -> list[str]:
        """Names of the studies, sorted."""

    def size(self, name: str) -> int | None:
        """Bytes that a study takes, None where that cannot be told."""

    def archive(self, name: str) -> str | None:
        """Archive a study under another name; returns that name, None where there is no such study."""

    def delete(self, name: str) -> None:
        """Delete a study for good."""

    def reserved(self, name: str) -> Any:
        """A context in which no process runs a study; StudyError where one does."""


class JournalFolder:
    """A folder with one journal file per study; one process runs a study, with any number of workers."""

    shared = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.owner = f"{platform.node()}:{os.getpid()}"

    def __str__(self) -> str:
        """The folder."""
        return str(self.folder)

    def path(self, name: str) -> Path:
        """The journal of a study."""
        return self.folder / f"{name}.journal"

    def optuna_storage(self, name: str) -> BaseStorage:
        """Optuna's storage of a study, created where it is missing; a torn journal is repaired."""
        return open_journal(self.path(name))

    @contextmanager
    def session(self, name: str) -> Iterator[None]:
        """Reserve the study for this process.

        Raises:
            StudyError: another process runs it.
        """
        with sole_owner(self.path(name), name):
            yield

    def reserved(self, name: str) -> Any:
        """The same: one process runs a study at a time."""
        return self.session(name)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Nothing to wait for: no other process runs the study."""
        yield

    def alive(self, name: str, owner: str) -> bool:
        """Only this process runs the study: every other owner is gone."""
        return owner == self.owner

    def names(self) -> list[str]:
        """Names of the studies, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.journal"))

    def size(self, name: str) -> int | None:
        """Bytes of the journal."""
        return self.path(name).stat().st_size

    def archive(self, name: str) -> str | None:
        """Rename the journal."""
        path = self.path(name)
        if not path.exists():
            return None
        return path.rename(self.folder / f"{name}.{stamp()}.archived").name

    def delete(self, name: str) -> None:
        """Delete the journal and the files beside it."""
        with sole_owner(self.path(name), name):
            for suffix in (".journal", ".torn", ".write-lock"):
                self.path(name).with_suffix(suffix).unlink(missing_ok=True)
        self.path(name).with_suffix(".lock").unlink(missing_ok=True)


def open_storage(storage: str | None, folder: Path) -> StudyStorage:
    """The storage of `--storage`: a folder or a PostgreSQL URL.

    Args:
        storage: of the option; None takes `folder`.
        folder: of journals.

    Raises:
        StudyError: another kind of database.
    """
    if not storage:
        return JournalFolder(folder)
    scheme = storage.partition("://")[0] if "://" in storage else ""
    if scheme in POSTGRES:
        return PostgresStorage(storage)
    if scheme.startswith("sqlite"):
        raise StudyError(
            f"storage {hidden(storage)!r} is SQLite, which loses trials when several processes write; leave --storage "
            "out for a journal file on this machine (--workers N runs in parallel), or give postgresql://USER@HOST/DATABASE"
        )
    if "://" in storage:
        raise StudyError(
            f"storage {hidden(storage)!r} is unknown; expected a folder or postgresql://USER@HOST/DATABASE"
        )
    path = Path(storage).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise StudyError(f"storage {path} is a file; give the folder that is to hold the journals")
    return JournalFolder(path)


def as_storage(storage: "Path | StudyStorage") -> StudyStorage:
    """A storage as it is; a folder as the journals in it."""
    return JournalFolder(storage) if isinstance(storage, Path) else storage
