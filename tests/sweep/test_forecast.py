"""What a sweep is going to take: trials left, time shared out, and a disk that cannot hold it."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.inference.stress import stress_plan
from airybench.provenance import Provenance
from airybench.reporter import time_text
from airybench.sweep import disk
from airybench.sweep import forecast as module
from airybench.sweep.cost import change_seconds
from airybench.sweep.engines import Engine, engine
from airybench.sweep.forecast import forecast, total_seconds
from airybench.sweep.storage import JournalFolder
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64)
SOURCE: Any = SimpleNamespace(store=SimpleNamespace(count=64, class_names=tuple("abcde")))
RESNET18 = 11.2e6  # parameters


def sweep(space: object, **rule: object) -> SweepConfig:
    base = {"data": {"image_size": 32}, "training": {"epochs": 1}}
    return SweepConfig.model_validate({"base": base, "space": space, "study": rule})


def four(workers: int = 1) -> Engine:
    return Engine(f"{workers} workers", torch.device("cpu"), workers, lambda dataset: None)  # type: ignore[arg-type,return-value]


def test_a_new_study(tmp_path: Path) -> None:
    found = forecast(sweep({"alpha": [0.1, 0.2]}, seeds=2), "s@x", SOURCE, None, four(2), f"sqlite:///{tmp_path}/m.db")
    assert found.startswith("s@x: 4 trials on 2 workers, a minute at most of training")
    assert re.search(r"0\.2\d GB of disk \(keep best 3\), [0-9.]+ GB are free", found)  # four of 45 MB, and a model
    fewer = forecast(
        sweep({"alpha": [0.1, 0.2]}, keep="none"), "s@x", SOURCE, None, four(), f"sqlite:///{tmp_path}/m.db"
    )
    assert "0.01 GB of disk (at most 0.06 GB while it runs; keep none)" in fewer


def test_a_study_that_goes_on_is_judged_by_what_it_took(tmp_path: Path) -> None:
    wanted = sweep({"alpha": [0.1, 0.2, 0.3, 0.4, 0.5]})
    study = RunningStudy(tmp_path, "s@x", wanted, PROVENANCE)
    study.plan()
    for seconds in (1000.0, 2000.0):
        trial = study.ask()
        assert trial is not None
        trial.set_attributes(run_id="r")
        study.complete(trial, Outcome(0.5, {}, {"seconds": seconds}))
    found = forecast(wanted, "s@x", SOURCE, JournalFolder(tmp_path), four(2), "http://host")
    assert "3 trials on 2 workers, about 38 min of training" in found  # 3 x 1500 s / 2
    one = sweep({"alpha": [0.1, 0.2, 0.3, 0.4, 0.5]}, trials=2)
    assert forecast(one, "s@x", SOURCE, JournalFolder(tmp_path), four(), "http://host") == "s@x: nothing left to run"


def test_changes_of_the_detector_take_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "change_seconds", lambda store: 50.0)
    wanted = sweep({"alpha": [0.1, 0.2, 0.3]}, stress=True)
    study = RunningStudy(tmp_path, "s@x", wanted, PROVENANCE)
    study.plan()
    trial = study.ask()
    assert trial is not None
    trial.set_attributes(run_id="r")
    study.complete(trial, Outcome(0.5, {}, {"seconds": 1000.0}))
    found = forecast(wanted, "s@x", SOURCE, JournalFolder(tmp_path), four(), "http://host")
    cases = sum(len(strengths) - 1 for strengths in stress_plan().values())
    passes = 0.15 * cases / (0.7 * 3 + 0.15)  # forward passes over test, and those of a training of one epoch
    seconds = 2 * (1000 * (1 + passes) + 0.15 * 64 * 50)
    assert f"2 trials on 1 workers, about {time_text(seconds)} of training and changes of the detector" in found
    fresh = forecast(wanted, "t@x", SOURCE, None, four(), f"sqlite:///{tmp_path}/m.db")
    assert "a minute at most" not in fresh  # 3 trials with 480 s of changes each


def test_changes_are_timed_on_a_few_shots(write_store, tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.h5")
    assert 0 <= change_seconds(store) < 60


def test_a_disk_that_is_too_small_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 10**8)
    wanted = sweep({"alpha": {"low": 0.1, "high": 1}}, sampler="random", trials=100, keep="all")
    with pytest.raises(StudyError, match=r"0\.10 GB free, about 4\.\d\d GB needed for 100 trials; free some space"):
        forecast(wanted, "s@x", SOURCE, None, four(), f"sqlite:///{tmp_path}/m.db")
    assert "100 trials" in forecast(wanted, "s@x", SOURCE, None, four(), "http://elsewhere")


def test_time_is_shared_out() -> None:
    times: Any = [SimpleNamespace(seconds=100.0), SimpleNamespace(seconds=300.0)]
    grid = sweep({"alpha": [0.1, 0.2]}, seeds=2)
    assert (total_seconds(grid, times), total_seconds(grid, times, 4)) == (800, 200)
    assert total_seconds(sweep({"alpha": [0.1, 0.2]}, seeds=2, trials=3), times) == 500
    ranged = sweep({"alpha": {"low": 0.1, "high": 1}}, sampler="tpe", trials=10)
    assert total_seconds(ranged, times, 2) == 1000
    assert [time_text(s) for s in (90, 600, 36000)] == ["90 s", "10 min", "10.0 h"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("dask", "auto", 1, 1), "unknown engine 'dask'; valid: local, ray, ray://HOST:PORT"),
        (("local", "auto", 0, 1), "workers is 0, expected 1 to 256"),
        (("local", "auto", 999, 1), "workers is 999"),
        (("local", "auto", 2, 0), "trials_per_device is 0"),
        (("local", "cuda:99", 2, 1), "unknown device 'cuda:99'"),
    ],
)
def test_engines_that_cannot_be(words: tuple[str, str, int, int], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        engine(*words)
    assert getattr(caught.value, "exit_code", None) == 2
