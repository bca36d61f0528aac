"""The benchmark of the import: a deposit of the real size, its numbers and its steps."""

import pytest
from reporters import CollectingReporter

from airybench.bench import importing
from airybench.bench.importing import bench_import
from airybench.errors import ConfigError


def test_rates_of_a_small_deposit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "SIDE", 64)
    reporter = CollectingReporter()
    rows = bench_import(count=3, repeats=2, reporter=reporter)
    images, megabytes, linear, peak, _ = rows
    assert [row.unit for row in rows] == ["images/s", "MB/s", "ratio", "MB", "MB"]
    assert megabytes.median == pytest.approx(images.median * 64 * 64 * 2 / 1e6)
    assert images.repeats == linear.repeats == 2
    assert linear.quantity == "time per image, 9 to 3 images"
    assert peak.median > 10
    assert reporter.steps == [(step, 4) for step in range(1, 5)]
    with pytest.raises(ConfigError, match="count 0: at least 1"):
        bench_import(count=0)
