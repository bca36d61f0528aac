"""Benchmarks: what they count, the form of their results, and the command."""

import csv
import io
import json
import math
from pathlib import Path

import pytest
import torch

from airybench.bench import simulate as bench
from airybench.bench.measure import as_csv, elapsed, machine, measurement, peak_memory
from airybench.cli.main import run
from airybench.errors import ConfigError


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """A simulator that only notes which shots were asked for."""
    asked: list[list[int]] = []
    monkeypatch.setattr(bench, "simulate", lambda dataset, shots, seed, device: asked.append(list(shots)))
    return asked


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


def test_every_repeat_simulates_the_same_shots_in_batches(instant: list[list[int]]) -> None:
    steps: list[tuple[int, int]] = []
    found = bench.bench_simulate(count=40, repeats=2, progress=lambda done, total: steps.append((done, total)))
    once = [list(range(32)), list(range(32, 40))]
    warm_up, short, long = instant[:1], instant[1:5], instant[5 : len(instant) // 2]
    assert warm_up == [[0, 1, 2, 3]]
    assert short == once * 2
    assert [shot for batch in long for shot in batch] == list(range(40)) * bench.OVER
    assert steps == [(i + 1, 6) for i in range(6)]
    assert [row.subject for row in found] == ["helium"] * 5 + ["cxidb"] * 5
    assert found[0].unit == "patterns/s"
    assert found[0].goal == 15
    assert found[0].repeats == 2
    with pytest.raises(ConfigError, match="at least 1"):
        bench.bench_simulate(repeats=0)


def test_csv_holds_the_machine_beside_every_number() -> None:
    where = machine(torch.device("cpu"))
    assert where["device"].startswith("cpu: ")
    assert where["torch"] == torch.__version__.split("+")[0] or "+" in where["torch"]
    text = as_csv("simulate", [measurement("helium", "a, b", "MB", [1 / 3])], where)
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["quantity"] == "a, b"
    assert row["median"] == "0.333333"
    assert {"bench", "cores", "threads", "load", "numpy"} <= set(row)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.bench_simulate.__kwdefaults__, "datasets", ("cxidb",))
    small = ["bench", "simulate", "--count", "3", "--repeats", "2"]
    assert run([*small, "--output", str(tmp_path / "b.csv")]) == 0
    printed = capsys.readouterr().out
    assert "throughput" in printed
    assert "airybench" in printed
    with (tmp_path / "b.csv").open() as file:
        assert {row["subject"] for row in csv.DictReader(file)} == {"cxidb"}
    assert run([*small, "--output", "csv"]) == 0
    assert capsys.readouterr().out.startswith("bench,subject,quantity,")
    assert run([*small, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["measurements"][0]["goal"] is None
    assert run([*small, "--output", "b.txt"]) == 2
    assert "ending in .csv" in capsys.readouterr().err
    assert run([*small, "--device", "tpu"]) == 2
    assert "unknown device 'tpu'" in capsys.readouterr().err


@pytest.mark.slow
def test_memory_does_not_grow_with_the_count() -> None:
    found = {row.quantity: row for row in bench.bench_simulate(count=96, repeats=1, datasets=("helium",))}
    assert found["peak memory"].median < 2000
    assert found["memory added by 288 shots"].median < 150
    assert found["time per shot, 288 to 96 shots"].median == pytest.approx(1, abs=0.25)
