"""The benchmark of the simulators: what it counts, and the command."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench import simulate as bench
from airybench.cli.main import run
from airybench.errors import ConfigError

CPU = torch.device("cpu")
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """A simulator that only notes which shots were asked for."""
    asked: list[list[int]] = []
    monkeypatch.setattr(bench, "simulate", lambda dataset, shots, seed, version, device: asked.append(list(shots)))
    monkeypatch.setattr(bench, "SimulationProcesses", InThisProcess)
    return asked


class InThisProcess(nullcontext[Any]):
    """Takes the place of several processes."""

    memory: ClassVar = [5e8, 6e8]

    def __enter__(self) -> "InThisProcess":
        return self

    def simulate(self, simulate: Callable[[Sequence[int]], Any], batches: list[Sequence[int]]) -> Iterator[Any]:
        """The shots of each batch."""
        return map(simulate, batches)


def test_every_repeat_simulates_the_same_shots_in_batches(instant: list[list[int]]) -> None:
    reporter = CollectingReporter()
    found = bench.bench_simulate(count=40, repeats=2, processes=1, device=CPU, reporter=reporter)
    once = [list(range(32)), list(range(32, 40))]
    warm_up, short, long = instant[:1], instant[1:5], instant[5 : len(instant) // 2]
    assert warm_up == [[0, 1, 2, 3]]
    assert short == once * 2
    assert [shot for batch in long for shot in batch] == list(range(40)) * bench.OVER
    assert reporter.steps == [(i + 1, 6) for i in range(6)]
    assert [row.subject for row in found] == ["helium"] * 5 + ["cxidb"] * 5
    assert found[0].unit == "patterns/s"
    assert found[0].goal == 15
    assert found[0].repeats == 2
    with pytest.raises(ConfigError, match="repeats 0: at least 1 is needed"):
        bench.bench_simulate(repeats=0, device=CPU)


def test_several_processes_each_do_the_work_of_one(instant: list[list[int]]) -> None:
    reporter = CollectingReporter()
    found = bench.bench_simulate(count=40, repeats=2, processes=3, device=CPU, datasets=("cxidb",), reporter=reporter)
    warm_up, rest = instant[:4], [shot for batch in instant[4:] for shot in batch]
    assert warm_up == [[0, 1, 2, 3]] * 4
    assert rest == list(range(40)) * (2 * (1 + 3) + bench.OVER)
    assert reporter.steps == [(i + 1, 5) for i in range(5)]
    rows = {row.quantity: row for row in found[5:]}
    assert list(rows) == ["throughput, 3 processes", "speed of 3 processes to one", "memory added by each"]
    assert rows["speed of 3 processes to one"].goal == pytest.approx(2.7)
    assert rows["memory added by each"].median == 600
    with pytest.raises(ConfigError, match="0 processes"):
        bench.bench_simulate(processes=0, device=CPU)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.bench_simulate.__kwdefaults__, "datasets", ("cxidb",))
    small = ["bench", "simulate", "--count", "3", "--repeats", "2", "--processes", "1"]
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
    """In a process of its own, whose peak is that of the simulation alone."""
    words = [sys.executable, "-m", "airybench", "bench", "simulate", "--count", "96", "--repeats", "1", "--json"]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, check=True)
    rows = [row for row in json.loads(done.stdout)["measurements"] if row["subject"] == "helium"]
    found = {row["quantity"]: row["median"] for row in rows}
    assert found["peak memory"] < 2000
    assert found["memory added by 288 shots"] < 150
    assert found["time per shot, 288 to 96 shots"] == pytest.approx(1, abs=0.25)
