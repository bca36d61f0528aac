"""A glance at runs before MLflow is loaded, which takes seconds: a SQLite store is read as the database that it is."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from airybench.tracking.filters import every, status_is, tag_is
from airybench.tracking.store import ANSWER_SECONDS, client_of, reopen, sqlite_path

_MOST = 500
"""Ids in one question."""


@dataclass(frozen=True)
class SeenRun:
    """A run that is not deleted.

    Attributes:
        status: of MLflow's: FINISHED, RUNNING, ...
        tags: by name.
        metrics: the last value of each; NaN is left out.
    """

    status: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]


class Glance(Protocol):
    """What is asked of a store."""

    def run(self, run_id: str) -> SeenRun | None:
        """A run; None where there is none, or it was deleted."""

    def finished(self, run_ids: Collection[str]) -> int:
        """How many of some runs are there and finished."""

    def tagged(self, experiment_id: str, tags: Mapping[str, str]) -> list[str]:
        """Ids of the finished runs of an experiment that have all of some tags."""


@contextmanager
def glance(uri: str) -> Iterator[Glance]:
    """A store, opened for reading alone.

    Args:
        uri: of a store that exists.

    Raises:
        TrackingError: it is gone, or does not answer.
        sqlite3.Error: in the block; another program writes at this moment, or the file is no store of MLflow.
    """
    reopen(uri)
    path = sqlite_path(uri)
    if path is None:
        yield _OfClient(uri)
        return
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=ANSWER_SECONDS)
    try:
        yield _OfFile(database)
    finally:
        database.close()


class _OfFile:
    """A SQLite file, in the tables that MLflow has had since its first version with a database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def run(self, run_id: str) -> SeenRun | None:
        found = self._database.execute(
            "SELECT status FROM runs WHERE run_uuid = ? AND lifecycle_stage = 'active'", (run_id,)
        ).fetchone()
        if found is None:
            return None
        tags = self._database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,))
        metrics = self._database.execute(
            "SELECT key, value FROM latest_metrics WHERE run_uuid = ? AND NOT is_nan", (run_id,)
        )
        return SeenRun(str(found[0]), dict(tags), dict(metrics))

    def finished(self, run_ids: Collection[str]) -> int:
        ids, count = list(run_ids), 0
        for start in range(0, len(ids), _MOST):
            some = ids[start : start + _MOST]
            (one,) = self._database.execute(
                "SELECT COUNT(*) FROM runs WHERE lifecycle_stage = 'active' AND status = 'FINISHED' AND run_uuid IN "
                f"({','.join('?' * len(some))})",
                some,
            ).fetchone()
            count += one
        return count

    def tagged(self, experiment_id: str, tags: Mapping[str, str]) -> list[str]:
        asked = (
            "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active' AND status = 'FINISHED' AND experiment_id = ?"
        )
        given: list[str | int] = [int(experiment_id)]
        for key, value in tags.items():
            asked += " AND EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = ? AND value = ?)"
            given += [key, value]
        return [str(run_id) for (run_id,) in self._database.execute(asked, given)]


class _OfClient:
    """A server or another database, by MLflow's client."""

    def __init__(self, uri: str) -> None:
        self._client = client_of(uri)

    def run(self, run_id: str) -> SeenRun | None:
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_run(run_id)
        except MlflowException:
            return None
        if found.info.lifecycle_stage != "active":
            return None
        metrics = {key: value for key, value in found.data.metrics.items() if value == value}
        return SeenRun(found.info.status, dict(found.data.tags), metrics)

    def finished(self, run_ids: Collection[str]) -> int:
        found = (self.run(run_id) for run_id in run_ids)
        return sum(one is not None and one.status == "FINISHED" for one in found)

    def tagged(self, experiment_id: str, tags: Mapping[str, str]) -> list[str]:
        wanted = every(*(tag_is(key, value) for key, value in tags.items()), status_is("FINISHED"))
        return [one.info.run_id for one in self._client.search_runs([experiment_id], wanted)]
