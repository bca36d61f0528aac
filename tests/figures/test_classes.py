"""Figures show the numbers they are given, and are written whole."""

import math
import struct
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix

from airybench.figures.classes import class_f1, confusion
from airybench.figures.leaderboard import leaderboard
from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure, save

NAMES = ("Round", "Streak", "Empty")


def drawn(figure: Figure, tmp_path: Path) -> tuple[int, int]:
    """Write it; width and height of the PNG."""
    path = tmp_path / "new" / "figure.png"
    save(figure, path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def cell_texts(figure: Figure, rows: int, columns: int) -> np.ndarray:
    found = np.full((rows, columns), -1)
    for text in figure.axes[0].texts:
        column, row = text.get_position()
        found[int(row), int(column)] = int(text.get_text())
    return found


def test_f1_bars(tmp_path: Path) -> None:
    figure = class_f1({"Round": 0.5, "Empty": 1.0}, {"Round": 12, "Streak": 0, "Empty": 3}, "How well")
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.0, 1.0]
    assert [text.get_text() for text in axes.texts] == ["0.50", "not scored", "1.00"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Round (12)", "Streak (0)", "Empty (3)"]
    assert axes.get_title(loc="left") == "How well"
    assert axes.yaxis_inverted()
    width, height = drawn(figure, tmp_path)
    assert width == round(5.6 * 150)
    assert height > 200


def test_multiclass_confusion_is_scikit_learns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels, found = rng.integers(0, 2, 40), rng.integers(0, 3, 40)  # Empty never occurs
    figure = confusion(np.eye(3, dtype=int)[found], np.eye(3, dtype=int)[labels], NAMES, "multiclass", "Confusion")
    expected = confusion_matrix(labels, found, labels=[0, 1, 2])
    np.testing.assert_array_equal(cell_texts(figure, 3, 3), expected)
    shares = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shares[:2], expected[:2] / expected[:2].sum(1, keepdims=True))
    np.testing.assert_array_equal(shares[2], 0)
    drawn(figure, tmp_path)


def test_multilabel_confusion_is_scikit_learns(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth, answers = (rng.random((2, 50, 3)) < 0.4).astype(int)
    figure = confusion(answers, truth, NAMES, "multilabel", "Confusion")
    expected = [[m[1, 1], m[1, 0], m[0, 1], m[0, 0]] for m in multilabel_confusion_matrix(truth, answers)]
    np.testing.assert_array_equal(cell_texts(figure, 3, 4), expected)
    shares = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shares[:, 0] + shares[:, 1], 1)
    np.testing.assert_allclose(shares[:, 2] + shares[:, 3], 1)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()][:2] == [
        "labelled:\nanswered",
        "labelled:\nmissed",
    ]
    drawn(figure, tmp_path)


def board(intervals: list[tuple[float, float]], baseline: float | None = 0.2) -> Figure:
    names = [f"cell{index}" for index in range(len(intervals))]
    means = [0.9 - 0.1 * index for index in range(len(intervals))]
    return leaderboard(names, means, intervals, baseline, metric="val/macro_ap", title="Which?", note="t interval")


def test_leaderboard_shows_means_and_intervals(tmp_path: Path) -> None:
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
    assert [text.get_text() for text in axes.texts] == ["majority"]
    drawn(figure, tmp_path)


def test_leaderboard_without_baseline_or_rivals(tmp_path: Path) -> None:
    figure = board([(math.nan, math.nan)], baseline=None)
    assert not figure.axes[0].texts
    drawn(figure, tmp_path)


def test_size_grows_with_what_is_shown() -> None:
    assert board([(0, 1)] * 12).get_size_inches()[1] > board([(0, 1)] * 3).get_size_inches()[1]


def test_style_stays_inside(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    drawn(board([(0.1, 0.2)]), tmp_path)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    assert new_figure(2, 1).dpi == 150


def test_colours_differ_in_lightness_or_hue() -> None:
    colours = [BLUE, ORANGE, GREEN, PURPLE, GREY]
    assert len(set(colours)) == 5
    assert not board([(0.1, 0.2)]).axes[0].spines["top"].get_visible()
