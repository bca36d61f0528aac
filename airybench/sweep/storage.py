"""Where studies are kept: journal files of one machine, or a PostgreSQL server that several share."""

import hashlib
import os
import platform
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import optuna
from optuna.storages import BaseStorage, RDBStorage

from airybench.errors import StorageError, StudyError
from airybench.paths import sole_owner
from airybench.sweep.journal import open_journal
from airybench.tracking.store import hidden

KEEPALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
SERVER_KEEPALIVE = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A host that lost its power says no goodbye: the server then closes its session, and frees its locks, after 50 s."""


class StudyStorage(Protocol):
    """A place for studies, and who works there.

    Attributes:
        shared: several processes may run one study at once.
        owner: what this process signs its trials with.
    """

    shared: bool
    owner: str

    def __str__(self) -> str:
        """The place in a message, without passwords."""

    def optuna_storage(self, name: str) -> BaseStorage:
        """Optuna's storage of a study, made where it is not there."""

    def session(self, name: str) -> Any:
        """A context in which this process works on a study; it ends with the process, however that dies."""

    def lock(self, name: str) -> Any:
        """A context that one process at a time may enter, for a moment."""

    def alive(self, name: str, owner: str) -> bool:
        """Whether the process that signed a trial still works on the study."""

    def names(self) -> list[str]:
        """Studies there, by name."""

    def size(self, name: str) -> int | None:
        """Bytes that a study takes, None where nobody can tell."""

    def archive(self, name: str) -> str | None:
        """Set a study aside; returns its new name, None where there was none."""

    def delete(self, name: str) -> None:
        """Remove a study for good."""


