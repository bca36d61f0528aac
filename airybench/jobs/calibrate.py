"""Calibration: verdicts on simulated benchmarks whose truth is known, and on cells of a study against themselves."""

import json
import math
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airybench.analysis.calibration import COVERAGE, FALSE, METRIC, VerdictCounts, judged
from airybench.analysis.calibration_draw import Setting
from airybench.analysis.calibration_grid import benchmarks_of, runs_in_words
from airybench.analysis.calibration_real import SameCell, same_cell
from airybench.config import SEED
from airybench.errors import ConfigError, DataError, StudyError
from airybench.figures.calibration import RateLine, RatePoint, calibration_figure
from airybench.figures.style import save_for_print
from airybench.inference.bootstrap import RESAMPLES
from airybench.interrupts import spared
from airybench.parsing import read_mapping
from airybench.paths import writable
from airybench.provenance import Software, installed
from airybench.reporter import SILENT, Reporter
from airybench.sweep.look_up import find_study
from airybench.sweep.ranking import by_cell
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import reopen, tracking_uri

FILE = "calibration.json"
PICTURE = "calibration.png"
WORK = 4000
"""Shots, over all benchmarks, in a piece of work: some seconds."""


@dataclass(frozen=True)
class CalibrationRow:
    """One kind of benchmark with one number of seeds.

    Attributes:
        setting: kind of benchmark.
        seeds: of each cell.
        tally: what was counted.
    """

    setting: Setting
    seeds: int
    tally: VerdictCounts


@dataclass(frozen=True)
class SyntheticCalibration:
    """Counts over a grid of simulated benchmarks.

    Attributes:
        rows: by setting and number of seeds.
        seed: of the random numbers.
        benchmarks: how many of REFERENCE_SHOTS shots were asked for.
        software: what computed them.
        written: files that hold them.
    """

    rows: tuple[CalibrationRow, ...]
    seed: int
    benchmarks: int
    software: Software
    written: tuple[Path, ...] = ()

    @property
    def missed(self) -> tuple[CalibrationRow, ...]:
        """Rows whose coverage or false verdicts lie outside their aim by more than chance."""
        return tuple(row for row in self.rows if not row.setting.effect and row.tally.missed())


@dataclass(frozen=True)
class RealCalibration:
    """Cells of a study against themselves.

    Attributes:
        study: its full name.
        metric: what was compared.
        shots: in its test split.
        divisions: by the sizes of the two sides.
    """

    study: str
    metric: str
    shots: int
    divisions: tuple[SameCell, ...]


def calibrate_synthetic(
    grid: Sequence[Setting],
    seeds: Sequence[int],
    *,
    benchmarks: int = 500,
    seed: int = SEED,
    workers: int = 1,
    folder: Path | None = None,
    reporter: Reporter = SILENT,
) -> SyntheticCalibration:
    """Judge simulated benchmarks of every kind; what was counted is written as it grows, and a second call goes on.

    Args:
        grid: kinds of benchmark.
        seeds: numbers of seeds of each cell.
        benchmarks: how many of each kind with 154 shots; see `benchmarks_of`.
        seed: of the random numbers.
        workers: processes.
        folder: where to write `calibration.json` and `calibration.png`, also as PDF and SVG; None for nowhere.
        reporter: receives progress.

    Raises:
        ConfigError: fewer than two seeds.
        DataError: the folder holds another calibration, or cannot be written.
    """
    if not seeds or min(seeds) < 2:
        raise ConfigError(f"seeds {', '.join(map(str, seeds))} found; one seed has no verdict: expected 2 or more")
    asked = {"grid": [asdict(one) for one in grid], "seeds": list(seeds), "benchmarks": benchmarks, "seed": seed,
             "resamples": RESAMPLES}  # fmt: skip
    path = writable(folder, "choose another --output") / FILE if folder else None
    known = _counted(path, asked) if path else {}
    total, done = sum(benchmarks_of(one, benchmarks) for one in grid), 0
    with _mapping(workers) as mapped, reporter.progress("calibrating") as progress:
        for place, setting in enumerate(grid):
            wanted = benchmarks_of(setting, benchmarks)
            tallies = known.setdefault(place, dict.fromkeys(seeds, VerdictCounts()))
            start = tallies[seeds[0]].drawn
            done += start
            judge = partial(_judged, setting, tuple(seeds), seed)
            for found in mapped(judge, _pieces(setting, start, wanted)):
                for some, tally in found.items():
                    tallies[some] += tally
                done += found[seeds[0]].drawn
                if path:
                    _write(path, asked, known)
                progress(done, total)
    rows = [CalibrationRow(setting, some, known[place][some]) for place, setting in enumerate(grid) for some in seeds]
    written = []
    if path:
        _write(path, asked, known)
        written = [path, *save_for_print(picture(rows), path.with_name(PICTURE))]
    return SyntheticCalibration(tuple(rows), seed, benchmarks, installed(), tuple(written))


