"""The journal: mended after a kill, owned by one process, readable ever after."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from airybench.errors import EXIT_INPUT, StorageError, StudyError
from airybench.paths import sole_owner
from airybench.sweep.journal import ProcessLock, open_journal, repair

optuna.logging.set_verbosity(optuna.logging.WARNING)

HOLDER = """
import sys, time
from pathlib import Path
from airybench.paths import sole_owner
with sole_owner(Path(sys.argv[1]), "other"):
    print("held", flush=True)
    time.sleep(60)
"""


def written(path: Path, trials: int = 3) -> Path:
    study = optuna.create_study(storage=open_journal(path), study_name="s", load_if_exists=True)
    for number in range(trials):
        study.tell(study.ask(), float(number))
    return path


def trials_of(path: Path) -> int:
    return len(optuna.load_study(study_name="s", storage=open_journal(path)).trials)


def test_whole_journal_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "s@helium.journal")
    before = path.read_bytes()
    repair(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.torn"))


@pytest.mark.parametrize("cut", [1, 2, 20])
def test_torn_line_is_cut_and_kept(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "s@helium.journal")
    lines = path.read_bytes().splitlines(keepends=True)
    torn = b"".join(lines)[:-cut]
    path.write_bytes(torn)
    repair(path)
    assert path.read_bytes() == b"".join(lines[:-1])
    assert (tmp_path / "s@helium.torn").read_bytes() == torn


@pytest.mark.parametrize("room", [0, 1, 40, 150])
def test_a_full_disk_leaves_no_half_line(tmp_path: Path, room: int) -> None:
    path = written(tmp_path / "s.journal")
    study = optuna.load_study(study_name="s", storage=open_journal(path))
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"s.journal cannot be written \(File too large\); free some space"):
            study.set_user_attr("note", "x" * 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.stat().st_size == size
    study.set_user_attr("note", "there is room again")
    study.tell(study.ask(), 1.0)
    assert trials_of(path) == 4
    assert not list(tmp_path.glob("*.torn"))


def test_study_goes_on_behind_a_torn_line(tmp_path: Path) -> None:
    path = written(tmp_path / "s.journal")
    path.write_bytes(path.read_bytes() + b'{"op_code": 4, "wor')
    written(path, 2)
    assert trials_of(path) == 5


def test_journal_of_a_single_torn_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "s.journal"
    path.write_bytes(b'{"op_code"')
    repair(path)
    assert path.read_bytes() == b""
    assert written(path, 1)


def test_nothing_to_repair(tmp_path: Path) -> None:
    repair(tmp_path / "none.journal")
    (tmp_path / "empty.journal").touch()
    repair(tmp_path / "empty.journal")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.journal"]


def test_damage_elsewhere_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "s.journal")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"not json\n" + b"".join(lines[1:]))
    with pytest.raises(StudyError, match=r"journal .*s\.journal is damaged \(.*\); move it away to start again"):
        open_journal(path)


def test_new_journal_makes_its_folder(tmp_path: Path) -> None:
    path = written(tmp_path / "a" / "b" / "s.journal", 1)
    assert trials_of(path) == 1


def test_lock_of_the_journal_is_taken_and_given(tmp_path: Path) -> None:
    lock = ProcessLock(tmp_path / "x")
    assert lock.acquire()
    lock.release()
    with lock.locked():
        pass
    assert lock.acquire()
    lock.release()


def test_one_process_owns_a_study_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "studies" / "s.journal"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        message = "study mine is being run by another process; wait for it, or choose another --study"
        with pytest.raises(StudyError, match=message) as caught, sole_owner(path, "mine"):
            pass
        assert caught.value.exit_code == EXIT_INPUT
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with sole_owner(path, "mine"):
        pass
    with sole_owner(path, "mine"):  # given back
        pass


def test_owner_gives_back_on_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="inside"), sole_owner(tmp_path / "s.journal", "s"):
        raise RuntimeError("inside")
    with sole_owner(tmp_path / "s.journal", "s"):
        pass


@pytest.mark.parametrize(
    "line", ["[" * 100_000, "5", "[]", '{"op_code": {}}', '{"op_code": 99}', '{"op_code": 0, "worker_id": 7}', "{"]
)
def test_odd_lines_are_one_line_of_refusal(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "s@helium.journal")
    path.write_text(f"{line}\n{path.read_text()}")
    with pytest.raises(StudyError, match=r"is damaged .*; move it away to start again") as caught:
        open_journal(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == EXIT_INPUT
