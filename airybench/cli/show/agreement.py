"""Answers beside the published ones on stdout, as a table or as data."""

from typing import Any

from airybench.analysis.notes import simulated_data
from airybench.analysis.number_text import with_interval
from airybench.cli.show.grid import LEAST, Grid
from airybench.cli.show.output import result_console
from airybench.report.agreement import Agreement, Compared
from airybench.report.results import Results

WORDS = {True: "yes", False: "NO", None: "-"}

NAME = 24
"""Characters to which the name of a cell or claim is folded."""


def print_agreement(found: Results, compared: Agreement | None) -> None:
    """One row for each cell and claim, and the outcome in one line; the answers alone where nothing is published."""
    console = result_console()
    if compared is None:
        for one in found.datasets:
            for claim in one.claims:
                text = with_interval(*claim.difference.numbers, "+")
                console.print(f"{one.dataset}: {claim.verdict}: {claim.statement}: {text}", soft_wrap=True)
        console.print(f"Nothing is published on {found.question} to compare with.", soft_wrap=True)
    else:
        console.print(_table(compared))
        for note in compared.notes:
            console.print(note, soft_wrap=True)
    simulators = sorted({one.simulator for one in found.datasets if one.simulated})
    if simulators:
        console.print(simulated_data(*simulators), soft_wrap=True)
    if compared is not None:
        console.print(compared.sentence, soft_wrap=True)


def agreement_json(found: Results, compared: Agreement | None) -> dict[str, Any]:
    """Everything that was found, and each number that is published as well."""
    return {
        "agrees": None if compared is None else compared.agrees,
        "rows": [] if compared is None else [_row_json(row) for row in compared.rows],
        "notes": [] if compared is None else list(compared.notes),
        "found": found.model_dump(mode="json"),
    }


def _table(compared: Agreement) -> Grid:
    title = f"{compared.published.question}: published ({compared.published.experiment}) and here"
    table = Grid(title)
    table.column("data", left=True, key=True)
    table.column("cell or claim", left=True, fold=NAME)
    table.column("published, and here", left=True)
    table.column("verdicts", left=True, fold=LEAST)
    table.column("agrees", left=True)
    last = None
    for row in compared.rows:
        if last is not None and row.kind != last:
            table.section()
        last = row.kind
        there, here = row.texts
        verdicts = "" if row.kind == "cell" else ", ".join(dict.fromkeys(row.verdicts))
        table.row(row.dataset, row.name, f"{there}\n{here}", verdicts, WORDS[row.agrees])
    return table


def _row_json(row: Compared) -> dict[str, Any]:
    return {
        "dataset": row.dataset,
        "kind": row.kind,
        "name": row.name,
        "published": row.published.model_dump(mode="json"),
        "found": row.found.model_dump(mode="json"),
        "verdicts": list(row.verdicts) if row.kind == "claim" else None,
        "agrees": row.agrees,
    }
