"""Results on stdout: tables and the few lines that matter."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from airybench.analysis.pareto import front
from airybench.config import Objective, SweepConfig
from airybench.jobs.summary import StudySummary
from airybench.jobs.train import Training
from airybench.sweep.estimate import Estimate
from airybench.sweep.forecast import span, total_seconds
from airybench.sweep.inventory import Found
from airybench.tracking.store import hidden

WIDTH = 118  # of a table that goes to a file or pipe


def console_of_results() -> Console:
    """Where results go: stdout, as wide as the terminal, or a fixed width in a file or pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def interval_text(low: float, high: float) -> str:
    """An interval as tables show it; nothing where there is none."""
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.3f} .. {high:.3f}"


def print_summary(found: StudySummary) -> None:
    """Leaderboard, winner beside the majority, how sure it is, where to look."""
    console, metric = console_of_results(), found.metric
    table = Table(title=f"{found.study}: cells ranked by val {metric}", title_justify="left")
    for heading in ("#", "network", "n", f"val {metric}", "95 % interval", "macro_f1", "exact", "params M", "s"):
        table.add_column(heading, justify="left" if heading == "network" else "right", no_wrap=heading == "network")
    table.caption, table.caption_justify = f"n: seeds; interval: {found.leaderboard.interval_kind}", "left"
    for place, row in enumerate(found.leaderboard.rows, 1):
        facts, scores = row.best.facts, row.scores
        table.add_row(
            str(place), row.config.label, str(len(row.trials)), f"{row.mean:.3f}", interval_text(row.low, row.high),
            f"{scores.get('macro_f1', math.nan):.3f}", f"{scores['exact_match']:.3f}",
            f"{facts['parameters'] / 1e6:.1f}", f"{facts['seconds']:.0f}",
        )  # fmt: skip
    console.print(table)
    _print_test(console, found.leaderboard.rows[0].config.label, found.test, found.majority, metric)
    print_unscored(console, found.unscored)
    console.print(found.leaderboard.certainty_sentence(), soft_wrap=True)
    if found.data_source == "simulated":
        console.print("The data are simulated: this ranks networks on the stand-in, not on the experiment.")
    for number, title, reason in found.failures:
        console.print(f"Failed: trial {number} {title}: {reason}", soft_wrap=True, markup=False)
    if found.registered:
        console.print(found.registered.notice, soft_wrap=True, markup=False)
    print_whereabouts(console, found.tracking_uri, found.model_uri)


def print_front(found: StudySummary, objectives: Sequence[Objective]) -> None:
    """The Pareto front: what no other cell beats in every objective."""
    table = Table(title=f"{found.study}: Pareto front", title_justify="left")
    table.add_column("network", no_wrap=True)
    for metric, way in objectives:
        table.add_column(f"{metric} ({way})", justify="right")
    for point in front(found.leaderboard.rows, objectives):
        table.add_row(point.row.config.network.title, *(f"{value:.4g}" for value in point.values.values()))
    console_of_results().print(table)


def front_json(found: StudySummary, objectives: Sequence[Objective]) -> dict[str, Any]:
    """The same as data; nothing with a single objective."""
    if len(objectives) < 2:
        return {}
    best = [
        {"name": point.row.config.network.title, "params": point.row.config.params(), "values": point.values}
        for point in front(found.leaderboard.rows, objectives)
    ]
    return {"objectives": dict(objectives), "front": best}


def print_training(found: Training) -> None:
    """One training: val, test beside the majority, where to look."""
    console = console_of_results()
    console.print(f"{found.title}: val " + ", ".join(f"{k} {found.val[k]:.3f}" for k in ("macro_ap", "exact_match")))
    _print_test(console, found.title, found.test, found.majority, "macro_ap")
    print_unscored(console, found.unscored)
    if found.registered:
        console.print(found.registered.notice, soft_wrap=True, markup=False)
    print_whereabouts(console, found.tracking_uri, found.model_uri)


def print_cells(sweep: SweepConfig, dataset: str, estimates: list[Estimate], workers: int = 1) -> None:
    """A dry run: the cells, their size, and how long it would take."""
    table = Table(title=f"{dataset}: {len(estimates)} cells x {sweep.study.seeds} seeds", title_justify="left")
    for heading in ("cell", "alpha", "leakiness", "params M", "GMAC", "minutes"):
        table.add_column(heading, justify="left" if heading == "cell" else "right")
    for one in estimates:
        network = one.cell.config.network
        table.add_row(
            one.cell.config.label, f"{network.alpha:g}", f"{network.leakiness:g}", f"{one.cost.parameters / 1e6:.2f}",
            f"{one.cost.multiply_adds / 1e9:.3f}", f"{one.seconds / 60:.1f}",
        )  # fmt: skip
    console = console_of_results()
    console.print(table)
    rule = sweep.study
    ways = ", ".join(f"{metric} ({way})" for metric, way in rule.objectives)
    trials = "every cell and seed" if rule.trials is None else f"{rule.trials} trials"
    console.print(f"Sampler {rule.sampler}, {trials}; pruner {rule.pruner}; objective {ways}.", soft_wrap=True)
    seconds, shared = total_seconds(sweep, estimates, workers), f" with {workers} workers" if workers > 1 else ""
    console.print(f"Estimated training time{shared}: {span(seconds)} (good to a factor of two).")


