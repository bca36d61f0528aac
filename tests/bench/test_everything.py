"""All benchmarks together: each is run, and its rows say of which they are."""

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench import everything
from airybench.bench.measure import measurement

PARTS = ("simulate", "correlate", "import", "stacks", "train", "predict", "overhead", "sweep", "studies")


def test_rows_are_headed_by_their_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PARTS:
        rows = [measurement(name, "speed", "1/s", [1.0])]
        monkeypatch.setattr(everything, f"bench_{name}", lambda rows=rows, **_: rows)
    reporter = CollectingReporter()
    rows = everything.bench_all(device=torch.device("cpu"), reporter=reporter)
    first = next(rows)
    assert first.subject == "simulate: simulate"
    assert reporter.steps == []  # the second has not begun
    assert [first.subject, *(row.subject for row in rows)] == [
        "simulate: simulate", "correlate: correlate", "import: import", "import: stacks",
        "train: train", "train: train",
        "predict: predict", "predict: predict", "sweep: overhead", "sweep: sweep", "sweep: studies",
    ]  # fmt: skip
    assert reporter.steps[-1] == (11, 11)
