"""A tidy table of studies, for programs with every column and for people with the ones that count."""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airybench.analysis.number_text import with_interval
from airybench.cli.show.grid import Grid
from airybench.cli.show.output import result_console
from airybench.cli.show.paper import escaped, latex_table, score_latex
from airybench.errors import InputError
from airybench.jobs.table import Row
from airybench.paths import appearing
from airybench.report.tables import markdown_table

WORDS = 3
"""Columns at the left that are no numbers: data set, study and network."""


def print_or_write(rows: Sequence[Row], form: str, output: Path | None) -> None:
    """Print rows, or write them to a file.

    Args:
        rows: of one table.
        form: `csv`, `latex`, `markdown`, `json` or `parquet`; empty for a table on a terminal.
        output: the file; None to print, which `parquet` cannot.

    Raises:
        InputError: the file cannot be written, or the package pyarrow is not there.
    """
    if not form:
        print_rows(rows)
        return
    texts = {"csv": as_csv, "latex": as_latex, "markdown": as_markdown, "json": as_json}
    if output is None:
        print(texts[form](rows))
        return
    try:
        if form == "parquet":
            write_parquet(rows, output)
        else:
            output.write_text(texts[form](rows) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--output {output} cannot be written: {error.strerror or error}") from None


def as_json(rows: Sequence[Row]) -> str:
    """Every column; what is undefined is null."""
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return json.dumps(plain, indent=2, ensure_ascii=False)


def columns(rows: Sequence[Row]) -> list[str]:
    """The columns of all rows, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in rows for name in row))


def as_csv(rows: Sequence[Row]) -> str:
    """Every column, numbers as exact as they are; what is undefined is empty."""
    text, heads = io.StringIO(), columns(rows)
    writer = csv.DictWriter(text, heads, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return text.getvalue().rstrip("\n")


def as_latex(rows: Sequence[Row]) -> str:
    """What counts, in LaTeX."""
    heads, lines = _shown(rows)
    cells = [[score_latex(*one) if isinstance(one, tuple) else escaped(str(one)) for one in line] for line in lines]
    caption = "Scores on the validation and the test shots, with 95\\,\\% intervals in brackets."
    return latex_table([escaped(head) for head in heads], cells, words=WORDS, caption=caption, label="tab:airybench")


def as_markdown(rows: Sequence[Row]) -> str:
    """What counts, in Markdown."""
    heads, lines = _shown(rows)
    return "\n".join(markdown_table(heads, _texts(lines), words=WORDS))


def print_rows(rows: Sequence[Row]) -> None:
    """What counts, as a table on stdout."""
    heads, lines = _shown(rows)
    table = Grid()
    for number, head in enumerate(heads):
        table.column(head, left=number < WORDS, key=number < WORDS)
    for line in _texts(lines):
        table.row(*line)
    result_console().print(table)


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Write every column to a Parquet file.

    Raises:
        InputError: the package pyarrow is not there.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            "--parquet needs pyarrow, which is not installed; pip install 'airybench[parquet]', or take --csv"
        ) from None
    table = pa.table({name: [_plain(row.get(name)) for row in rows] for name in columns(rows)})
    with appearing(path) as unfinished:
        pq.write_table(table, unfinished)


def _shown(rows: Sequence[Row]) -> tuple[list[str], list[list[Any]]]:
    """Heads, and for each row its words and scores: (value, low, high)."""
    trials = "trial" in rows[0]
    repeat = "seed" if trials else "seeds"
    (val, test), more = _metrics(rows)
    lines = []
    for row in rows:
        here, there = f"val_{row['objective']}", f"test_{row['metric']}"
        low, high = ("", "") if trials else ("low", "high")
        lines.append([
            row["dataset"], row["study"], row["name"], *(row[one] for one in more), str(row[repeat]),
            _score(row, here, low, high), _score(row, there, "test_low", "test_high"),
        ])  # fmt: skip
    return ["data set", "study", "network", *more, "seed" if trials else "n", val, test], lines


def _metrics(rows: Sequence[Row]) -> tuple[tuple[str, str], tuple[str, ...]]:
    """Heads of the columns of scores, and columns that say the metrics where rows differ in them."""
    objectives, metrics = ({row[name] for row in rows} for name in ("objective", "metric"))
    more = tuple(name for name, found in (("objective", objectives), ("metric", metrics)) if len(found) > 1)
    val = "val" if len(objectives) > 1 else f"val {rows[0]['objective']}"
    return (val, "test" if len(metrics) > 1 else f"test {rows[0]['metric']}"), more


def _score(row: Row, name: str, low: str, high: str) -> tuple[float, float, float]:
    value, first, last = (row.get(key, math.nan) for key in (name, low, high))
    return value, first, last


def _texts(lines: Sequence[Sequence[Any]]) -> list[list[str]]:
    return [[with_interval(*one) if isinstance(one, tuple) else str(one) for one in line] for line in lines]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
