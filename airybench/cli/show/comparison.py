"""A comparison on stdout."""

import math

from rich.console import Console
from rich.table import Table

from airybench.analysis.compare import Comparison, DatasetComparison
from airybench.analysis.intervals import Estimate
from airybench.cli.show.results import WIDTH
from airybench.jobs.compare import heading


def print_comparison(found: Comparison) -> None:
    """One table a data set, what the log activation changes, and how to read it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    for side in found.sides:
        _print_lines(console, side, found.metric)
        _print_pairs(console, side, found.metric)
    console.print(
        "Cells are ordered by val; intervals are 95 %, over test shots by bootstrap and over seeds by Student's t. "
        "Test is for reading how good they are, not for choosing among them.",
        soft_wrap=True,
    )
    if any(side.simulated for side in found.sides):
        console.print("Simulated data rank networks on the stand-in, not on the experiment.")


def _print_lines(console: Console, side: DatasetComparison, metric: str) -> None:
    table = Table(title=heading(side), title_justify="left")
    for name in ("#", "network", "study", "n", f"val {metric}", f"test {metric}", "over shots", "over seeds"):
        left = name in ("network", "study")
        table.add_column(name, justify="left" if left else "right", no_wrap=name == "network")
    for place, line in enumerate(side.lines, 1):
        table.add_row(
            str(place), line.config.network.title, line.study.rpartition("@")[0], str(line.seeds), _number(line.val),
            _number(line.test.value), _interval(line.test.low, line.test.high),
            _interval(line.test.seed_low, line.test.seed_high),
        )  # fmt: skip
    console.print(table)


def _print_pairs(console: Console, side: DatasetComparison, metric: str) -> None:
    if side.mean is None:
        console.print(f"{side.dataset}: no network was trained both with and without the log activation.\n")
        return
    table = Table(title=f"{side.dataset}: test {metric} with the log activation minus without", title_justify="left")
    for name in ("with", "without", "n", "difference", "over shots", "over seeds", "above 0"):
        table.add_column(name, justify="left" if name in ("with", "without") else "right")
    for pair in side.pairs:
        table.add_row(pair.on, pair.off, str(pair.seeds), *_difference(pair.difference))
    table.add_section()
    table.add_row("mean of these", "", "", *_difference(side.mean))
    notes = "n: seeds in common; above 0: share of bootstrap resamples"
    if side.scaled:
        notes += "; with it the network sees raw counts, without it counts/65535"
    table.caption, table.caption_justify = notes, "left"
    console.print(table)


def _difference(found: Estimate) -> tuple[str, str, str, str]:
    return (
        f"{found.value:+.3f}",
        _interval(found.low, found.high, sign="+"),
        _interval(found.seed_low, found.seed_high, sign="+"),
        f"{found.above:.0%}",
    )


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _interval(low: float, high: float, sign: str = "") -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{low:{sign}.3f} .. {high:{sign}.3f}"
