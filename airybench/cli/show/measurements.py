"""Measurements of a benchmark: a table, Markdown, JSON or CSV."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import tee
from pathlib import Path
from typing import Literal

import torch

from airybench.bench.measure import Measurement, csv_lines, machine, markdown_lines
from airybench.cli.show.console import print_json
from airybench.cli.show.grid import LEAST, Grid
from airybench.cli.show.output import result_console
from airybench.errors import DataError

Form = Literal["table", "markdown", "json", "csv"]
"""How measurements are printed. The lines of Markdown and CSV are printed one by one, as soon as they are measured."""


def print_measurements(
    name: str, found: Iterable[Measurement], device: str, output: str | None = None, form: Form = "table"
) -> None:
    """Print what a benchmark measured, with the machine beside it.

    A run that is cut off has printed, and written to the file, what it had measured by then.

    Args:
        name: of the benchmark.
        found: its measurements, perhaps as they come.
        device: where they were taken.
        output: a CSV file to write as well, row by row.
        form: what is printed.

    Raises:
        DataError: the file cannot be written.
    """
    where = machine(torch.device(device))
    rows: list[Measurement] = []
    with ExitStack() as stack:
        if form in ("table", "json"):
            stack.callback(_print_whole, name, rows, where, form)  # also where an interruption comes first
        kept = _kept(_written(name, found, where, output) if output else found, rows)
        if form == "csv":
            _print_lines(csv_lines(name, kept, where))
        elif form == "markdown":
            _print_lines(markdown_lines(kept))
            print(f"\n{_words(where)}")
        for _ in kept:
            pass


def _kept(found: Iterable[Measurement], rows: list[Measurement]) -> Iterator[Measurement]:
    for row in found:
        rows.append(row)
        yield row


def _written(name: str, found: Iterable[Measurement], where: dict[str, str], output: str) -> Iterator[Measurement]:
    """The same measurements, each written to a CSV file before it is passed on."""
    these, same = tee(found)
    try:
        file = Path(output).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another --output") from error
    with file:
        for row, line in zip(these, csv_lines(name, same, where), strict=True):
            file.write(line)
            file.flush()
            yield row


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, end="", flush=True)


def _print_whole(name: str, rows: Sequence[Measurement], where: dict[str, str], form: Form) -> None:
    if not rows:
        return
    if form == "table":
        _print_table(name, rows, where)
        return
    numbers = [{key: None if value != value else value for key, value in asdict(row).items()} for row in rows]
    print_json({"bench": name, "machine": where, "measurements": numbers})


def _print_table(name: str, found: Sequence[Measurement], where: dict[str, str]) -> None:
    console = result_console()
    table = Grid()
    for heading in ("bench", "subject", "quantity", "median", "range", "unit", "of goal"):
        words = heading in ("bench", "subject", "quantity", "unit")
        key = heading in ("bench", "subject", "quantity")
        table.column(heading, left=words, key=key, joined=heading == "unit", fold=LEAST if heading == "unit" else 0)
    for row in found:
        goal = "" if row.goal != row.goal else f"{row.ratio:.2f} x ({row.goal:g})"
        spread = f"{row.low:.4g} - {row.high:.4g}" if row.repeats > 1 else ""
        table.row(name, row.subject, row.quantity, f"{row.median:.4g}", spread, row.unit, goal)
    console.print(table)
    console.print(_words(where))


def _words(where: dict[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in where.items())
