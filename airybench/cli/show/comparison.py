"""A comparison of studies on stdout, as tables or as data."""

from typing import Any

from rich.console import Console

from airybench.analysis.compare import Comparison, DatasetComparison
from airybench.analysis.comparison_figures import heading
from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import FEWEST_POSITIVES, MACRO
from airybench.analysis.notes import left_out_of_differences, simulated_data
from airybench.analysis.number_text import interval_text, score_text
from airybench.analysis.verdicts import Judgement
from airybench.cli.show.estimates import estimate_json, finite, judgement_json
from airybench.cli.show.grid import LEAST, Grid
from airybench.cli.show.output import result_console
from airybench.cli.show.paper import escaped, latex_table, score_latex
from airybench.study_name import StudyName

TRIED = (
    "tried: configurations of either; the best of several on val is judged by trainings with fresh seeds where there "
    "are some (*), else each counts as a claim (airybench sweep --confirm 3)"
)
"""What a table says in which the best of several stands against a single one."""


def print_comparison(comparison: Comparison) -> None:
    """For each data set a table of cells and one of what the log activation changes, then how to read them."""
    console = result_console()
    for one in comparison.datasets:
        _print_cells(console, one, comparison.metric)
        _print_pairs(console, one, comparison.metric)
        if one.left_out and one.pairs and comparison.metric in MACRO:
            folds = one.cells[0].config.data.every_fold
            said = left_out_of_differences(one.left_out, FEWEST_POSITIVES, folds=folds)
            console.print(said, soft_wrap=True)
    console.print(
        "Cells are ordered by val. Intervals are 95 %, over test shots, or whole runs where the data name them, and "
        "over seeds. Test scores show how good the cells are; do not choose among cells by them.",
        soft_wrap=True,
    )
    simulated = [one.provenance for one in comparison.datasets if one.provenance.simulated]
    if simulated:
        console.print(simulated_data(*(origin.simulator for origin in simulated)), soft_wrap=True)


def _print_cells(console: Console, one: DatasetComparison, metric: str) -> None:
    table = Grid(heading(one))
    for name in ("#", "network", "n", f"val {metric}", f"test {metric}", "95 % interval", "study"):
        left = name in ("network", "study")
        table.column(name, left=left, key=name in ("#", "network"), joined=name == "95 % interval")
    for place, cell in enumerate(one.cells, 1):
        table.row(
            str(place), cell.label, str(cell.seeds), score_text(cell.val), score_text(cell.test.value),
            interval_text(cell.test.low, cell.test.high), StudyName.parse(cell.study).name,
        )  # fmt: skip
    console.print(table)


def _print_pairs(console: Console, one: DatasetComparison, metric: str) -> None:
    if one.mean is None:
        console.print(f"{one.dataset}: no network was trained both with and without the log activation.\n")
        return
    table = Grid(f"{one.dataset}: test {metric} with the log activation minus without")
    unequal = ["tried"] if any(pair.tried[0] != pair.tried[1] for pair in one.pairs) else []
    table.column("with, and without", left=True, key=True)
    for name in ("n", *unequal, "difference", "95 % interval", "p (Holm)", "verdict"):
        fold = LEAST if name == "verdict" else 0
        table.column(name, left=name == "verdict", fold=fold, joined=name == "95 % interval")
    for pair in one.pairs:
        seeds = ("* + " if pair.fresh else " + ").join(map(str, pair.difference.seeds))
        tried = [" + ".join(map(str, pair.tried)) for _ in unequal]
        table.row(f"{pair.on.label}\n{pair.off.label}", seeds, *tried, *_difference(pair.difference, pair.judgement))
    if len(one.pairs) > 1 and one.verdict is not None:
        table.section()
        table.row("mean of these", "", *("" for _ in unequal), *_difference(one.mean, one.verdict))
    claims = len(one.pairs) + (len(one.pairs) > 1)
    notes = f"n: seeds of either; {claims} {'claim' if claims == 1 else 'claims'} judged together"
    notes += f"; {TRIED if unequal else 'one configuration of either tried'}"
    if one.scaled:
        notes += "; with it the network sees raw counts, without it counts/65535"
    table.caption = notes
    console.print(table)


def comparison_latex(comparison: Comparison) -> str:
    """For each data set a table of cells and one of pairs, in LaTeX."""
    metric, tables = escaped(comparison.metric), []
    for one in comparison.datasets:
        cells = [
            [escaped(cell.label), escaped(StudyName.parse(cell.study).name), str(cell.seeds),
             f"${score_text(cell.val)}$", score_latex(cell.test.value, cell.test.low, cell.test.high)]
            for cell in one.cells
        ]  # fmt: skip
        where = escaped(one.dataset)
        caption = f"{where}: {metric} on {one.shots} test shots, 95\\,\\% intervals in brackets; ordered by val."
        heads = ["network", "study", "n", f"val {metric}", f"test {metric}"]
        tables.append(latex_table(heads, cells, words=2, caption=caption, label=f"tab:{one.dataset}-cells"))
        if not one.pairs:
            continue
        pairs = [
            [escaped(pair.on.label), escaped(pair.off.label), pair.judgement.verdict,
             score_latex(pair.difference.value, pair.difference.low, pair.difference.high, "+"),
             f"${score_text(pair.judgement.p)}$" if score_text(pair.judgement.p) else ""]
            for pair in one.pairs
        ]  # fmt: skip
        caption = f"{where}: test {metric} with the logarithmic activation minus without; p after Holm's rule."
        heads = ["with", "without", "verdict", "difference", "$p$"]
        tables.append(latex_table(heads, pairs, words=3, caption=caption, label=f"tab:{one.dataset}-activation"))
    return "\n\n".join(tables)


def _difference(estimate: Estimate, judgement: Judgement) -> tuple[str, str, str, str]:
    return (
        score_text(estimate.value, sign="+"),
        interval_text(estimate.low, estimate.high, sign="+"),
        score_text(judgement.p),
        judgement.verdict,
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as data."""
    return {
        "metric": comparison.metric,
        "delta": comparison.delta,
        "datasets": [_dataset_json(one) for one in comparison.datasets],
    }


def _dataset_json(one: DatasetComparison) -> dict[str, Any]:
    cells = [
        {"study": cell.study, "name": cell.label, "params": cell.config.params(), "seeds": cell.seeds,
         "val": finite(cell.val), "test": estimate_json(cell.test), "run_ids": list(cell.run_ids)}
        for cell in one.cells
    ]  # fmt: skip
    pairs = [
        {"name": pair.name, "on": pair.on.label, "off": pair.off.label,
         "tried": list(pair.tried), "fresh_seeds": pair.fresh,
         **estimate_json(pair.difference), **judgement_json(pair.judgement)}
        for pair in one.pairs
    ]  # fmt: skip
    return {
        "dataset": one.dataset,
        "studies": list(one.studies),
        "simulated": one.provenance.simulated,
        "simulator": one.provenance.simulator,
        **one.provenance.identity(),
        "test_shots": one.shots,
        "left_out": list(one.left_out),
        "cells": one.cell_count,
        "rows": cells,
        "log_activation": {
            "pairs": pairs,
            "mean": None if one.mean is None else estimate_json(one.mean) | judgement_json(one.verdict),
            "input_scaling_differs": one.scaled,
        },
    }
