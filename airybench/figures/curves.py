"""Curves: precision and recall, ROC, and reliability."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, heading, new_figure

COLUMNS = 4
DASHED = "dashed: majority baseline"


def precision_recall(
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    names: Sequence[str],
    values: Sequence[str],
    title: str,
    footnote: str = "",
) -> Figure:
    """Precision over recall, one panel per class; dashed, the majority baseline (the prevalence).

    Args:
        scores: rank the shots, such as logits, shape (N, C).
        truth: 0/1, shape (N, C).
        names: C class names.
        values: text for each panel; a class with an empty text is marked as not scored.
        title: heading.
        footnote: what marks in the values mean.
    """

    def draw(axes: Axes, column: int) -> None:
        hits, number = _hits(scores[:, column], truth[:, column])
        recall, precision = hits / hits[-1], hits / number
        axes.step(np.r_[0, recall], np.r_[precision[0], precision], where="pre", color=BLUE, linewidth=1.4)
        axes.axhline(truth[:, column].mean(), color=GREY, linestyle=(0, (4, 3)), linewidth=1.0)

    return _panels(draw, names, values, "recall", "precision", title, DASHED + footnote)


def roc(
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    names: Sequence[str],
    values: Sequence[str],
    title: str,
    footnote: str = "",
) -> Figure:
    """True over false positive rate, one panel per class; dashed, the majority baseline (the diagonal).

    Arguments as those of `precision_recall`.
    """

    def draw(axes: Axes, column: int) -> None:
        hits, number = _hits(scores[:, column], truth[:, column])
        axes.plot(np.r_[0, (number - hits) / (number - hits)[-1]], np.r_[0, hits / hits[-1]], color=BLUE, linewidth=1.4)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (4, 3)), linewidth=1.0)

    return _panels(draw, names, values, "false positive rate", "true positive rate", title, DASHED + footnote)


def reliability(
    predicted: Sequence[float],
    observed: Sequence[float],
    counts: Sequence[int],
    prevalence: float,
    error: float,
    intervals: tuple[Sequence[float], Sequence[float]],
    title: str,
) -> Figure:
    """Share of labels that hold over the predicted probability; below, how often each probability was predicted.

    Args:
        predicted: mean predicted probability in each bin; NaN where it is empty.
        observed: share of labels that hold in the bin.
        counts: number of labels in the bin.
        prevalence: share of all labels that hold, which the majority baseline predicts.
        error: expected calibration error.
        intervals: lower and upper ends of the 95 % interval of each share; NaN in an empty bin.
        title: heading.
    """
    with rc_context(STYLE):
        figure = new_figure(4.6, 4.8)
        axes, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (4, 3)), linewidth=1.0)
        axes.axhline(prevalence, color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate("prevalence", (1.0, prevalence), xytext=(-2, 3), textcoords="offset points", ha="right",
                      color=GREY, fontsize=8)  # fmt: skip
        low, high = intervals
        axes.plot(predicted, observed, "o-", color=BLUE, markersize=4, linewidth=1.4)
        axes.vlines(predicted, low, high, color=BLUE, linewidth=1.2)
        said = f"calibration error {error:.3f}\nbars: 95 % over shots, or runs"
        axes.text(0.03, 0.93, said, transform=axes.transAxes, va="top")
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("share that holds")
        axes.grid()
        heading(figure, title)
        edges = np.linspace(0, 1, len(counts) + 1)
        below.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=BLUE, alpha=0.6)
        below.set_yscale("log")
        below.set_ylim(bottom=0.8)
        below.set_xlim(0, 1)
        below.set_xlabel("predicted probability")
        below.set_ylabel("labels")
    return figure


def _hits(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True positives and predicted positives at every threshold; shots with equal scores share one."""
    order = np.argsort(-scores, kind="stable")
    ends = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    return np.cumsum(truth[order])[ends], ends + 1


def _panels(
    draw: Callable[[Axes, int], None],
    names: Sequence[str],
    values: Sequence[str],
    xlabel: str,
    ylabel: str,
    title: str,
    note: str,
) -> Figure:
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    with rc_context(STYLE):
        figure = new_figure(1.0 + 1.75 * columns, 0.9 + 1.75 * rows)
        grid = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)).ravel()
        for column, (name, value) in enumerate(zip(names, values, strict=True)):
            axes = grid[column]
            axes.set_title(name, fontsize=8.5, parse_math=False)
            axes.set_xlim(-0.02, 1.02)
            axes.set_ylim(-0.02, 1.04)
            axes.set_xticks([0, 0.5, 1])
            axes.set_yticks([0, 0.5, 1])
            axes.grid()
            if value:
                draw(axes, column)
                axes.text(0.97, 0.04, value, transform=axes.transAxes, ha="right", fontsize=7, color=ORANGE,
                          bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1})  # fmt: skip
            else:
                axes.text(0.5, 0.5, "not scored", transform=axes.transAxes, ha="center", color=GREY)
        for axes in grid[len(names) :]:
            axes.set_visible(False)
        for axes in grid[max(0, len(names) - columns) : len(names)]:  # also above an empty place of the grid
            axes.tick_params(labelbottom=True)
        figure.supxlabel(f"{xlabel}   ({note})", fontsize=9)
        figure.supylabel(ylabel, fontsize=9)
        heading(figure, title)
    return figure
