"""The end of a Slurm job is the time limit of a sweep that has none."""

import math
import time

import pytest

from airybench.cli.main import run
from airybench.errors import ConfigError
from airybench.sweep.job_end import JOB, RESERVE_SECONDS, VARIABLE, _told_by_squeue, seconds_left


def test_outside_of_a_job_there_is_no_end(monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(JOB, raising=False)
    assert seconds_left() == math.inf
    monkeypatch.setenv(VARIABLE, "UNLIMITED")
    assert seconds_left() == math.inf


def test_where_slurm_does_not_set_it_squeue_is_asked(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(JOB, "1612")
    monkeypatch.setenv("PATH", str(tmp_path))
    ends = int(time.time()) + 7200
    for answer, left in (("", math.inf), ("NONE", math.inf), (str(ends), 7200 - RESERVE_SECONDS)):
        _told_by_squeue.cache_clear()
        if answer:
            (tmp_path / "squeue").write_text(
                f'#!/bin/sh\n[ "$SLURM_TIME_FORMAT $3" = "%s --jobs=1612" ] && echo {answer}\n', encoding="utf-8"
            )
            (tmp_path / "squeue").chmod(0o755)
        assert seconds_left() == pytest.approx(left, abs=60)
    _told_by_squeue.cache_clear()


def test_the_end_leaves_time_for_the_ranking(monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, str(int(time.time()) + 3600))
    assert seconds_left() == pytest.approx(3600 - RESERVE_SECONDS, abs=60)


def test_a_job_that_is_all_but_over_starts_nothing(monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, str(int(time.time()) + 30))
    with pytest.raises(ConfigError, match=r"ends in \d+ s, and 120 s are kept for the ranking; give the job more"):
        seconds_left()


def test_a_sweep_ends_before_its_job(tmp_path, data_home, tiny, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "job", "--no-log-activation"]
    monkeypatch.setenv(VARIABLE, str(int(time.time()) + 30))
    assert run(words) == 2
    assert "this Slurm job ends in" in capsys.readouterr().err
    assert not list((data_home / "studies").glob("job@*"))
    monkeypatch.setenv(VARIABLE, str(int(time.time()) + 3600))
    with monkeypatch.context() as patch:
        patch.setattr("airybench.sweep.scheduler.seconds_left", lambda: 0.0)
        assert run(words) == 1
    said = capsys.readouterr().err
    assert "no trial begins in the last 2 minutes of this Slurm job" in said
    assert "the time limit came before any trial of job@helium was finished; the same command resumes it" in said
    assert run([*words, "--time-limit", "1h"]) == 0  # what is typed comes first
    assert "Slurm" not in capsys.readouterr().err
