"""Measurements of a benchmark: table, JSON and CSV say the same."""

import csv
import io
import json
from pathlib import Path

import pytest

from airybench.bench.measure import measurement
from airybench.cli.show.measurements import print_measurements
from airybench.errors import DataError

ROWS = [
    measurement("[red]helium", "throughput", "patterns/s", [10.0, 40.0, 20.0], goal=10.0),
    measurement("helium", "peak memory", "MB", [500.0]),
]


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("simulate", ROWS, "cpu", None, as_json=False)
    heading, first, second, *lines = capsys.readouterr().out.splitlines()
    machine = " ".join(lines)  # as many lines as the versions of this machine need
    assert heading.split() == ["bench", "subject", "quantity", "median", "range", "unit", "of", "goal"]
    assert first.split() == ["simulate", "[red]helium", "throughput", "20", "10", "-", "40", "patterns/s",
                             "2.00", "x", "(10)"]  # fmt: skip
    assert second.split() == ["simulate", "helium", "peak", "memory", "500", "MB"]
    assert machine.startswith("device cpu: ")


def test_json_has_null_where_there_is_no_goal(capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("simulate", ROWS, "cpu", None, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [row["goal"] for row in found["measurements"]] == [10.0, None]
    assert found["machine"]["device"].startswith("cpu: ")


def test_csv_on_stdout_and_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("simulate", ROWS, "cpu", "csv", as_json=False)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["median"] for row in rows] == ["20", "500"]
    path = tmp_path / "rows.csv"
    print_measurements("simulate", ROWS, "cpu", str(path), as_json=True)
    with path.open(encoding="utf-8") as text:
        assert [row["subject"] for row in csv.DictReader(text)] == [row["subject"] for row in rows]
    with pytest.raises(DataError, match="cannot be written"):
        print_measurements("simulate", ROWS, "cpu", str(tmp_path), as_json=True)
