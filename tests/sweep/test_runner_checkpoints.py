"""Checkpoints of a sweep: as often as asked for, and none of an archived study's."""

from pathlib import Path

import pytest

from airybench.cli.main import run
from airybench.sweep import runner

WORDS = ["--dataset", "cxidb", "--alpha", "0.3", "--study", "saved"]


class _Interrupted:
    """A scheduler that is interrupted before its first trial, and keeps how often trials would have saved."""

    told: tuple[float, ...] = ()

    def __init__(self, study, parent, executor, observer, checkpoint_every: float, tidy) -> None:
        _Interrupted.told += (checkpoint_every,)

    def run(self) -> bool:
        raise KeyboardInterrupt


def test_checkpoint_every_and_fresh(tiny, data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "Scheduler", _Interrupted)
    monkeypatch.chdir(tmp_path)
    left = data_home / "checkpoints" / "saved@cxidb" / "0123" / "000001"
    left.mkdir(parents=True)
    other = data_home / "checkpoints" / "kept@cxidb"
    other.mkdir()
    command = ["sweep", "--config", str(tiny), *WORDS]
    assert run([*command, "--checkpoint-every", "7.5"]) == 130
    assert left.exists()  # an interrupted study goes on from there
    assert run([*command, "--fresh"]) == 130
    assert _Interrupted.told == (7.5, 60.0)
    assert not left.parent.parent.exists()
    assert other.exists()
    assert run([*command, "--checkpoint-every", "-1"]) == 2