def calibrate_study(
    name: str, *, metric: str = METRIC, storage: str | None = None, uri: str | None = None, seed: int = SEED
) -> RealCalibration:
    """Judge cells of a finished study against themselves, in every division of their seeds.

    Args:
        name: `NAME@D`, or NAME where there is one of a single data set.
        metric: what is compared on test.
        storage: where studies are kept, a folder or a PostgreSQL URL.
        uri: the tracking store that holds the runs now; by default the one the study logged to.
        seed: draws the divisions where there are very many.

    Raises:
        StudyError: no such study, or none of its cells has two seeds.
    """
    study = find_study(name, storage)
    cells = [cell for cell in by_cell(study.finished) if len(cell) > 1]
    if not cells:
        raise StudyError(f"study {study.name}: no cell has two seeds, which it takes to compare it with itself")
    tracking = reopen(tracking_uri(uri or study.attributes.get("tracking_uri")), str(study.attributes["experiment_id"]))
    kept = [[predictions(Run(tracking, trial.run_id), "test") for trial in cell] for cell in cells]
    return RealCalibration(study.name, metric, len(kept[0][0]), tuple(same_cell(kept, metric, seed=seed)))


def picture(rows: Sequence[CalibrationRow]) -> Any:
    """Coverage and false verdicts against seeds, as a figure."""
    lines: dict[Setting, list[RatePoint]] = {}
    for row in rows:
        tally = row.tally
        point = RatePoint(row.seeds, tally.coverage, tally.error(tally.coverage), tally.verdicts,
                          tally.error(tally.verdicts))  # fmt: skip
        lines.setdefault(row.setting, []).append(point)
    drawn = [
        RateLine(runs_in_words(setting), setting.shots, setting.seed_sd, tuple(points))
        for setting, points in lines.items()
    ]
    claims = max((row.setting.claims for row in rows), default=1)
    of_claims = f", {claims} claims judged together" if claims > 1 else ""
    title = f"Benchmarks without a true difference{of_claims} (bars: 2 standard errors)"
    return calibration_figure(drawn, coverage=COVERAGE, false=FALSE, title=title)


def _pieces(setting: Setting, start: int, end: int) -> list[tuple[int, int]]:
    """First number and count of the benchmarks of each piece of work."""
    size = max(1, WORK // setting.shots)
    return [(first, min(size, end - first)) for first in range(start, end, size)]


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterator[dict[int, VerdictCounts]]]]:
    """Yields `map` for work that is done in this process, or in several; answers come in order."""
    if workers == 1:
        yield map
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_one_thread)

    def mapped(*work: Any) -> Iterator[dict[int, VerdictCounts]]:
        with spared():
            return pool.map(*work)

    try:
        yield mapped
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _judged(setting: Setting, seeds: Sequence[int], seed: int, piece: tuple[int, int]) -> dict[int, VerdictCounts]:
    return judged(setting, seeds, *piece, seed=seed)


def _one_thread() -> None:
    # Ctrl-C ends this process without a word; before, while it loaded its modules, it was spared.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    import torch

    torch.set_num_threads(1)


def _counted(path: Path, asked: dict[str, Any]) -> dict[int, dict[int, VerdictCounts]]:
    """What a calibration of the same kind has counted so far, by place in the grid and number of seeds."""
    if not path.exists():
        return {}
    content = read_mapping(path)
    if content.get("asked") != json.loads(json.dumps(asked)):
        raise DataError(f"{path} holds another calibration; choose another --output, or delete it")
    found: dict[int, dict[int, VerdictCounts]] = {}
    for row in content["rows"]:
        found.setdefault(row["place"], {})[row["seeds"]] = VerdictCounts(**row["tally"])
    return found


def _write(path: Path, asked: dict[str, Any], known: dict[int, dict[int, VerdictCounts]]) -> None:
    rows = [
        {"place": place, "seeds": some, "tally": asdict(tally), "coverage": _number(tally.coverage),
         "false_verdicts": _number(tally.verdicts), "score_coverage": _number(tally.score_coverage)}
        for place, tallies in known.items()
        for some, tally in tallies.items()
    ]  # fmt: skip
    content = {"asked": asked, "software": installed().tags(), "rows": rows}
    partly = path.with_suffix(".part")
    partly.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partly.replace(path)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
