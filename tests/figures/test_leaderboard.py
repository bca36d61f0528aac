"""The leaderboard as a picture: points, intervals and baselines where the numbers are."""

import math

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from airybench.figures.leaderboard import leaderboard
from airybench.figures.style import BLUE, GREY, ORANGE

BASELINES = {"majority": 0.2, "features + PCA + SVM": 0.55}


def board(intervals: list[tuple[float, float]], baselines: dict[str, float] = BASELINES) -> Figure:
    names = [f"cell{index}" for index in range(len(intervals))]
    means = [0.9 - 0.1 * index for index in range(len(intervals))]
    return leaderboard(names, means, intervals, baselines, metric="val/macro_ap", title="Which?", note="t interval")


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


def test_leaderboard_without_baseline_or_rivals() -> None:
    figure = board([(math.nan, math.nan)], baselines={})
    assert not figure.axes[0].texts


def test_size_grows_with_what_is_shown() -> None:
    assert board([(0, 1)] * 12).get_size_inches()[1] > board([(0, 1)] * 3).get_size_inches()[1]
