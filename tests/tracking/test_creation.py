"""A store appears whole or not at all; half of one, as a kill leaves it, is replaced, and what others wrote is kept."""

import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from mlflow import MlflowClient
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from airybench.errors import TrackingError
from airybench.tracking import creation
from airybench.tracking.creation import make_store
from airybench.tracking.store import connect

SEED = int(os.environ.get("AIRYBENCH_SOAK_SEED", "1612"))
KILLS = int(os.environ.get("AIRYBENCH_SOAK_COUNT", "8"))


class KilledError(Exception):
    """Stands for a kill inside of MLflow."""


def half_made(path: Path, statements: int) -> None:
    """What MLflow itself leaves at `path` when it is stopped before a certain statement."""
    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        if done > statements:
            raise KilledError

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "before_cursor_execute", count)
    try:
        with pytest.raises(KilledError):
            SqlAlchemyStore(f"sqlite:///{path}", path.parent.as_uri())
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "before_cursor_execute", count)
    engine = SqlAlchemyStore._engine_map.pop(f"sqlite:///{path}")
    engine.dispose()


def works(path: Path) -> None:
    """A run can be made in it, and nothing lies beside it."""
    tracking = connect(f"sqlite:///{path}")
    run = MlflowClient(tracking_uri=tracking.uri).create_run(tracking.experiment_id)
    assert run.info.artifact_uri.startswith((path.parent / "mlruns" / "airybench").as_uri())
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("statements", [pytest.param(30, marks=pytest.mark.slow), 200])
def test_half_of_a_store_is_replaced(statements, tmp_path, monkeypatch) -> None:
    path = tmp_path / "mlflow.db"
    half_made(path, statements)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    monkeypatch.setattr(creation, "UNTOUCHED_SECONDS", 0.3)
    works(path)


def test_what_a_kill_left_of_the_making_is_overwritten_or_goes_with_the_next_use(tmp_path) -> None:
    lock = tmp_path / ".mlflow.db.lock"
    for name in (".mlflow.db.part", ".mlflow.db.part-journal", lock.name):
        (tmp_path / name).write_bytes(b"torn")
    works(tmp_path / "mlflow.db")
    lock.touch()
    make_store(tmp_path / "mlflow.db")
    assert not lock.exists()


def test_whoever_makes_the_store_at_this_moment_is_waited_for(tmp_path, monkeypatch) -> None:
    path, whole = tmp_path / "mlflow.db", tmp_path / "whole.db"
    make_store(whole)
    half_made(path, 100)
    monkeypatch.setattr(creation, "UNTOUCHED_SECONDS", 30.0)
    with closing(sqlite3.connect(whole)) as database:
        database.execute("INSERT INTO experiments SELECT 7, 'theirs', artifact_location, lifecycle_stage, "
                         "creation_time, last_update_time, workspace FROM experiments")  # fmt: skip
        database.commit()
    later = threading.Timer(0.5, os.replace, (whole, path))
    later.start()
    make_store(path)
    later.join()
    assert MlflowClient(tracking_uri=f"sqlite:///{path}").get_experiment("7").name == "theirs"


@pytest.mark.parametrize("foreign", ["CREATE TABLE shots (id)", "CREATE TABLE runs (id); INSERT INTO runs VALUES (1)"])
def test_a_database_that_is_no_half_made_store_is_left_alone(foreign, tmp_path, monkeypatch) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(foreign)
    before = path.read_bytes()
    monkeypatch.setattr(creation, "UNTOUCHED_SECONDS", 0.0)
    make_store(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"notes of a beam time, long enough to be looked at as a database" * 20)
    with pytest.raises(TrackingError, match=r"mlflow.db cannot be used: file is not a database"):
        make_store(tmp_path / "mlflow.db")


@pytest.mark.slow
def test_killed_at_many_points_of_the_making(tmp_path) -> None:
    chance = random.Random(SEED)
    began = time.monotonic()
    make_store(tmp_path / "first.db")
    takes = time.monotonic() - began
    stages = set()
    for number in range(KILLS):
        path = tmp_path / str(number) / "mlflow.db"
        path.parent.mkdir()
        child = os.fork()
        if not child:
            make_store(path)
            os._exit(0)
        time.sleep(chance.uniform(0, 1.1 * takes))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        stages.add(tuple(sorted(one.name for one in path.parent.iterdir())))
        works(path)
    assert len(stages) > 1, stages
    assert any(".mlflow.db.part" in names for names in stages), stages
