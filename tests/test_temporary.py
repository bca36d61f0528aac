"""Temporary files of a command end with it, and those of a killed one with the next."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

USER = """
import os, subprocess, sys, tempfile, time
from airybench.temporary import use_own_folder
folder = use_own_folder()
open(os.path.join(tempfile.mkdtemp(), "weights"), "w").write("x" * 1000)
child = subprocess.run([sys.executable, "-c", "import tempfile; print(tempfile.mkstemp()[1])"],
                       capture_output=True, text=True).stdout.strip()
print(folder, child, flush=True)
if sys.argv[1] == "stay":
    time.sleep(120)
"""


def start(base: Path, what: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "TMPDIR": str(base)}
    words = [sys.executable, "-c", USER, what]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def base(tmp_path_factory):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:  # short, as sockets need it
        yield Path(folder)


def test_files_of_a_killed_command_go_with_the_next_and_those_of_others_stay(base) -> None:
    (base / "airybench-notebook").mkdir()  # of a process that holds no lock
    (base / "airybench-notebook" / "shots").touch()
    running, killed = start(base, "stay"), start(base, "stay")
    try:
        folders = []
        for process in (running, killed):
            folder, child = process.stdout.readline().split()
            assert Path(child).parent == Path(folder)
            folders.append(Path(folder))
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert folders[1].exists()
        third = start(base, "end")
        out, _ = third.communicate(timeout=120)
        assert third.returncode == 0
        assert not Path(out.split()[0]).exists()
        assert sorted(base.iterdir()) == sorted([base / "airybench-notebook", folders[0]])
        assert len(list(folders[0].iterdir())) == 3
    finally:
        running.kill()
        running.wait()
        killed.stdout.close()
        running.stdout.close()


def test_folders_without_a_file_go_as_well_but_for_those_of_processes_that_begin(base, monkeypatch) -> None:
    import tempfile

    from airybench import temporary

    def folder(name: str, *, locked: bool, age: float) -> Path:
        path = base / name
        path.mkdir()
        if locked:
            (path / temporary.LOCK).touch()
        moment = time.time() - age
        os.utime(path, (moment, moment))
        return path

    kept = [folder(".airybench-begins", locked=False, age=1), folder(".airybench-locks", locked=True, age=1),
            folder("airybench-results", locked=False, age=1e6)]  # fmt: skip
    folder("airybench-killed", locked=True, age=0)
    folder(".airybench-killed", locked=False, age=100)
    folder(".airybench-locked", locked=True, age=100)
    monkeypatch.setattr(tempfile, "tempdir", str(base))
    monkeypatch.setenv("TMPDIR", str(base))
    own = temporary.use_own_folder()
    assert own is not None
    assert sorted(base.iterdir()) == sorted([*kept, own])
    assert [one.name for one in own.iterdir()] == [temporary.LOCK]
    temporary._remove(own, os.getpid())


def test_a_long_path_is_not_taken(tmp_path, monkeypatch) -> None:
    import tempfile

    from airybench.temporary import use_own_folder

    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert use_own_folder() is None
    assert not list(long.iterdir())
    assert tempfile.gettempdir() == str(long)
