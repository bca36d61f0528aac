"""What benchmarks share: measurements, time, memory, steps, and results as CSV."""

import csv
import io
import math

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench.measure import (
    counted_steps,
    csv_lines,
    elapsed,
    machine,
    measurement,
    require_at_least,
)
from airybench.bench.memory import peak_memory
from airybench.errors import ConfigError


def test_a_measurement_is_median_range_and_ratio() -> None:
    rate = measurement("helium", "throughput", "patterns/s", [10.0, 40.0, 20.0], goal=10.0)
    assert (rate.median, rate.low, rate.high, rate.repeats, rate.ratio) == (20, 10, 40, 3, 2)
    memory = measurement("helium", "peak memory", "MB", [500.0], goal=2000.0, less_is_better=True)
    assert memory.ratio == 4
    assert math.isnan(measurement("a", "b", "c", [1.0]).ratio)


def test_time_and_memory_are_those_of_the_work() -> None:
    before = peak_memory()
    kept = []
    took = elapsed(lambda: kept.append(bytearray(b"x" * 300_000_000)))
    assert took.cpu > 0
    assert 0 < took.wall < 10
    assert peak_memory() > 100
    assert peak_memory() >= before


def test_csv_holds_the_machine_beside_every_number() -> None:
    where = machine(torch.device("cpu"))
    assert where["device"].startswith("cpu: ")
    assert where["torch"] == torch.__version__.split("+")[0] or "+" in where["torch"]
    text = "".join(csv_lines("simulate", [measurement("helium", "a, b", "MB", [1 / 3])], where))
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["quantity"] == "a, b"
    assert row["median"] == "0.333333"
    assert {"bench", "cores", "threads", "load", "numpy"} <= set(row)


def test_steps_are_counted() -> None:
    reporter = CollectingReporter()
    with counted_steps(reporter, "measuring", 2) as advance:
        assert reporter.steps == []
        advance()
        advance()
    assert (reporter.titles, reporter.steps) == (["measuring"], [(1, 2), (2, 2)])


def test_a_size_that_is_too_small_is_named() -> None:
    require_at_least(count=(1, 1), image_size=(32, 32))
    with pytest.raises(ConfigError, match=r"^image size 31: at least 32 is needed$"):
        require_at_least(count=(1, 1), image_size=(31, 32))
