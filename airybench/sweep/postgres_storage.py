"""Studies in a PostgreSQL database, which several machines share."""

import hashlib
import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage

from airybench.errors import StorageError, StudyError
from airybench.passwords import hidden, set_apart, whole
from airybench.paths import in_use

POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
"""Schemes of its addresses; all stand for the driver psycopg."""

KEEPALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
SERVER_KEEPALIVE = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A host that loses power closes no connection: the server then ends its session and frees its locks after 50 s."""


class PostgresStorage:
    """Studies in a PostgreSQL database: every process that names the same study runs a part of it.

    Each process holds an advisory lock of its database session, which the server frees when the process dies.
    """

    shared = True

    def __init__(self, url: str) -> None:
        scheme, _, place = url.partition("://")
        assert scheme in POSTGRES
        self.url = set_apart(f"postgresql://{place}")
        self.owner = f"{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._storage: RDBStorage | None = None

    def __str__(self) -> str:
        """The URL without its password."""
        return self.url

    def optuna_storage(self, name: str) -> BaseStorage:
        """Optuna's tables, created by one process where they are missing."""
        if self._storage is None:
            with self.lock("tables"):
                url = whole(self.url).replace("postgresql://", "postgresql+psycopg://", 1)
                self._storage = RDBStorage(
                    url, engine_kwargs={"pool_pre_ping": True, "connect_args": {"client_encoding": "utf8"}}
                )
        return self._storage

    @contextmanager
    def session(self, name: str) -> Iterator[None]:
        """Show the other processes that this one is running."""
        self._advisory("pg_advisory_lock", f"{name}/{self.owner}")
        from psycopg import Error
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (Error, SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            reason = " ".join(hidden(str(error)).split())[:200]
            raise StorageError(
                f"storage {self.url} went away ({reason}); once it is back, the same command resumes the study"
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
        """A process whose lock is free has ended."""
        if owner == self.owner:
            return True
        if not self._advisory("pg_try_advisory_lock", f"{name}/{owner}"):
            return True
        self._advisory("pg_advisory_unlock", f"{name}/{owner}")
        return False

    def names(self) -> list[str]:
        """Names of the studies, sorted, without archived ones."""
        return sorted(n for n in optuna.get_all_study_names(self.optuna_storage("")) if not n.endswith(".archived"))

    def size(self, name: str) -> int | None:
        """None: studies share their tables."""
        return None

    def archive(self, name: str) -> str | None:
        """Copy the study under another name and delete it.

        Raises:
            StudyError: another process runs it.
        """
        storage = self.optuna_storage(name)
        if name not in optuna.get_all_study_names(storage):
            return None
        self._refuse_busy(name)
        archived = f"{name}.{stamp()}.archived"
        optuna.copy_study(from_study_name=name, from_storage=storage, to_storage=storage, to_study_name=archived)
        optuna.delete_study(study_name=name, storage=storage)
        return archived

    def delete(self, name: str) -> None:
        """Delete the study from the tables."""
        self._refuse_busy(name)
        optuna.delete_study(study_name=name, storage=self.optuna_storage(name))

    @contextmanager
    def reserved(self, name: str) -> Iterator[None]:
        """Refuse a study that another process runs."""
        self._refuse_busy(name)
        yield

    def _refuse_busy(self, name: str) -> None:
        running = (optuna.trial.TrialState.RUNNING,)
        study = optuna.load_study(study_name=name, storage=self.optuna_storage(name))
        owners = {str(t.user_attrs.get("owner", "")) for t in study.get_trials(deepcopy=False, states=running)}
        if any(self.alive(name, owner) for owner in owners - {self.owner, ""}):
            raise in_use(name)

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
            return psycopg.connect(
                whole(self.url), autocommit=True, connect_timeout=10, options=SERVER_KEEPALIVE, **KEEPALIVE
            )
        except psycopg.Error as error:
            reason = " ".join(hidden(str(error)).split())[:200]
            raise StudyError(f"storage {self.url} cannot be used: {reason}; check the server and the URL") from None


def stamp() -> str:
    """The time, as names of archived studies have it."""
    return time.strftime("%Y%m%d-%H%M%S")
