"""Tables at any width: whole numbers, whole names, nothing beyond the edge."""

import io
import random
import re

import pytest
from rich.console import Console

from airybench.cli.show.grid import Grid


def lines(grid: Grid, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(grid)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def board(names: list[str]) -> Grid:
    grid = Grid("a title", "a caption")
    grid.column("#", key=True)
    grid.column("network", left=True, key=True)
    grid.column("val macro_ap")
    grid.column("95 % interval", joined=True)
    grid.column("params M")
    for place, name in enumerate(names, 1):
        grid.row(str(place), name, "0.516", "0.369 .. 0.664", "11.2" if place < 3 else "")
    return grid


def test_a_table_that_fits_is_one_and_has_its_headings_on_a_line() -> None:
    assert lines(board(["resnet18", "vgg11"]), 80) == [
        "a title",
        "#  network   val macro_ap   95 % interval  params M",
        "─" * 51,
        "1  resnet18         0.516  0.369 .. 0.664      11.2",
        "2  vgg11            0.516  0.369 .. 0.664      11.2",
        "a caption",
    ]


def test_headings_are_folded_before_columns_move_below_and_those_keep_the_keys() -> None:
    grid = board(["resnet18", "vgg11", "majority"])
    folded = lines(grid, 46)
    assert [line.split() for line in folded[1:3]] == [
        ["val", "params"],
        ["#", "network", "macro_ap", "95", "%", "interval", "M"],
    ]
    assert "".join(folded).count("network") == 1
    below = lines(grid, 40)
    assert "".join(below).count("network") == 2
    assert [line.split() for line in below if "majority" in line] == [
        ["3", "majority", "0.516", "0.369", "..", "0.664"]
    ]
    assert [line.split() for line in below if line.endswith("11.2")] == [
        ["1", "resnet18", "11.2"],
        ["2", "vgg11", "11.2"],
    ]
    assert max(map(len, below)) <= 40


def test_an_interval_stays_beside_its_score() -> None:
    grid = Grid()
    grid.column("name", left=True, key=True)
    for metric in ("AP", "F1"):
        grid.column(metric)
        grid.column(f"95 % of {metric}", joined=True)
    grid.row("Round", "0.50", "0.40 .. 0.60", "0.70", "0.61 .. 0.79")
    shown = lines(grid, 40)
    assert [line.split() for line in shown if "Round" in line] == [
        ["Round", "0.50", "0.40", "..", "0.60"], ["Round", "0.70", "0.61", "..", "0.79"],
    ]  # fmt: skip


def test_words_are_folded_where_that_is_allowed_and_brackets_are_no_styles() -> None:
    grid = Grid()
    grid.column("trial", key=True)
    grid.column("reason", left=True, fold=10)
    grid.row("3", "the loss became nan [red] after a while")
    shown = lines(grid, 30)
    assert max(map(len, shown)) <= 30
    assert " ".join(word for line in shown[2:] for word in line.split()) == "3 the loss became nan [red] after a while"


def test_a_section_has_a_rule_and_one_without_rows_has_none() -> None:
    grid = board(["a"])
    assert sum(set(line) == {"─"} for line in lines(grid, 80)) == 1
    grid.section()
    assert sum(set(line) == {"─"} for line in lines(grid, 80)) == 1
    grid.row("", "majority", "0.2")
    assert sum(set(line) == {"─"} for line in lines(grid, 80)) == 2


@pytest.mark.parametrize("seed", range(40))
def test_no_number_is_cut_and_no_line_too_long(seed: int) -> None:
    """Tables of any columns: each number stands whole on its line, each line ends before the edge."""
    rng = random.Random(seed)
    width, grid = rng.choice([40, 60, 80, 118]), Grid("numbers")
    grid.column("name", left=True, key=True, fold=rng.choice([0, 12]))
    columns = rng.randint(1, 14)
    for number in range(columns):
        grid.column(f"metric number {number}", joined=rng.random() < 0.2 and number % 2 == 1)
    rows = [[f"{rng.uniform(-1, 1):+.{rng.randint(0, 9)}f}" for _ in range(columns)] for _ in range(5)]
    names = ["n" * rng.randint(1, 45) for _ in rows]
    for name, row in zip(names, rows, strict=True):
        grid.row(name, *row)
    shown = lines(grid, width)
    assert max(map(len, shown)) <= width
    assert "…" not in "".join(shown)
    found = sorted(re.findall(r"[+-][0-9.]+", "\n".join(shown)))
    assert found == sorted(number for row in rows for number in row)
