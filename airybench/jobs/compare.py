"""A comparison from journals and MLflow to pictures and data."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from airybench.analysis.compare import Comparison, DatasetComparison, compare
from airybench.analysis.intervals import Estimate
from airybench.figures.comparison import Bar, rows
from airybench.figures.style import save
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.storage import open_storage
from airybench.sweep.study import FinishedTrial
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen, tracking_uri


def compare_studies(
    wanted: Sequence[str],
    notify: Callable[[str], None],
    *,
    metric: str | None,
    top: int,
    uri: str | None,
    storage: str | None = None,
) -> Comparison:
    """Compare studies with the predictions that their runs kept.

    Args:
        wanted: names; all studies where empty.
        notify: where notices go.
        metric: what to compare by.
        top: cells and pairs to be scored.
        uri: where the runs are now; by default where each study logged to.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
    """
    stores: dict[str, Tracking] = {}

    def fetch(study: SavedStudy, record: FinishedTrial) -> Predictions:
        there = tracking_uri(uri or study.facts.get("tracking_uri"))
        if there not in stores:
            stores[there] = reopen(there, str(study.facts.get("experiment_id", "")))
        return predictions(Run(stores[there], record.run_id), "test")

    home = open_storage(storage, data_folder() / "studies")
    return compare(wanted, home, fetch, notify, metric=metric, top=top)


def heading(side: DatasetComparison) -> str:
    """A side in one line."""
    made = "simulated, " if side.simulated else ""
    cells = f"{len(side.lines)} of {side.cells} cells" if side.cells > len(side.lines) else f"{side.cells} cells"
    return f"{side.dataset} ({made}{side.shots} test shots, {cells}, {', '.join(side.studies)})"


def draw(found: Comparison, folder: Path) -> list[Path]:
    """Draw the cells, and the differences where there are any; returns what was written."""
    several = any(len(side.studies) > 1 for side in found.sides)
    panels = []
    for side in found.sides:
        bars = []
        for index, line in enumerate(side.lines):
            owner = f", {line.study.rpartition('@')[0]}" if several else ""
            bars.append(_bar(f"{line.config.network.title} (n={line.seeds}{owner})", line.test, marked=index == 0))
        panels.append((heading(side), bars))
    written = [folder / "compare.png"]
    save(
        rows(panels, label=f"test {found.metric}", title="Cells on test, ordered by val (orange: best on val)"),
        written[0],
    )
    differences = []
    for side in found.sides:
        if side.mean is None:
            continue
        bars = [_bar(f"{pair.name} ({pair.on.split('-')[1]})", pair.difference) for pair in side.pairs]
        differences.append((heading(side), [*bars, _bar("mean of these", side.mean, marked=True)]))
    if differences:
        written.append(folder / "log-activation.png")
        figure = rows(
            differences, label=f"test {found.metric}, on minus off", title="What the log activation changes", zero=True
        )
        save(figure, written[1])
    return written


def comparison_json(found: Comparison) -> dict[str, Any]:
    """A comparison as data."""
    return {"metric": found.metric, "datasets": [_side_json(side) for side in found.sides]}


def _side_json(side: DatasetComparison) -> dict[str, Any]:
    lines = [
        {"study": line.study, "name": line.config.network.title, "params": line.config.params(), "seeds": line.seeds,
         "val": _finite(line.val), "test": _estimate(line.test), "run_ids": list(line.run_ids)}
        for line in side.lines
    ]  # fmt: skip
    pairs = [
        {"name": pair.name, "on": pair.on, "off": pair.off, "seeds": pair.seeds, **_estimate(pair.difference)}
        for pair in side.pairs
    ]
    return {
        "dataset": side.dataset,
        "studies": list(side.studies),
        "simulated": side.simulated,
        "data_sha256": side.data_sha256,
        "split_digest": side.split_digest,
        "test_shots": side.shots,
        "cells": side.cells,
        "rows": lines,
        "log_activation": {
            "pairs": pairs,
            "mean": None if side.mean is None else _estimate(side.mean),
            "input_scaling_differs": side.scaled,
        },
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "value": _finite(found.value),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "above_zero": _finite(found.above),
        "seed_low": _finite(found.seed_low),
        "seed_high": _finite(found.seed_high),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _bar(name: str, found: Estimate, *, marked: bool = False) -> Bar:
    return Bar(name, found.value, found.low, found.high, found.seed_low, found.seed_high, marked)
