"""The leaderboard as a picture: points, intervals and baselines where the numbers are."""

import math

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from airybench.config.objective import axis_ends
from airybench.figures.comparison import Bar
from airybench.figures.leaderboard import MOST_SETS, Joined, leaderboard
from airybench.figures.style import BLUE, GREY, ORANGE

BASELINES = {"majority": 0.2, "features + PCA + SVM": 0.55}


def board(intervals: list[tuple[float, float]], baselines: dict[str, float] = BASELINES) -> Figure:
    bars = [Bar(f"cell{index}", 0.9 - 0.1 * index, ends) for index, ends in enumerate(intervals)]
    return leaderboard(bars, baselines, metric="val/macro_ap", title="Which?", note="t interval")


def test_leaderboard_shows_means_and_intervals() -> None:
    figure = board([(0.85, 0.95), (0.7, 0.88), (math.nan, math.nan)])
    (axes,) = figure.axes
    points = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() == "o"}
    assert {row: line.get_xdata()[0] for row, line in points.items()} == pytest.approx({0: 0.9, 1: 0.8, 2: 0.7})
    spans = {line.get_ydata()[0]: tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 2.2}
    assert spans == {0: (0.85, 0.95), 1: (0.7, 0.88)}
    assert [to_hex(points[row].get_color()) for row in range(3)] == [ORANGE.lower(), BLUE.lower(), BLUE.lower()]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cell0", "cell1", "cell2"]
    low, high = axes.get_ylim()
    assert low > high  # the best is on top
    assert axes.get_xlabel() == "val/macro_ap   (t interval)"
    assert [text.get_text() for text in axes.texts] == list(BASELINES)
    dashed = [line.get_xdata()[0] for line in axes.lines if line.get_color() == GREY]
    assert dashed == list(BASELINES.values())


def test_sets_that_are_not_told_apart_are_joined_beside_their_rows() -> None:
    names = [f"timm:a_network_with_a_long_name-log0.{i}-leaky0.1-standardised (n=5)" for i in range(6)]
    bars = [Bar(name, 0.9 - 0.02 * i, (0.8, 0.95)) for i, name in enumerate(names)]
    joined = Joined([(2, 3, 5), (0, 1)], "joined: not told apart")
    figure = leaderboard(bars, {}, metric="test macro_ap", title="Which?", note="t", joined=joined)
    cells, beside = figure.axes
    assert [label.get_text().replace("\n", "") for label in cells.get_yticklabels()] == names
    assert max(len(line) for label in cells.get_yticklabels() for line in label.get_text().splitlines()) <= 40
    dots = [[int(y) for y in line.get_ydata()] for line in beside.lines if line.get_marker() == "o"]
    assert dots == [[0, 1], [2, 3, 5]]
    assert beside.get_ylim() == cells.get_ylim()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [joined.note]
    many = Joined([(i, i + 1) for i in range(MOST_SETS + 3)], "joined")
    figure = leaderboard(bars, {}, metric="m", title="t", note="n", joined=many)
    assert figure.legends[0].get_texts()[0].get_text() == "joined; the 12 largest of 15 sets"


def test_the_axis_of_a_score_ends_where_the_score_does() -> None:
    bars = [Bar("a", 0.9, (0.7, 1.0))]
    words = {"metric": "val macro_ap", "title": "t", "note": "n"}
    assert leaderboard(bars, BASELINES, **words, ends=axis_ends("macro_ap")).axes[0].get_xlim() == (0, 1)
    assert leaderboard(bars, {}, **words, ends=axis_ends("loss")).axes[0].get_xlim()[1] > 1


def test_leaderboard_without_baseline_or_rivals() -> None:
    figure = board([(math.nan, math.nan)], baselines={})
    assert not figure.axes[0].texts


def test_size_grows_with_what_is_shown() -> None:
    assert board([(0, 1)] * 12).get_size_inches()[1] > board([(0, 1)] * 3).get_size_inches()[1]
