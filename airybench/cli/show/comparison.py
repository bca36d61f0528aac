"""A comparison of studies on stdout, as tables or as data."""

import math
from typing import Any

from rich.console import Console
from rich.table import Table

from airybench.analysis.compare import Comparison, DatasetComparison
from airybench.analysis.comparison_figures import heading
from airybench.analysis.intervals import Estimate
from airybench.analysis.notes import simulated_data
from airybench.cli.show.output import result_console
from airybench.cli.show.tables import interval_text, score_text
from airybench.study_name import StudyName


def print_comparison(comparison: Comparison) -> None:
    """For each data set a table of cells and one of what the log activation changes, then how to read them."""
    console = result_console()
    for one in comparison.datasets:
        _print_cells(console, one, comparison.metric)
        _print_pairs(console, one, comparison.metric)
    console.print(
        "Cells are ordered by val. Intervals are 95 %, by bootstrap over test shots and seeds; over seeds alone, by "
        "Student's t. Test scores show how good the cells are; do not choose among cells by them.",
        soft_wrap=True,
    )
    simulated = [one.provenance for one in comparison.datasets if one.provenance.simulated]
    if simulated:
        console.print(simulated_data(*(origin.simulator for origin in simulated)), soft_wrap=True)


def _print_cells(console: Console, one: DatasetComparison, metric: str) -> None:
    table = Table(title=heading(one), title_justify="left")
    for name in ("#", "network", "study", "n", f"val {metric}", f"test {metric}", "95 % interval", "over seeds"):
        left = name in ("network", "study")
        table.add_column(name, justify="left" if left else "right", no_wrap=name == "network")
    for place, cell in enumerate(one.cells, 1):
        table.add_row(
            str(place), cell.config.label, StudyName.parse(cell.study).name, str(cell.seeds), score_text(cell.val),
            score_text(cell.test.value), interval_text(cell.test.low, cell.test.high),
            interval_text(*cell.test.over_seeds),
        )  # fmt: skip
    console.print(table)


def _print_pairs(console: Console, one: DatasetComparison, metric: str) -> None:
    if one.mean is None:
        console.print(f"{one.dataset}: no network was trained both with and without the log activation.\n")
        return
    table = Table(title=f"{one.dataset}: test {metric} with the log activation minus without", title_justify="left")
    for name in ("with", "without", "n", "difference", "95 % interval", "over seeds", "above 0"):
        table.add_column(name, justify="left" if name in ("with", "without") else "right")
    for pair in one.pairs:
        table.add_row(pair.on.label, pair.off.label, str(pair.seeds), *_difference(pair.difference))
    table.add_section()
    table.add_row("mean of these", "", "", *_difference(one.mean))
    notes = "n: seeds in common; above 0: share of bootstrap resamples"
    if one.scaled:
        notes += "; with it the network sees raw counts, without it counts/65535"
    table.caption, table.caption_justify = notes, "left"
    console.print(table)


def _difference(estimate: Estimate) -> tuple[str, str, str, str]:
    return (
        f"{estimate.value:+.3f}",
        interval_text(estimate.low, estimate.high, sign="+"),
        interval_text(*estimate.over_seeds, sign="+"),
        f"{estimate.above_zero:.0%}",
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as data."""
    return {"metric": comparison.metric, "datasets": [_dataset_json(one) for one in comparison.datasets]}


def _dataset_json(one: DatasetComparison) -> dict[str, Any]:
    cells = [
        {"study": cell.study, "name": cell.config.label, "params": cell.config.params(), "seeds": cell.seeds,
         "val": _finite(cell.val), "test": _estimate_json(cell.test), "run_ids": list(cell.run_ids)}
        for cell in one.cells
    ]  # fmt: skip
    pairs = [
        {"name": pair.name, "on": pair.on.label, "off": pair.off.label,
         "seeds": pair.seeds, **_estimate_json(pair.difference)}
        for pair in one.pairs
    ]  # fmt: skip
    return {
        "dataset": one.dataset,
        "studies": list(one.studies),
        "simulated": one.provenance.simulated,
        "simulator": one.provenance.simulator,
        **one.provenance.identity(),
        "test_shots": one.shots,
        "cells": one.cell_count,
        "rows": cells,
        "log_activation": {
            "pairs": pairs,
            "mean": None if one.mean is None else _estimate_json(one.mean),
            "input_scaling_differs": one.scaled,
        },
    }


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    seed_low, seed_high = estimate.over_seeds
    return {
        "value": _finite(estimate.value),
        "low": _finite(estimate.low),
        "high": _finite(estimate.high),
        "above_zero": _finite(estimate.above_zero),
        "seed_low": _finite(seed_low),
        "seed_high": _finite(seed_high),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
