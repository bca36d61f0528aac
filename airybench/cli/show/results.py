"""The results of a sweep and of a training on stdout."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from airybench.analysis.confirmed import confirmation_sentence
from airybench.analysis.leaderboard import RankedCell
from airybench.analysis.notes import tried_of_each, unscored_classes, worse_than_majority
from airybench.analysis.number_text import interval_text, score_text
from airybench.analysis.pareto import front
from airybench.analysis.study_robustness import StudyRobustness
from airybench.cli.show.grid import LEAST, Grid
from airybench.cli.show.hits import below, hit_table
from airybench.cli.show.output import fields_json, result_console
from airybench.cli.show.tables import logged_score, print_caveats, print_ceiling, print_whereabouts
from airybench.config import Objective
from airybench.config.baseline import NAMES
from airybench.inference.hits import HIT_METRICS
from airybench.inference.stress import METRIC
from airybench.jobs.summary import StudySummary
from airybench.jobs.train import Training


def print_study_summary(summary: StudySummary) -> None:
    """Leaderboard, winner beside the majority, how certain the ranking is, where the model is."""
    console, metric, board = result_console(), summary.metric, summary.leaderboard
    tried = board.tried
    console.print(_cells(summary))
    winner = board.rows[0]
    alone = winner.seeds > 1 and not winner.folds
    named = winner.best.title if alone else winner.label
    of_it = f"{winner.label} (best of {winner.seeds} seeds, {winner.best.config.training.seed})" if alone else named
    _print_test(console, f"Winner {of_it}", summary.test, summary.baselines, metric)
    rows = {named: below("test/", summary.test)}
    rows |= {title: below(f"{name}/test/", summary.baselines) for name, title in NAMES.items()}
    hits = hit_table("hit or miss on test: the winner beside what needs no network", rows)
    if hits is not None:
        console.print(hits)
    _print_worse(console, named, summary.test, summary.baselines)
    console.print(board.certainty_sentence(), soft_wrap=True)
    sides = tried_of_each(tried, confirmed=bool(summary.confirmed))
    for said in (sides, confirmation_sentence(summary.confirmed, metric), summary.not_resolved):
        if said:
            console.print(said, soft_wrap=True)
    _print_ceiling(console, summary.ceiling, metric)
    if summary.unscored:
        console.print(unscored_classes(summary.unscored), soft_wrap=True)
    if summary.robustness is not None:
        _print_robustness(console, summary.study, summary.robustness)
    for number, title, reason in summary.failures:
        console.print(f"Failed: trial {number} {title}: {reason}", soft_wrap=True)
    if summary.registered:
        console.print(summary.registered.notice, soft_wrap=True)
    if summary.model_uri:
        console.print(f"Model: {summary.model_uri}", soft_wrap=True)


def _cells(summary: StudySummary) -> Grid:
    """The cells by rank, and the baselines; what a score costs stands last."""
    board, tried = summary.leaderboard, summary.leaderboard.tried
    each = "seeds x folds" if board.rows[0].folds else "seeds"
    table = Grid(
        f"{summary.study}: cells ranked by val {summary.metric}", f"n: {each}; interval: {board.interval_kind}"
    )
    table.column("#", key=True)
    table.column("network", left=True, key=True)
    table.column("n")
    table.column(f"val {summary.metric}")
    table.column("95 % interval", joined=True)
    shown = ["tried"] if len(set(tried.values())) > 1 else []
    for heading in ("macro_f1", "exact", "params M", "s", *shown):
        table.column(heading)
    for place, row in enumerate(board.rows, 1):
        facts, scores = row.best.facts, row.scores
        table.row(
            str(place), row.label, _repeats(row), score_text(row.mean), interval_text(row.low, row.high),
            score_text(scores.get("macro_f1", math.nan)), score_text(scores["exact_match"]),
            f"{facts['parameters'] / 1e6:.1f}", f"{facts['seconds']:.0f}",
            *(str(tried[row.config.network.arch]) for _ in shown),
        )  # fmt: skip
    table.section()
    for one in board.baselines:
        if set(one.scores) <= set(HIT_METRICS):
            continue  # it knows no classes: it stands in the table of hit finding
        table.row(
            "", one.name, "", score_text(one.value), interval_text(one.low, one.high),
            score_text(one.scores.get("macro_f1", math.nan)), score_text(one.scores.get("exact_match", math.nan)),
        )  # fmt: skip
    return table


def _print_worse(console: Console, name: str, test: Mapping[str, float], baselines: Mapping[str, float]) -> None:
    """Say so where always giving the majority answer has more shots right."""
    metric = "test/exact_match"
    if said := worse_than_majority(name, test.get(metric), baselines.get(f"majority/{metric}")):
        console.print(said, soft_wrap=True)


def _repeats(row: RankedCell) -> str:
    return f"{row.seeds} x {row.folds}" if row.folds else str(row.seeds)


def summary_json(summary: StudySummary) -> dict[str, Any]:
    """The result of a study as data."""
    board = summary.leaderboard
    rows = [
        {
            "name": row.label,
            "params": row.config.params(),
            f"val/{summary.metric}": row.mean,
            "low": None if math.isnan(row.low) else row.low,
            "high": None if math.isnan(row.high) else row.high,
            "seeds": row.seeds,
            "folds": row.folds,
            "run_ids": [trial.run_id for trial in row.trials],
        }
        for row in board.rows
    ]
    content = fields_json(summary)
    content["robustness"] = None if summary.robustness is None else summary.robustness.to_json()
    content["confirmed"] = [asdict(one) for one in summary.confirmed]
    if summary.registered is None:
        content.pop("registered")
    return {
        **content,
        "interval": board.interval_kind,
        "not_told_apart": list(board.tied) if any(one is not None for one in board.apart) else None,
        "leaderboard": rows,
        "failures": [{"trial": number, "name": title, "reason": reason} for number, title, reason in summary.failures],
    }


def print_front(summary: StudySummary, objectives: Sequence[Objective]) -> None:
    """The Pareto front: cells that no other cell beats in every objective."""
    table = Grid(f"{summary.study}: Pareto front")
    table.column("network", left=True, key=True)
    for objective in objectives:
        table.column(f"{objective.metric} ({objective.direction})")
    for point in front(summary.leaderboard.rows, objectives):
        table.row(point.row.label, *(f"{value:.4g}" for value in point.values.values()))
    result_console().print(table)


def front_json(summary: StudySummary, objectives: Sequence[Objective]) -> dict[str, Any]:
    """The Pareto front as data; empty where there is a single objective."""
    if len(objectives) < 2:
        return {}
    best = [
        {"name": point.row.label, "params": point.row.config.params(), "values": point.values}
        for point in front(summary.leaderboard.rows, objectives)
    ]
    return {"objectives": {one.metric: one.direction for one in objectives}, "front": best}


def print_training(training: Training) -> None:
    """One training: scores on val, on test beside the majority, and where to look."""
    console = result_console()
    scores = ", ".join(f"{name} {training.val[name]:.3f}" for name in ("macro_ap", "exact_match"))
    console.print(f"{training.title}: val {scores}")
    _print_test(console, f"Trained {training.title}", training.test, training.majority, "macro_ap")
    _print_worse(console, training.title, training.test, training.majority)
    _print_ceiling(console, training.ceiling, "macro_ap")
    print_caveats(console, training.unscored, training.provenance)
    if training.registered:
        console.print(training.registered.notice, soft_wrap=True)
    print_whereabouts(console, training.tracking_uri, training.model_uri)


def training_json(training: Training) -> dict[str, Any]:
    """One training as data."""
    return fields_json(training)


def _print_robustness(console: Console, study: str, found: StudyRobustness) -> None:
    """What each cell loses under changes of the detector, what the choices cost, and what to do about the worst."""
    table = Grid(f"{study}: test {METRIC} under changes of the detector")
    heads, rows = found.table()
    for heading in heads:
        words = heading in ("cell", "worst change")
        table.column(heading, left=words, key=heading == "cell", fold=LEAST if heading == "worst change" else 0)
    for row in rows:
        table.row(*row)
    console.print(table)
    for effect in found.effects:
        console.print(f"{effect.verdict}: {effect.sentence}", soft_wrap=True)
    console.print(found.advice, soft_wrap=True)
    console.print(found.note, soft_wrap=True)


def _print_ceiling(console: Console, ceiling: Mapping[str, float], metric: str) -> None:
    shown = metric if f"ceiling/test/{metric}" in ceiling else "macro_ap"
    print_ceiling(console, shown, ceiling.get(f"ceiling/test/{shown}"))


def _print_test(
    console: Console, title: str, test: Mapping[str, float], majority: Mapping[str, float], metric: str
) -> None:
    shown = metric if f"test/{metric}" in test else "macro_ap"
    if f"test/{shown}" not in test:
        console.print("test has no class with both positive and negative shots; nothing can be scored there")
        return
    console.print(
        f"{title}: test {shown} {logged_score(test, f'test/{shown}')}, "
        f"exact match {test['test/exact_match']:.3f}; majority baseline: {shown} "
        f"{majority.get(f'majority/test/{shown}', math.nan):.3f}, exact match "
        f"{majority['majority/test/exact_match']:.3f}.",
        soft_wrap=True,
    )
