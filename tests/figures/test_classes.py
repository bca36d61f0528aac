"""Figures show the numbers they are given, and are written whole."""

import struct
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix

from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save

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
    assert figure.get_suptitle() == "How well"
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
        "labelled:\nassigned",
        "labelled:\nmissed",
    ]
    drawn(figure, tmp_path)
