"""Baselines on stdout."""

from collections.abc import Sequence
from typing import Any

from airybench.cli.show.grid import Grid
from airybench.cli.show.hits import below, hit_table
from airybench.cli.show.output import fields_json, result_console
from airybench.cli.show.tables import logged_score, print_caveats
from airybench.config.baseline import NAMES, TITLES
from airybench.jobs.baseline import Baseline

SHOWN = ("macro_ap", "macro_f1", "exact_match")


def print_baselines(baselines: Sequence[Baseline], dataset: str) -> None:
    """One line per baseline: its scores on test, then what was chosen, and where to look."""
    console = result_console()
    table = Grid(f"{dataset}: baselines on test", "in brackets: 95 % over test shots, or runs")
    table.column("baseline", left=True, key=True)
    for name in SHOWN:
        table.column(name)
    for one in baselines:
        if one.name not in TITLES:
            continue
        scores = (logged_score(one.test, f"test/{name}") if f"test/{name}" in one.test else "-" for name in SHOWN)
        table.row(TITLES[one.name], *scores)
    console.print(table)
    hits = hit_table("hit or miss on test", {NAMES[one.name]: below("test/", one.test) for one in baselines})
    if hits is not None:
        console.print(hits)
    for one in baselines:
        if "lit_count" in one.chosen:
            console.print(f"A pixel is lit above {one.chosen['lit_count']:g} counts.", soft_wrap=True)
        elif one.chosen:
            console.print(
                f"Chosen by cross-validation on the training shots: C {one.chosen['c']:g}, gamma "
                f"{one.chosen['gamma']:g}, {one.chosen['components']:g} components "
                f"(macro_ap {one.chosen['cv/macro_ap']:.3f} there).",
                soft_wrap=True,
            )
    first = baselines[0]
    print_caveats(console, first.unscored, first.provenance)
    console.print(f"Runs: {', '.join(one.run_id for one in baselines)} in {first.tracking_uri}", soft_wrap=True)


def baselines_json(baselines: Sequence[Baseline]) -> list[dict[str, Any]]:
    """Baselines as data."""
    return [fields_json(one) for one in baselines]
