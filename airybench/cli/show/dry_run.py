"""A dry run of a sweep on stdout: its cells, their size, and the time it would take."""

import math
from dataclasses import dataclass
from typing import Any

from airybench.cli.show.grid import Grid
from airybench.cli.show.output import result_console
from airybench.config import SweepConfig
from airybench.jobs.power import METRIC, SweepPower
from airybench.reporter import time_text
from airybench.sweep.confirmation import most_chosen, most_confirmations
from airybench.sweep.cost import CellCost
from airybench.sweep.disk import DiskPlan
from airybench.sweep.forecast import total_seconds
from airybench.sweep.run_names import cell_label, varying
from airybench.sweep.start_cells import StudyStart


@dataclass(frozen=True)
class DryRun:
    """What a sweep would do on one data set.

    Attributes:
        sweep: the sweep.
        dataset: name or path.
        costs: of its cells.
        power: what it could tell.
        disk: what it would take.
        workers: trials that run at the same time.
        start: the cells of other studies that come first.
    """

    sweep: SweepConfig
    dataset: str
    costs: list[CellCost]
    power: SweepPower
    disk: DiskPlan
    workers: int = 1
    start: StudyStart | None = None


def print_cells(plan: DryRun) -> None:
    """The cells, their size, how long the sweep would take and how much disk, and what it could tell."""
    sweep, costs, workers = plan.sweep, plan.costs, plan.workers
    data = sweep.base.data
    folds = f" x {data.fold_count} folds" if data.every_fold else ""
    table = Grid(f"{plan.dataset}: {len(costs)} cells{folds} x {sweep.study.seeds} seeds")
    for heading in ("cell", "alpha", "leakiness", "params M", "GMAC", "minutes"):
        table.column(heading, left=heading == "cell", key=heading == "cell")
    for name, one in zip(_names(sweep, costs), costs, strict=True):
        network = one.cell.config.network
        table.row(
            name, f"{network.alpha:g}", f"{network.leakiness:g}", f"{one.cost.parameters / 1e6:.2f}",
            f"{one.cost.multiply_adds / 1e9:.3f}", f"{one.seconds / 60:.1f}",
        )  # fmt: skip
    console = result_console()
    console.print(table)
    search = sweep.study
    ways = ", ".join(f"{metric} ({way})" for metric, way in search.objectives)
    trials = "every cell and seed" if search.trials is None else f"{search.trials} trials"
    console.print(f"Sampler {search.sampler}, {trials}; pruner {search.pruner}; objective {ways}.", soft_wrap=True)
    if plan.start:
        console.print(f"{plan.start.sentence}.", soft_wrap=True)
    if search.confirm:
        most, times = most_chosen(sweep), f"{search.confirm} fresh seed{'s' if search.confirm > 1 else ''}"
        console.print(
            f"Confirmation: at most {most} chosen cell{'s' if most != 1 else ''} x {times}{folds}, "
            f"{most_confirmations(sweep)} trials after the last one.", soft_wrap=True
        )  # fmt: skip
    seconds, shared = total_seconds(sweep, costs, workers), f" with {workers} workers" if workers > 1 else ""
    console.print(f"Estimated training time{shared}: {time_text(seconds)} (good to a factor of two).")
    console.print(f"It would take {plan.disk.sentence()}.", soft_wrap=True)
    console.print(plan.power.sentence(), soft_wrap=True)


def _names(sweep: SweepConfig, costs: list[CellCost]) -> list[str]:
    axes = varying(sweep)
    return [cell_label(one.cell.config, axes) for one in costs]


def cells_json(plan: DryRun) -> dict[str, Any]:
    """A dry run as data."""
    sweep, costs, disk = plan.sweep, plan.costs, plan.disk
    cells = [
        {"name": name, "params": one.cell.config.params(), "parameters": one.cost.parameters,
         "multiply_adds": one.cost.multiply_adds, "seconds": one.seconds}
        for name, one in zip(_names(sweep, costs), costs, strict=True)
    ]  # fmt: skip
    search, start = sweep.study, plan.start
    return {
        "dataset": plan.dataset, "sampler": search.sampler, "pruner": search.pruner,
        "objectives": dict(search.objectives), "workers": plan.workers, "cells": cells,
        "seconds": total_seconds(sweep, costs, plan.workers),
        "disk": {"keep": disk.keep, "bytes": round(disk.after), "most_bytes": round(disk.most),
                 "free_bytes": None if disk.folder is None else disk.free},
        "power": power_json(plan.power), "confirm": search.confirm, "confirmations": most_confirmations(sweep),
        "start_from": {"studies": start.studies, "cells": start.cells} if start else None,
    }  # fmt: skip


def power_json(power: SweepPower) -> dict[str, Any]:
    """What a sweep can tell, as data; None where nothing can be told."""
    test = power.test
    return {
        "metric": METRIC, "detectable": power.smallest if math.isfinite(power.smallest) else None,
        "delta": power.delta, "seeds_needed": power.needed, "seeds": power.seeds, "claims": power.claims,
        "test_shots": test.shots if test else None, "test_runs": test.runs if test else None, "seed_sd": power.sd,
        "pilot": power.pilot.study if power.pilot else None,
    }  # fmt: skip