class JournalFolder:
    """A folder with one journal file a study; one process runs a study, with as many workers as it likes."""

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
        """Optuna's storage of a study, made where it is not there; a torn journal is mended."""
        return open_journal(self.path(name))

    @contextmanager
    def session(self, name: str) -> Iterator[None]:
        """Hold the study.

        Raises:
            StudyError: another process holds it.
        """
        with sole_owner(self.path(name), name):
            yield

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Nothing to wait for: nobody else is there."""
        yield

    def alive(self, name: str, owner: str) -> bool:
        """Whoever holds the study knows that everybody before is gone."""
        return owner == self.owner

    def names(self) -> list[str]:
        """Studies there, by name."""
        return sorted(path.stem for path in self.folder.glob("*.journal"))

    def size(self, name: str) -> int | None:
        """Bytes of the journal."""
        return self.path(name).stat().st_size

    def archive(self, name: str) -> str | None:
        """Rename the journal."""
        path = self.path(name)
        if not path.exists():
            return None
        return path.rename(self.folder / f"{name}.{_stamp()}.archived").name

    def delete(self, name: str) -> None:
        """Remove the journal and what lies beside it."""
        with sole_owner(self.path(name), name):
            for suffix in (".journal", ".torn", ".write-lock"):
                self.path(name).with_suffix(suffix).unlink(missing_ok=True)
        self.path(name).with_suffix(".lock").unlink(missing_ok=True)


class PostgresStorage:
    """Studies in a PostgreSQL database: every process that names the same study works on it.

    Who works is known by advisory locks that belong to a session: the server frees them when the process dies.
    """

    shared = True

    def __init__(self, url: str) -> None:
        self.url = url.replace("postgres://", "postgresql://").replace("postgresql+psycopg://", "postgresql://")
        self.owner = f"{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._storage: RDBStorage | None = None

    def __str__(self) -> str:
        """The URL without its password."""
        return hidden(self.url)

    def optuna_storage(self, name: str) -> BaseStorage:
        """Optuna's tables, made by one process where they are not there."""
        if self._storage is None:
            with self.lock("tables"):
                url = self.url.replace("postgresql://", "postgresql+psycopg://")
                self._storage = RDBStorage(
                    url, engine_kwargs={"pool_pre_ping": True, "connect_args": {"client_encoding": "utf8"}}
                )
        return self._storage

    @contextmanager
    def session(self, name: str) -> Iterator[None]:
        """Show the others that this process is at work."""
        self._advisory("pg_advisory_lock", f"{name}/{self.owner}")
        from psycopg import Error
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (Error, SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            reason = " ".join(str(error).split())[:200]
            raise StorageError(
                f"storage {hidden(self.url)} went away ({reason}); once it is back, the same command goes on from there"
            ) from error
        finally:
            if not self._connection.closed:
                self._advisory("pg_advisory_unlock", f"{name}/{self.owner}")

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Wait for the study's lock."""
        self._advisory("pg_advisory_lock", name)
        try:
            yield
        finally:
            if not self._connection.closed:
                self._advisory("pg_advisory_unlock", name)

    def alive(self, name: str, owner: str) -> bool:
        """A lock that can be had is nobody's any more."""
        if owner == self.owner:
            return True
        if not self._advisory("pg_try_advisory_lock", f"{name}/{owner}"):
            return True
        self._advisory("pg_advisory_unlock", f"{name}/{owner}")
        return False

    def names(self) -> list[str]:
        """Studies there, by name, without those set aside."""
        return sorted(n for n in optuna.get_all_study_names(self.optuna_storage("")) if not n.endswith(".archived"))

    def size(self, name: str) -> int | None:
        """Tables are shared: nobody can tell."""
        return None

    def archive(self, name: str) -> str | None:
        """Copy the study under another name and remove it.

        Raises:
            StudyError: another process works on it.
        """
        storage = self.optuna_storage(name)
        if name not in optuna.get_all_study_names(storage):
            return None
        self._refuse_busy(name)
        aside = f"{name}.{_stamp()}.archived"
        optuna.copy_study(from_study_name=name, from_storage=storage, to_storage=storage, to_study_name=aside)
        optuna.delete_study(study_name=name, storage=storage)
        return aside

    def delete(self, name: str) -> None:
        """Remove the study from the tables."""
        self._refuse_busy(name)
        optuna.delete_study(study_name=name, storage=self.optuna_storage(name))

    def _refuse_busy(self, name: str) -> None:
        running = (optuna.trial.TrialState.RUNNING,)
        study = optuna.load_study(study_name=name, storage=self.optuna_storage(name))
        owners = {str(t.user_attrs.get("owner", "")) for t in study.get_trials(deepcopy=False, states=running)}
        if any(self.alive(name, owner) for owner in owners - {self.owner, ""}):
            raise StudyError(f"study {name} is being run by another process; wait for it, or choose another --study")

    def _advisory(self, function: str, what: str) -> bool:
        key = int.from_bytes(hashlib.sha256(f"airybench/{what}".encode()).digest()[:8], "big", signed=True)
        row = self._connection.execute(f"SELECT {function}(%s)", (key,)).fetchone()
        return bool(row and row[0])

    @cached_property
    def _connection(self) -> Any:
        try:
            import psycopg
        except ImportError:
            raise StudyError(
                "a study in PostgreSQL needs the package psycopg; install it with: pip install 'airybench[cluster]'"
            ) from None
        try:
            return psycopg.connect(self.url, autocommit=True, connect_timeout=10, options=SERVER_KEEPALIVE, **KEEPALIVE)
        except psycopg.Error as error:
            reason = " ".join(str(error).split())[:200]
            raise StudyError(
                f"storage {hidden(self.url)} cannot be used: {reason}; check the server and the URL"
            ) from None


def open_storage(storage: str | None, folder: Path) -> StudyStorage:
    """The place that `--storage` names: a folder, a PostgreSQL URL, by default `folder`.

    Raises:
        StudyError: another kind of database.
    """
    if not storage or storage == "config":
        return JournalFolder(folder)
    scheme = urlsplit(storage).scheme
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return PostgresStorage(storage)
    if scheme.startswith("sqlite"):
        raise StudyError(
            f"storage {storage!r} is SQLite, which loses trials when several processes write; leave --storage out for "
            "a journal file on this machine (--workers N runs in parallel), or give postgresql://USER@HOST/DATABASE"
        )
    if "://" in storage:
        raise StudyError(
            f"storage {hidden(storage)!r} is unknown; expected a folder or postgresql://USER@HOST/DATABASE"
        )
    path = Path(storage).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise StudyError(f"storage {path} is a file; give the folder in which journals are to lie")
    return JournalFolder(path)


def as_storage(where: "Path | StudyStorage") -> StudyStorage:
    """A place as it is; a folder as the journals in it."""
    return JournalFolder(where) if isinstance(where, Path) else where


def free_bytes(folder: Path) -> int:
    """Free space on the disk of a folder, or of the nearest one above that exists."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S")
