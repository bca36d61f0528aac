"""A calibration on stdout, as tables or as data."""

import math
from dataclasses import asdict
from typing import Any

from airybench.analysis.calibration import COVERAGE, FALSE
from airybench.analysis.calibration_grid import runs_in_words
from airybench.cli.show.grid import Grid
from airybench.cli.show.output import result_console
from airybench.jobs.calibrate import RealCalibration, SyntheticCalibration


def print_synthetic(found: SyntheticCalibration) -> None:
    """Coverage and false verdicts of every kind of benchmark, then what misses its aim."""
    console = result_console()
    effect, claims = any(row.setting.effect for row in found.rows), max(row.setting.claims for row in found.rows)
    counted = f"benchmarks with a false verdict among {claims} claims" if claims > 1 else "false verdicts"
    title = f"{'verdicts' if effect else counted} and coverage of 95 % intervals, in % with standard errors"
    table = Grid(title)
    for heading in ("shots", "runs", "seed sd", "seeds", "n", "verdicts", "coverage", "of a score", "half width"):
        table.column(heading, left=heading == "runs", key=heading in ("shots", "runs", "seed sd", "seeds"))
    for row in found.rows:
        setting, tally = row.setting, row.tally
        table.row(
            str(setting.shots), runs_in_words(setting), f"{setting.seed_sd:g}", str(row.seeds), str(tally.drawn),
            *(_percent(share, tally.error(share)) for share in (tally.verdicts, tally.coverage, tally.score_coverage)),
            f"{tally.width / tally.judged:.3f}" if tally.judged else "",
        )  # fmt: skip
    console.print(table)
    aim = f"coverage {COVERAGE[0]:.0%} to {COVERAGE[1]:.0%}, false verdicts up to {FALSE:.0%}"
    missed = [f"{row.setting.shots} shots, {runs_in_words(row.setting)}, sd {row.setting.seed_sd:g}, {row.seeds} seeds"
              for row in found.missed]  # fmt: skip
    said = f"missed by more than chance at {'; '.join(missed)}" if missed else "met within chance everywhere"
    console.print(f"Aim: {aim}; {said}.", soft_wrap=True)
    for path in found.written:
        console.print(f"Written: {path}", soft_wrap=True)


def synthetic_json(found: SyntheticCalibration) -> dict[str, Any]:
    """A calibration on simulated benchmarks as data."""
    rows = [
        {**asdict(row.setting), "seeds": row.seeds, "benchmarks": row.tally.drawn, "unjudged": row.tally.unjudged,
         "verdicts": _number(row.tally.verdicts), "coverage": _number(row.tally.coverage),
         "score_coverage": _number(row.tally.score_coverage), "missed": row in found.missed}
        for row in found.rows
    ]  # fmt: skip
    return {"seed": found.seed, "rows": rows, "written": [str(path) for path in found.written]}


def print_real(found: RealCalibration) -> None:
    """What the divisions of the seeds gave, by the sizes of the sides."""
    console = result_console()
    table = Grid(f"{found.study}: cells against themselves, {found.metric} on {found.shots} test shots")
    for heading in ("sides", "cells", "divisions", "false verdicts", "intervals with 0", "no verdict", "largest"):
        table.column(heading, key=heading == "sides")
    for one in found.divisions:
        judged = one.ways - one.unjudged
        table.row(
            f"{one.first} and {one.second}", str(one.cells), str(one.ways), f"{one.found} of {judged}",
            f"{one.covered} of {judged}", str(one.unjudged), f"{one.largest:.3f}",
        )  # fmt: skip
    console.print(table)
    console.print(
        "Nothing differs between the sides but the seeds, so every verdict is false. All divisions share the same test "
        "shots and trainings: a study with false verdicts in more than 5 % of them need not mean a wrong estimator.",
        soft_wrap=True,
    )


def real_json(found: RealCalibration) -> dict[str, Any]:
    """A calibration on a study as data."""
    return asdict(found)


def _percent(share: float, error: float) -> str:
    return "" if math.isnan(share) else f"{100 * share:.1f} ± {100 * error:.1f}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
