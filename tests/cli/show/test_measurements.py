"""Measurements of a benchmark: table, JSON and CSV say the same."""

import csv
import io
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from airybench.bench.measure import Measurement, measurement
from airybench.cli.show.measurements import print_measurements
from airybench.errors import DataError

ROWS = [
    measurement("[red]helium", "throughput", "patterns/s", [10.0, 40.0, 20.0], goal=10.0),
    measurement("helium", "peak memory", "MB", [500.0]),
]


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("simulate", ROWS, "cpu")
    heading, _, first, second, *lines = capsys.readouterr().out.splitlines()
    machine = " ".join(lines)  # as many lines as the versions of this machine need
    assert heading.split() == ["bench", "subject", "quantity", "median", "range", "unit", "of", "goal"]
    assert first.split() == ["simulate", "[red]helium", "throughput", "20", "10", "-", "40", "patterns/s",
                             "2.00", "x", "(10)"]  # fmt: skip
    assert second.split() == ["simulate", "helium", "peak", "memory", "500", "MB"]
    assert machine.startswith("device cpu: ")


def test_json_has_null_where_there_is_no_goal(capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("simulate", ROWS, "cpu", form="json")
    found = json.loads(capsys.readouterr().out)
    assert [row["goal"] for row in found["measurements"]] == [10.0, None]
    assert found["machine"]["device"].startswith("cpu: ")


def test_csv_on_stdout_and_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("simulate", ROWS, "cpu", form="csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["median"] for row in rows] == ["20", "500"]
    path = tmp_path / "rows.csv"
    print_measurements("simulate", ROWS, "cpu", str(path), "json")
    with path.open(encoding="utf-8") as text:
        assert [row["subject"] for row in csv.DictReader(text)] == [row["subject"] for row in rows]
    with pytest.raises(DataError, match="cannot be written"):
        print_measurements("simulate", ROWS, "cpu", str(tmp_path), "json")


def _cut_off() -> Iterator[Measurement]:
    yield ROWS[0]
    raise KeyboardInterrupt


@pytest.mark.parametrize("form", ["table", "markdown", "json", "csv"])
def test_a_run_that_is_cut_off_keeps_its_rows(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    with pytest.raises(KeyboardInterrupt):
        print_measurements("all", _cut_off(), "cpu", str(path), form)  # type: ignore[arg-type]
    assert "[red]helium" in capsys.readouterr().out
    (row,) = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    assert row["quantity"] == "throughput"


def test_markdown_is_a_table_and_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    print_measurements("all", ROWS, "cpu", form="markdown")
    _, rule, first, second, _, machine = capsys.readouterr().out.splitlines()
    assert rule == "|---|---|---|---|---|"
    assert first == "| [red]helium | throughput | 20 (10 - 40) | patterns/s | 10 |"
    assert second == "| helium | peak memory | 500 | MB | |"
    assert machine.startswith("device cpu: ")


def test_a_terminated_run_of_all_has_printed_and_written_what_it_measured(tmp_path: Path) -> None:
    code = textwrap.dedent("""
        import sys, time
        from airybench.bench import everything
        from airybench.bench.measure import measurement
        from airybench.cli.main import run

        def slow(**_):
            print("slow", file=sys.stderr, flush=True)
            time.sleep(60)

        everything.bench_simulate = lambda **_: [measurement("helium", "throughput", "patterns/s", [30.0])]
        everything.bench_correlate = slow
        sys.exit(run(["bench", "--all", "--markdown", "--device", "cpu", "--output", sys.argv[1]]))
    """)
    path = tmp_path / "all.csv"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        while "slow" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        printed = process.stdout.read()
        assert process.wait(30) == 130
    assert "| simulate: helium | throughput | 30 | patterns/s | |" in printed
    (row,) = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    assert (row["subject"], row["median"]) == ("simulate: helium", "30")
