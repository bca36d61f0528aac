"""Baselines on stdout."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from airybench.jobs.baseline import TITLES, Baseline
from airybench.tracking.store import hidden

WIDTH = 118  # of a table that goes to a file or pipe
SHOWN = ("macro_ap", "macro_f1", "exact_match")


def print_baselines(found: Sequence[Baseline], dataset: str) -> None:
    """One line a baseline: metrics on test with their intervals, what was chosen, where to look."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
    table = Table(title=f"{dataset}: baselines on test", title_justify="left")
    table.add_column("baseline", no_wrap=True)
    for name in SHOWN:
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(TITLES[one.name], *(_with_interval(one.test, name) for name in SHOWN))
    table.caption, table.caption_justify = "in brackets: 95 % bootstrap over test shots", "left"
    console.print(table)
    for one in found:
        if one.chosen:
            console.print(
                f"Chosen by cross-validation on the training shots: C {one.chosen['c']:g}, gamma "
                f"{one.chosen['gamma']:g}, {one.chosen['components']:g} components "
                f"(macro_ap {one.chosen['cv/macro_ap']:.3f} there).",
                soft_wrap=True,
            )
    if found[0].unscored:
        names = ", ".join(found[0].unscored)
        console.print(f"Not scored, for want of a positive or a negative on test: {names}.", soft_wrap=True)
    if found[0].data_source == "simulated":
        console.print("The data are simulated: these are scores on the stand-in, not on the experiment.")
    console.print(f"Runs: {', '.join(one.run_id for one in found)} in {hidden(found[0].tracking_uri)}", soft_wrap=True)


def baselines_json(found: Sequence[Baseline]) -> list[dict[str, Any]]:
    """The same as data."""
    return [asdict(one) for one in found]


def _with_interval(test: dict[str, float], name: str) -> str:
    if f"test/{name}" not in test:
        return "-"
    low, high = (test.get(f"test/{name}/{end}", math.nan) for end in ("low", "high"))
    ends = "" if math.isnan(low) or math.isnan(high) else f" [{low:.3f} .. {high:.3f}]"
    return f"{test[f'test/{name}']:.3f}{ends}"
