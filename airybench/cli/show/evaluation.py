"""An evaluation on stdout, as tables or as data."""

import math
from typing import Any

from rich.console import Console

from airybench.analysis.evaluation_files import evaluation_data
from airybench.analysis.notes import few_positives, not_resolved
from airybench.analysis.number_text import MARK, interval_text, score_text
from airybench.analysis.robustness import Robustness
from airybench.cli.show.grid import Grid
from airybench.cli.show.hits import hit_table
from airybench.cli.show.output import result_console
from airybench.cli.show.tables import print_caveats, print_ceiling, print_whereabouts
from airybench.jobs.evaluate import EvaluatedModel
from airybench.physics.helium.resolution import unresolved_classes


def print_evaluation(evaluated: EvaluatedModel) -> None:
    """Every metric beside the majority baseline, the classes, and where the run is."""
    console, result = result_console(), evaluated.result
    heading = f"{evaluated.title} on {evaluated.dataset} {evaluated.split}, {result.shots} shots"
    table = Grid(heading)
    for column in ("metric", "value", "95 % interval", "majority"):
        table.column(column, left=column == "metric", key=column == "metric")
    for name, value in result.scores.values.items():
        if name == "classes_scored":
            continue
        low, high = result.intervals.get(name, (math.nan, math.nan))
        other = result.majority.values.get(name)
        table.row(name, score_text(value), interval_text(low, high), "" if other is None else score_text(other))
    console.print(table)
    table = Grid()
    for column in ("class", "positives", "AP", "95 %", "majority", "F1", "95 %", "precision", "recall", "p >"):
        table.column(column, left=column == "class", key=column == "class", joined=column == "95 %")
    names = tuple(one.name for one in result.classes)
    unresolved = unresolved_classes(names, evaluated.image_size)
    for one in result.classes:
        name = f"{one.name} (not resolved)" if one.name in unresolved else one.name
        if not one.values:
            table.row(name, str(one.positives), "-")
            continue
        mark = MARK if one.few else ""
        ap, f1 = (interval_text(*one.intervals[key], digits=2) + mark for key in ("ap", "f1"))
        values = {key: score_text(value, digits=2) for key, value in one.values.items()}
        table.row(
            name, str(one.positives), values["ap"], ap, score_text(one.majority_ap, digits=2), values["f1"], f1,
            values["precision"], values["recall"], score_text(one.threshold, digits=2),
        )  # fmt: skip
    console.print(table)
    if marked := few_positives([one.name for one in result.classes if one.few], evaluated.split):
        console.print(marked, soft_wrap=True)
    hits = hit_table(f"hit or miss on {evaluated.split}", evaluated.hits)
    if hits is not None:
        console.print(hits)
    measured = result.reliability
    console.print(f"Calibration error {measured.error:.3f}, Brier score {measured.brier:.4f}.", soft_wrap=True)
    if missing := not_resolved(names, evaluated.image_size):
        console.print(missing, soft_wrap=True)
    if evaluated.stress is not None:
        _print_stress(console, evaluated.stress)
    print_ceiling(console, "macro_ap", evaluated.ceiling.get("macro_ap"), evaluated.split)
    print_caveats(console, result.unscored, evaluated.provenance, evaluated.split)
    console.print(f"Run: {evaluated.run_id}", soft_wrap=True)
    print_whereabouts(console, evaluated.tracking_uri)


def _print_stress(console: Console, found: Robustness) -> None:
    """Every change in every strength, the loss, and what to do about the worst."""
    table = Grid("Changes of the detector")
    for column in ("change", "strength", "", found.metric, "95 %", "loss", "95 %"):
        key = column in ("change", "strength", "")
        table.column(column, left=column in ("change", ""), key=key, joined=column == "95 %")
    others = [] if isinstance(found.other_runs, str) else [found.other_runs]
    for row in (*found.rows, *others):
        if not row.strength:
            table.section()
        table.row(
            row.change, f"{row.strength:g}", row.unit, score_text(row.score.value),
            interval_text(row.score.low, row.score.high), score_text(row.loss.value, "+") if row.strength else "",
            interval_text(row.loss.low, row.loss.high, "+") if row.strength else "",
        )  # fmt: skip
    console.print(table)
    if isinstance(found.other_runs, str):
        console.print(found.other_runs, soft_wrap=True)
    console.print(found.advice, soft_wrap=True)


def evaluation_json(evaluated: EvaluatedModel) -> dict[str, Any]:
    """An evaluation as data."""
    return {
        "model": evaluated.model,
        "title": evaluated.title,
        "dataset": evaluated.dataset,
        "split": evaluated.split,
        "result": evaluation_data(evaluated.result),
        "tuned": evaluated.tuned,
        "ceiling": evaluated.ceiling,
        "hits": evaluated.hits,
        "stress": None if evaluated.stress is None else evaluated.stress.to_json(),
        "data_source": evaluated.provenance.source,
        "run_id": evaluated.run_id,
        "tracking_uri": evaluated.tracking_uri,
    }
