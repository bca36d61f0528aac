"""Growth: powers from known series, and the command on next to nothing."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from airybench.bench import scale
from airybench.bench.scale import Growth, rows
from airybench.bench.studies import StudyTimes
from airybench.cli.main import run


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_power_of_a_known_series(power: float) -> None:
    counts = (10, 20, 40, 80)
    assert Growth("work", counts, tuple(0.3 * count**power for count in counts)).power == pytest.approx(power)


def test_rows_hold_every_count_and_every_trial() -> None:
    study = StudyTimes(42, 0.5, 1.0, 2.0, 1.0, tuple(0.005 for _ in range(41)))
    found = rows([Growth("simulate", (1, 2), (3.0, 6.0))], study)
    assert [row.median for row in found[:3]] == [3.0, 6.0, pytest.approx(1.0)]
    assert sum(row.repeats for row in found[3:]) == 41
    assert {row.median for row in found[3:]} == {5.0}
    assert found[-1].quantity.endswith("- 41")


@pytest.mark.parametrize("plot", ["growth.jpg", "file/x.png"])
def test_a_plot_that_cannot_be_is_refused_first(plot: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert run(["bench", "scale", "--plot", str(tmp_path / plot)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_the_command(tmp_path: Path, data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = scale.measure_growth.__kwdefaults__
    monkeypatch.setattr(scale.measure_growth, "__kwdefaults__", {**defaults, "counts": (64, 96)})
    plot, table = tmp_path / "growth.png", tmp_path / "growth.csv"
    assert run(["bench", "scale", "--trials", "30", "--plot", str(plot), "--output", str(table)]) == 0
    assert Image.open(plot).size[0] > 800
    with open(table, newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [row["quantity"] for row in found if row["subject"] == "simulate"][:2] == ["64 images", "96 images"]