def print_studies(found: list[Found]) -> None:
    """Every study in a line."""
    table = Table(title="studies", title_justify="left")
    for heading in ("study", "trials", "size", "last", "tracking store"):
        table.add_column(heading, no_wrap=heading == "study", overflow="fold")
    for one in found:
        facts = one.facts()
        size = "" if facts["bytes"] is None else f"{facts['bytes'] / 1e6:.1f} MB"
        what = one.problem or one.summary()
        table.add_row(one.name, what, size, str(facts["last"] or "").replace("+00:00", "Z"), facts["tracking_uri"])
    console_of_results().print(table)


def print_study(found: Found) -> None:
    """One study: what it keeps about itself, and its trials."""
    console, facts = console_of_results(), found.facts()
    rule = found.known.get("definition", {}).get("study", {})
    console.print(f"{found.name}: {found.problem or found.summary()}", soft_wrap=True, markup=False)
    console.print(
        f"sampler {rule.get('sampler')}, pruner {rule.get('pruner', 'none')}, objective {rule.get('objective')}"
    )
    console.print(f"runs: parent {facts['parent_run']} in {facts['tracking_uri']}", soft_wrap=True, markup=False)
    table = Table()
    for heading in ("trial", "cell", "seed", "state", "value", "run or reason"):
        table.add_column(heading, justify="right" if heading in ("trial", "seed", "value") else "left", overflow="fold")
    for trial in found.trials():
        values = ", ".join(f"{value:.4g}" for value in trial["values"] or ())
        last = trial["reason"] or trial["run_id"] or ""
        table.add_row(str(trial["number"]), trial["cell"] or "", str(trial["seed"] or ""), trial["state"], values, last)
    console.print(table)


def summary_json(found: StudySummary) -> dict[str, Any]:
    """The same as data."""
    rows = [
        {
            "name": row.config.label,
            "params": row.config.params(),
            f"val/{found.metric}": row.mean,
            "low": None if math.isnan(row.low) else row.low,
            "high": None if math.isnan(row.high) else row.high,
            "seeds": len(row.trials),
            "run_ids": [trial.run_id for trial in row.trials],
        }
        for row in found.leaderboard.rows
    ]
    kept = {key: value for key, value in vars(found).items() if key not in ("leaderboard", "failures", "registered")}
    if found.registered:
        kept["registered"] = asdict(found.registered)
    failures = [{"trial": number, "name": title, "reason": reason} for number, title, reason in found.failures]
    sure = None if math.isnan(found.leaderboard.certainty) else found.leaderboard.certainty
    return {
        **kept,
        "interval": found.leaderboard.interval_kind,
        "certainty": sure,
        "leaderboard": rows,
        "failures": failures,
    }


def training_json(found: Training) -> dict[str, Any]:
    """The same as data."""
    return asdict(found)


def cells_json(sweep: SweepConfig, dataset: str, estimates: list[Estimate], workers: int = 1) -> dict[str, Any]:
    """The same as data."""
    cells = [
        {"name": one.cell.config.label, "params": one.cell.config.params(), "parameters": one.cost.parameters,
         "multiply_adds": one.cost.multiply_adds, "seconds": one.seconds}
        for one in estimates
    ]  # fmt: skip
    rule = sweep.study
    return {
        "dataset": dataset, "sampler": rule.sampler, "pruner": rule.pruner, "objectives": dict(rule.objectives),
        "workers": workers, "cells": cells, "seconds": total_seconds(sweep, estimates, workers),
    }  # fmt: skip


def _print_test(console: Console, title: str, test: dict[str, float], majority: dict[str, float], metric: str) -> None:
    shown = metric if f"test/{metric}" in test else "macro_ap"
    if f"test/{shown}" not in test:
        console.print("test has no class with both a positive and a negative; nothing to score there")
        return
    ends = interval_text(test.get(f"test/{shown}/low", math.nan), test.get(f"test/{shown}/high", math.nan))
    console.print(
        f"Winner {title}: test {shown} {test[f'test/{shown}']:.3f}{f' [{ends}]' if ends else ''}, "
        f"exact match {test['test/exact_match']:.3f}; majority baseline: {shown} "
        f"{majority.get(f'majority/test/{shown}', math.nan):.3f}, exact match "
        f"{majority['majority/test/exact_match']:.3f}.",
        soft_wrap=True,
        markup=False,
    )


def print_unscored(console: Console, names: tuple[str, ...], split: str = "test") -> None:
    """Name the classes that macro values leave out."""
    if names:
        console.print(
            f"Not scored, for want of a positive or a negative on {split}: {', '.join(names)}.", soft_wrap=True
        )


def print_whereabouts(console: Console, uri: str, model_uri: str = "") -> None:
    """Where the model is, and where to look at the runs."""
    if model_uri:
        console.print(f"Model: {model_uri}", soft_wrap=True, markup=False)
    shown = hidden(uri)
    where = f"at {shown}" if shown.startswith("http") else f"mlflow ui --backend-store-uri {shown}"
    console.print(f"Compare runs: {where}", soft_wrap=True, markup=False)
