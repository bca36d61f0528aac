"""The benchmark of the sweep on as few trials as can be."""

import math

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench import sweep
from airybench.bench.sweep import bench_sweep
from airybench.errors import ConfigError
from airybench.paths import data_folder
from airybench.sweep.engines import Engine


def test_fewer_than_three_trials_say_nothing_of_growth() -> None:
    with pytest.raises(ConfigError, match="trials 2: at least 3 is needed"):
        bench_sweep(trials=2, device=torch.device("cpu"))


@pytest.mark.slow
def test_trials_are_timed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "START_SHOTS", 64)
    before, reporter = data_folder(), CollectingReporter()
    rows = {row.quantity: row for row in bench_sweep(trials=3, device=torch.device("cpu"), reporter=reporter)}
    assert rows["a trial, from the end of one to the next"].repeats == 8  # of nine trials
    assert all(math.isfinite(row.median) and row.median > 0 for row in rows.values())
    assert len(rows) == 5
    assert reporter.steps == [(1, 2), (2, 2)]
    assert data_folder() == before


def test_trials_run_on_the_device_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.device] = []

    def run_sweep(*_: object, engine: Engine, observer: sweep._Stopwatch, **more: object) -> None:
        seen.append(engine.device)
        observer.ends, observer.epochs = [1.0, 2.0, 3.0, 5.0], [1.0]

    monkeypatch.setattr(sweep, "run_sweep", run_sweep)
    monkeypatch.setattr(sweep, "open_dataset", lambda *_, **more: None)
    monkeypatch.setattr(sweep, "engine", lambda name, device, *_: Engine(name, torch.device(device), 1, lambda _: None))
    rows = {row.quantity: row.median for row in bench_sweep(trials=3, device=torch.device("cuda:1"))}
    assert seen == [torch.device("cuda:1")] * 3
    assert rows["a trial, from the end of one to the next"] == 1.0
    assert rows["last third of the trials over the first"] == 2.0
