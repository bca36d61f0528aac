"""A sweep under attack: a second one on another host, data that vanish, a full disk, a clock that is set back."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from kept import runs_of, trials

from airybench.cli.main import run

REPOSITORY = Path(__file__).resolve().parents[1]
SMALL = """
question: Does it hold out?
base:
  network: {arch: "timm:test_resnet"}
  data: {count: 64, image_size: 32, antialias: true}
  training: {epochs: 3, batch_size: 16, schedule: cosine}
space: {log_activation: [true], alpha: [0.1, 0.2, 0.3]}
"""


@pytest.fixture
def small(tmp_path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def sweep(config: Path, study: str, dataset: str = "helium") -> list[str]:
    return ["sweep", "--dataset", dataset, "--config", str(config), "--study", study]


def start(folder: Path, words: list[str], host: str = "") -> "subprocess.Popen[str]":
    """A command in a process of its own; with `host`, where the machine has that name."""
    command = [sys.executable, "-m", "airybench", *words]
    if host:
        command = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host, *command]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def can_rename_host() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--uts", "hostname", "second"], check=False, capture_output=True).returncode == 0


def finished(data_home: Path, study: str) -> list[str]:
    """The cells of the finished trials; none runs any more."""
    found = trials(data_home, f"{study}@helium")
    assert not [t for t in found if not t.state.is_finished()]
    cells = Counter(t.user_attrs["cell"] for t in found if t.state.name == "COMPLETE")
    assert set(cells.values()) <= {1}, cells
    return list(cells)


@pytest.mark.slow
@pytest.mark.skipif(not can_rename_host(), reason="no permission to give a process another host name")
def test_a_second_sweep_of_a_study_is_refused_on_this_host_and_on_another(tmp_path, data_home, small) -> None:
    words = sweep(small, "twice")
    first = start(tmp_path, words, "first")
    while not any("owner" in t.user_attrs for t in trials(data_home, "twice@helium")):
        assert first.poll() is None, first.communicate()[1]
        time.sleep(0.1)
    owners = {t.user_attrs["owner"] for t in trials(data_home, "twice@helium") if "owner" in t.user_attrs}
    assert {owner.split(":")[0] for owner in owners} == {"first"}
    others = [start(tmp_path, words, host) for host in ("first", "second")]
    for other in others:
        said = other.communicate(timeout=900)[1]
        assert other.returncode == 2 or first.poll() is not None, said
        if other.returncode == 2:
            assert "study twice@helium is being run by another process; wait for it, or choose" in said
    said = first.communicate(timeout=900)[1]
    assert first.returncode == 0, said
    assert len(finished(data_home, "twice")) == 3
    parents, children = runs_of(tmp_path, "twice@helium")
    assert [one.info.status for one in parents + children] == ["FINISHED"] * 4


@pytest.mark.slow
def test_a_sweep_that_was_killed_on_one_host_is_resumed_on_another(tmp_path, data_home, small) -> None:
    if not can_rename_host():
        pytest.skip("no permission to give a process another host name")
    words = sweep(small, "moved")
    first = start(tmp_path, words, "first")
    while not any("run_id" in t.user_attrs for t in trials(data_home, "moved@helium")):
        assert first.poll() is None, first.communicate()[1]
        time.sleep(0.1)
    first.kill()
    first.communicate()
    second = start(tmp_path, words, "second")
    said = second.communicate(timeout=900)[1]
    assert second.returncode == 0, said
    assert len(finished(data_home, "moved")) == 3


@pytest.mark.slow
def test_data_that_vanish_end_a_sweep_with_one_line_and_nothing_is_lost(
    tmp_path, data_home, small, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["data", "simulate", "helium", "--count", "64", "--output", "shots.h5"]) == 0
    words = sweep(small, "vanished", "shots.h5")
    store, away = tmp_path / "shots.h5", tmp_path / "away.h5"
    store.rename(away)
    assert run(words) == 2
    assert "shots.h5: no such file" in capsys.readouterr().err
    away.rename(store)

    from airybench.sweep import executor

    whole = executor.execute

    def vanish(*arguments, **options):
        if store.exists() and trials_done(data_home) == 1:
            store.rename(away)
        return whole(*arguments, **options)

    def trials_done(home: Path) -> int:
        return sum(t.state.name == "COMPLETE" for t in trials(home, "vanished@shots"))

    with monkeypatch.context() as patch:
        patch.setattr(executor, "execute", vanish)
        code = run(words)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert code in (0, 1, 2, 3)  # shots that are in memory already are enough to finish
    if not store.exists():
        away.rename(store)
    assert run(words) == 0
    found = trials(data_home, "vanished@shots")
    assert sum(t.state.name == "COMPLETE" for t in found) == 3


@contextlib.contextmanager
def no_file_beyond(size: int):
    """A disk on which no file grows beyond `size` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.slow
@pytest.mark.parametrize("size", [3_000, 20_000, 200_000, 900_000, 1_100_000])
def test_a_full_disk_is_told_and_the_sweep_goes_on_when_there_is_room(
    size, tmp_path, data_home, small, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    study = f"full{size}"
    words = [*sweep(small, study), "--checkpoint-every", "0.01"]
    assert run([*words, "--dry-run"]) == 0  # the shots are there
    capsys.readouterr()
    with no_file_beyond(size):
        code = run(words)
    said = capsys.readouterr().err
    assert code in (1, 2, 3), said
    assert "Traceback" not in said
    assert "unexpected" not in said
    assert run(words) == 0
    assert len(finished(data_home, study)) == 3
    parents, children = runs_of(tmp_path, f"{study}@helium")
    assert {one.info.status for one in parents} == {"FINISHED"}
    assert sum(one.info.status == "FINISHED" for one in children) == 3
    assert not [one for one in children if one.info.status == "RUNNING"]


@pytest.mark.slow
def test_a_clock_that_is_set_back_an_hour_changes_nothing(tmp_path, data_home, small, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    clock, began = time.time, time.monotonic()
    monkeypatch.setattr(time, "time", lambda: clock() - (3600 if time.monotonic() - began > 2 else 0))
    assert run(sweep(small, "clock")) == 0
    assert len(finished(data_home, "clock")) == 3
    parents, children = runs_of(tmp_path, "clock@helium")
    assert {one.info.status for one in parents + children} == {"FINISHED"}
