"""Spoilt files of every kind: what reads them works, or refuses them in one line, and leaves nothing behind.

A case is a kind of file and a seed: `case("eiger", 7)` is the same today and tomorrow. All are read by a process of
their own, so that a crash or a hang is an outcome like any other. AIRYBENCH_FUZZ=20000 runs that many cases in place of
2 000, and AIRYBENCH_FUZZ_SEED another stretch of seeds.
"""

import os
import random
import re
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fuzz_kinds import KINDS
from fuzz_mutations import spoil
from fuzz_worker import Outcome, Worker, outcome
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from airybench.errors import AirybenchError, DataError

QUICK, MANY = 60, int(os.environ.get("AIRYBENCH_FUZZ", "2000"))
SEED = int(os.environ.get("AIRYBENCH_FUZZ_SEED", "1612"))
LIGHT = [name for name, kind in KINDS.items() if not kind.heavy]
Case = Callable[[str, int], tuple[str, list[Outcome]]]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    one = Worker()
    yield one
    one.close()


@pytest.fixture(scope="module")
def case(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Spoil one file of a good folder and read it; returns what was done and what became of it."""
    home = tmp_path_factory.mktemp("fuzz")

    def run(name: str, number: int) -> tuple[str, list[Outcome]]:
        kind, good, folder = KINDS[name], home / "good" / name, home / "case"
        if not good.exists():
            good.mkdir(parents=True)
            kind.make(good)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(good, folder)
        rng = random.Random(number)
        files = [path for path in sorted(folder.glob(kind.spoilt)) if path.is_file() and not path.name.endswith("lock")]
        path = rng.choice(files)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            way = spoil(path, rng)
        return f"{path.name}: {way}", worker.read(name, folder)

    return run


def faults(case: Case, names: list[str], count: int) -> tuple[list[str], Counter[str]]:
    """Every fault of some cases, and how often each outcome came."""
    found: list[str] = []
    tally: Counter[str] = Counter()

    @seed(SEED)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(st.sampled_from(names), st.integers(0, 2**32 - 1))
    def each(name: str, number: int) -> None:
        way, outcomes = case(name, number)
        tally.update(one.state for one in outcomes)
        found.extend(f"case({name!r}, {number}), {way}: {one.fault}" for one in outcomes if one.fault)

    each()
    return found, tally


def test_some_spoilt_files(case: Case) -> None:
    found, tally = faults(case, LIGHT, QUICK)
    assert not found, "\n".join(found)
    assert min(tally["read"], tally["refused"]) > QUICK // 10, tally


@pytest.mark.slow
def test_many_spoilt_files(case: Case) -> None:
    found, tally = faults(case, list(KINDS), MANY)
    print(f"{MANY} spoilt files: {dict(tally)}")
    assert not found, "\n".join(found)
    assert min(tally["read"], tally["refused"]) > MANY // 10, tally


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_the_good_files_are_read(name: str, worker: Worker, tmp_path: Path) -> None:
    KINDS[name].make(tmp_path)
    assert {one.state for one in worker.read(name, tmp_path)} == {"read"}


def litter(folder: Path) -> None:
    (folder / ".imported.h5.part").touch()
    raise DataError("refused, but late")


def two_lines(folder: Path) -> None:
    raise DataError("one line\nand another")


def unforeseen(folder: Path) -> None:
    raise KeyError("images")


def failed(folder: Path) -> None:
    raise AirybenchError("half of it was done")


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (litter, r"left: \.imported\.h5\.part after: refused, but late"),
        (two_lines, r"error: 2 'one line\\nand another'"),
        (unforeseen, r"error: .*KeyError: .*images"),
        (failed, r"error: 1 'half of it was done'"),
    ],
)
def test_what_counts_as_a_fault(read: Callable[[Path], None], fault: str, tmp_path: Path) -> None:
    assert re.match(fault, outcome(read, tmp_path).fault)


def test_what_is_read_or_refused_is_none(tmp_path: Path) -> None:
    assert outcome(lambda folder: None, tmp_path) == Outcome("read")
    assert not outcome(lambda folder: Path(folder / "x").write_text("x"), tmp_path).fault


def test_a_crash_and_a_hang_are_seen(worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.read("fuzz_worker:die", tmp_path) == [Outcome("crash", "exit code -11")]
    monkeypatch.setattr("fuzz_worker.SECONDS", 1.0)
    assert worker.read("fuzz_worker:hang", tmp_path) == [Outcome("hang", "1 s")]
    monkeypatch.undo()
    (tmp_path / "a.npy").write_bytes(b"")
    assert [one.state for one in worker.read("npy", tmp_path)] == ["refused", "refused"]
