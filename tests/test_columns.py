"""Every table of every command fits 80 columns, in a pipe and on a terminal, with long names and whole numbers."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import airybench
from airybench.analysis.calibration_real import SameCell
from airybench.bench.measure import measurement
from airybench.cli.main import run
from airybench.cli.show import summaries
from airybench.cli.show.agreement import print_agreement
from airybench.cli.show.calibration import print_real
from airybench.cli.show.grid import Grid
from airybench.cli.show.measurements import print_measurements
from airybench.cli.show.watch import StudyWatch
from airybench.config import RANKING, TrialConfig
from airybench.jobs.calibrate import RealCalibration
from airybench.report.agreement import agreement
from airybench.report.results import read_results
from airybench.sweep.records import FinishedTrial

WIDTH, NAME = 80, 30
RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"

LABEL = TrialConfig.label
LONG = property(lambda self: LABEL.__get__(self).ljust(NAME, "x"))

Printed = list[tuple[int, Grid]]


@pytest.fixture(params=["pipe", "terminal"])
def printed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Printed]:
    """The tables that are printed, with the width of the console; names of cells have 30 characters at least."""
    monkeypatch.delenv("COLUMNS", raising=False)
    found: Printed = []
    show = Console.print

    def spy(self: Console, *objects: object, **settings: object) -> None:
        found.extend((self.width, one) for one in objects if isinstance(one, Grid))
        show(self, *objects, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Console, "print", spy)
    monkeypatch.setattr(TrialConfig, "label", LONG)
    if request.param == "terminal":
        monkeypatch.setenv("COLUMNS", str(WIDTH))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    yield found
    assert found, "no table was printed"
    monkeypatch.undo()  # what is printed from here on is not collected
    for width, grid in found:
        assert width == WIDTH
        fits(grid)


def fits(grid: Grid) -> None:
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    console.print(grid)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, shown.splitlines())) <= WIDTH, shown
    assert "…" not in shown
    cells = [cell for row in grid._rows for cell in row.cells]
    numbers = {number for cell in cells for number in re.findall(r"[+-]?\d+\.\d+(?: \.\. [+-]?\d+\.\d+)?", cell)}
    assert not {number for number in numbers if number not in shown}, "a number was cut"


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "--dataset", "helium", "--config", "{tiny}", "--dry-run"],
        ["compare", "--study", "both"],
        ["table", "both"],
        ["table", "both", "--trials"],
        ["studies", "list"],
        ["studies", "show", "both"],
        ["data", "list"],
        ["baseline", "--study", "both@helium", "--tracking-uri", "{elsewhere}"],
        ["evaluate", "winner:both@helium", "--stress"],
        ["calibrate", "--synthetic", "--benchmarks", "2", "--shots", "600", "--seed-sd", "0.02", "--seeds", "3",
         "--runs", "0,10:0.1"],
    ],
    ids=lambda words: "-".join(words[:2]),
)  # fmt: skip
def test_tables_of_commands(words: list[str], printed: Printed, finished, tiny: Path, tmp_path: Path) -> None:
    places = {"tiny": tiny, "elsewhere": f"sqlite:///{tmp_path}/runs.db"}  # others report on what this study has
    with chdir(finished.folder):
        assert run([word.format(**places) for word in words]) == 0


def test_the_summary_of_a_sweep_over_two_data_sets(printed: Printed, finished, tiny: Path, monkeypatch) -> None:
    show = summaries.print_summaries

    def with_long_names(*given: Any) -> None:
        monkeypatch.setattr(TrialConfig, "label", LONG)
        show(*given)

    monkeypatch.setattr(TrialConfig, "label", LABEL)  # what the sweep logs again stays as it was
    monkeypatch.setattr(summaries, "print_summaries", with_long_names)
    monkeypatch.setattr("airybench.jobs.finished_before.finished_before", lambda *given: [])
    with chdir(finished.folder):
        assert run(["sweep", "--dataset", "helium,cxidb", "--config", str(tiny), "--study", "both"]) == 0
    assert {grid.title.partition(":")[0] for _, grid in printed} >= {"both@helium", "both@cxidb", "both"}


def test_a_store(printed: Printed, finished, data_home: Path) -> None:
    store = next(data_home.glob("helium-simulated-*.h5"))
    assert run(["data", "info", str(store)]) == 0


def test_answers_beside_published_ones(printed: Printed) -> None:
    published = read_results(RESULTS / "headline.json")
    print_agreement(published, agreement(published, published))


def test_calibration_on_a_study(printed: Printed) -> None:
    print_real(RealCalibration("s@helium", "macro_ap", 99999, (SameCell(2, 3, 12, 1234, 5, 678, 1229, 9, 0.12345),)))


def test_measurements(printed: Printed) -> None:
    rows = [measurement("resnet18 at 224 px, batch 64, channels last", "images per second of the bare step", "images/s",
                        [1234.5, 2345.6], goal=1000.0)]  # fmt: skip
    print_measurements("everything", rows, "cpu")


def test_trials_at_work(printed: Printed) -> None:
    watch = StudyWatch(RANKING)
    config = TrialConfig().replace({"alpha": 0.125, "leakiness": 0.125})
    facts = {"best_epoch": 400.0, "images_per_second": 12345.0}
    watch.study_started("s@helium", 5, [FinishedTrial(0, config, {"loss": 0.4321}, "run0", facts, (0.5432,))])
    watch.trial_started(1, config, config.title)
    Console(file=io.StringIO(), width=WIDTH).print(watch._table())


def test_no_other_tables_are_made() -> None:
    """What is printed as a table is a Grid, which keeps to the width."""
    package = Path(airybench.__file__).parent
    makers = [path.name for path in package.rglob("*.py") if "rich.table" in path.read_text(encoding="utf-8")]
    assert makers == ["grid.py"]
