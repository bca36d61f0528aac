"""Measurements of a benchmark: a table, JSON or CSV."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.table import Table

from airybench.bench.measure import Measurement, as_csv, machine
from airybench.cli.show.output import print_result, result_console
from airybench.errors import DataError

WIDTH = 160  # of a table that goes to a file or pipe


def print_measurements(
    name: str, found: Sequence[Measurement], device: str, output: str | None, *, as_json: bool
) -> None:
    """Print what a benchmark measured, with the machine beside it.

    Args:
        name: of the benchmark.
        found: its measurements.
        device: where they were taken.
        output: a CSV file to write as well; the word `csv` prints CSV instead of a table.
        as_json: print JSON.

    Raises:
        DataError: the file cannot be written.
    """
    where = machine(torch.device(device))
    csv = as_csv(name, found, where)
    if output not in (None, "csv"):
        try:
            Path(str(output)).write_text(csv, encoding="utf-8")
        except OSError as error:
            raise DataError(f"{output}: cannot be written ({error.strerror}); choose another --output") from error
    numbers = [{key: None if value != value else value for key, value in asdict(row).items()} for row in found]
    print_result(
        found,
        as_json=as_json,
        data=lambda _: {"bench": name, "machine": where, "measurements": numbers},
        text=lambda rows: print(csv, end="") if output == "csv" else _print_table(name, rows, where),
    )


def _print_table(name: str, found: Sequence[Measurement], where: dict[str, str]) -> None:
    console = result_console(WIDTH, markup=False)
    table = Table("bench", "subject", "quantity", "median", "range", "unit", "of goal", box=None, pad_edge=False)
    for row in found:
        goal = "" if row.goal != row.goal else f"{row.ratio:.2f} x ({row.goal:g})"
        spread = f"{row.low:.4g} - {row.high:.4g}" if row.repeats > 1 else ""
        table.add_row(name, row.subject, row.quantity, f"{row.median:.4g}", spread, row.unit, goal)
    console.print(table)
    console.print(", ".join(f"{key} {value}" for key, value in where.items()))
