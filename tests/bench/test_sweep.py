"""The benchmark of the sweep on as few trials as can be."""

import math
import os

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench import sweep
from airybench.bench.sweep import bench_sweep
from airybench.errors import ConfigError


def test_fewer_than_three_trials_say_nothing_of_growth() -> None:
    with pytest.raises(ConfigError, match="trials 2: at least 3 is needed"):
        bench_sweep(trials=2, device=torch.device("cpu"))


@pytest.mark.slow
def test_trials_are_timed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "START_SHOTS", 64)
    before, reporter = dict(os.environ), CollectingReporter()
    rows = {row.quantity: row for row in bench_sweep(trials=3, device=torch.device("cpu"), reporter=reporter)}
    assert rows["a trial, from the end of one to the next"].repeats == 8  # of nine trials
    assert all(math.isfinite(row.median) and row.median > 0 for row in rows.values())
    assert len(rows) == 5
    assert reporter.steps == [(1, 2), (2, 2)]
    assert dict(os.environ) == before
