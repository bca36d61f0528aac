"""Where studies are kept: what the words mean, and a PostgreSQL that several processes share."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from postgres import server

from airybench.config import SweepConfig
from airybench.errors import EXIT_INPUT, StorageError, StudyError
from airybench.provenance import Provenance
from airybench.sweep.definition import stored_attributes
from airybench.sweep.postgres_storage import PostgresStorage
from airybench.sweep.records import TakenError
from airybench.sweep.storage import JournalFolder, open_storage
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64)
ALPHAS = (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize("url", ["sqlite:///studies.db", "sqlite:////tmp/x.db"])
def test_sqlite_is_refused_with_the_remedy(url: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"is SQLite, .*--workers N .*postgresql://USER@HOST/DATABASE") as caught:
        open_storage(url, tmp_path)
    assert caught.value.exit_code == EXIT_INPUT


def test_what_storage_may_be(tmp_path: Path) -> None:
    for word in (None, ""):
        found = open_storage(word, tmp_path)
        assert isinstance(found, JournalFolder)
        assert found.folder == tmp_path
    other = open_storage(str(tmp_path / "elsewhere"), tmp_path)
    assert isinstance(other, JournalFolder)
    assert other.path("s@helium") == tmp_path / "elsewhere" / "s@helium.journal"
    assert isinstance(open_storage("postgresql://user@host/db", tmp_path), PostgresStorage)
    with pytest.raises(StudyError, match=r"storage 'mysql://me@host/db' is unknown; expected a folder or post"):
        open_storage("mysql://me:secret@host/db", tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match="file is a file; give the folder"):
        open_storage(str(tmp_path / "file"), tmp_path)


def test_a_database_that_does_not_answer_is_one_line() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StudyError, match=r"storage postgresql://me@127.0.0.1:9/db cannot be used: ") as caught:
        stored_attributes(PostgresStorage("postgresql://me:secret@127.0.0.1:9/db"), "s@helium")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as found:
        yield found


def sweep(**rule: object) -> SweepConfig:
    return SweepConfig.model_validate({"space": {"alpha": list(ALPHAS)}, "study": rule})


def finish(one: RunningStudy, limit: int = 100) -> list[float]:
    done: list[float] = []
    while len(done) < limit and (trial := one.ask()) is not None:
        trial.set_attributes(run_id=f"{one.storage.owner}-{trial.number}")
        outcome = Outcome(trial.config.network.alpha, {"macro_ap": 0.5}, {"seconds": 1.0})
        done.append(one.complete(trial, outcome).value)
    return done


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_several_processes_on_a_fresh_database_share_the_cells(url: str, sampler: str) -> None:
    places = [PostgresStorage(url) for _ in range(4)]

    def one(home: PostgresStorage) -> list[float]:
        with home.session("shared"):
            study = RunningStudy(home, f"shared-{sampler}", sweep(seeds=2, sampler=sampler, trials=8), PROVENANCE)
            study.plan()
            return finish(study)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, places))
    assert sorted(value for values in found for value in values) == sorted(ALPHAS * 2)
    records = RunningStudy(
        places[0], f"shared-{sampler}", sweep(seeds=2, sampler=sampler, trials=8), PROVENANCE
    ).finished()
    assert len(records) == len({(r.config.cell(), r.config.training.seed) for r in records}) == 8


def test_a_dead_process_is_found_and_a_living_one_left_alone(url: str) -> None:
    living, dying = PostgresStorage(url), PostgresStorage(url)
    with living.session("dead"), dying.session("dead"):
        first, second = (RunningStudy(p, "dead", sweep(), PROVENANCE) for p in (living, dying))
        first.plan()
        mine, lost = first.ask(), second.ask()
        assert mine is not None
        assert lost is not None
        lost.set_attributes(run_id="run-of-the-dead")
        assert first.reclaim() == []
        assert first.running_elsewhere() == 1
        dying._connection.close()  # as the server sees a kill -9
        assert first.reclaim() == ["run-of-the-dead"]
        assert first.running_elsewhere() == 0
        assert first.reclaim() == []
        mine.set_attributes(run_id="mine")
        values = [first.complete(mine, Outcome(mine.config.network.alpha, {}, {})).value, *finish(first)]
    assert sorted(values) == list(ALPHAS)


def test_what_a_process_brings_back_after_it_was_given_up_is_not_counted_twice(url: str) -> None:
    cut_off, other = PostgresStorage(url), PostgresStorage(url)
    study = RunningStudy(cut_off, "cut", sweep(), PROVENANCE)  # never a member: the other takes it for dead
    study.plan()
    trial = study.ask()
    assert trial is not None
    trial.set_attributes(run_id="late")
    second = RunningStudy(other, "cut", sweep(), PROVENANCE)
    assert second.reclaim() == ["late"]
    assert sorted(finish(second)) == list(ALPHAS)
    assert trial.should_prune(1, 0.5)
    with pytest.raises(TakenError, match="was given to another process"):
        study.complete(trial, Outcome(0.9, {}, {}))
    with pytest.raises(TakenError):
        study.fail(trial, "error", "late")
    assert sorted(r.value for r in second.finished()) == list(ALPHAS)


def test_a_database_that_goes_away_is_one_line_with_the_remedy(url: str) -> None:
    import psycopg

    home = PostgresStorage(url)
    with (
        pytest.raises(StorageError, match=r"went away \(no route\); once it is back, the same") as e,
        home.session("x"),
    ):
        raise psycopg.OperationalError("no\nroute")
    assert e.value.exit_code == 1
    assert not PostgresStorage(url).alive("x", home.owner)


def test_fresh_waits_for_the_others_and_sets_aside(url: str) -> None:
    busy, mine = PostgresStorage(url), PostgresStorage(url)
    with busy.session("old"):
        study = RunningStudy(busy, "old", sweep(), PROVENANCE)
        study.plan()
        assert study.ask() is not None
        with pytest.raises(StudyError, match="study old is being run by another process"):
            mine.archive("old")
        finish(study, 1)
    aside = mine.archive("old")
    assert aside is not None
    assert aside.startswith("old.")
    assert stored_attributes(mine, "old") == {}
    assert "old" not in mine.names()
    assert mine.archive("never") is None
