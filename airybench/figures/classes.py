"""How well each class is recognised: F1 per class and confusion."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.figures.style import BLUE, ERROR_COLORS, RATE_COLORS, STYLE, heading, new_figure


def class_f1(f1: Mapping[str, float], positives: Mapping[str, int], title: str) -> Figure:
    """Bars of F1 per class, with the number of positives of each.

    Args:
        f1: F1 of the scored classes by name.
        positives: number of shots that carry each class, for every class; one without an F1 is marked as not scored.
        title: heading.
    """
    names = list(positives)
    with rc_context(STYLE):
        figure = new_figure(5.6, 0.9 + 0.3 * len(names))
        axes = figure.add_subplot()
        values = [f1.get(name, 0.0) for name in names]
        axes.barh(range(len(names)), values, color=BLUE, height=0.66)
        for row, name in enumerate(names):
            text = f"{f1[name]:.2f}" if name in f1 else "not scored"
            axes.text(values[row] + 0.015, row, text, va="center", fontsize=8)
        axes.set_yticks(range(len(names)), [f"{name} ({positives[name]})" for name in names])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.08)
        axes.set_xlabel("F1 (number of positives in brackets)")
        axes.grid(axis="x")
        heading(figure, title)
    return figure


def confusion(
    decisions: NDArray[np.int64], truth: NDArray[np.int64], names: Sequence[str], kind: str, title: str
) -> Figure:
    """Confusion of one part of the split: 2 x 2 per class for multilabel, C x C for multiclass.

    Args:
        decisions: 0/1, shape (N, C).
        truth: 0/1, shape (N, C).
        names: C class names.
        kind: `multilabel` or `multiclass`.
        title: heading.
    """
    if kind == "multilabel":
        counts = np.stack(
            [
                (truth * decisions).sum(0),
                (truth * (1 - decisions)).sum(0),
                ((1 - truth) * decisions).sum(0),
                ((1 - truth) * (1 - decisions)).sum(0),
            ],
            axis=1,
        )
        totals = np.repeat(np.stack([truth.sum(0), (1 - truth).sum(0)], axis=1), 2, axis=1)
        columns = ["labelled:\nassigned", "labelled:\nmissed", "not labelled:\nassigned", "not labelled:\nnot assigned"]
        wrong = np.tile([False, True, True, False], (len(names), 1))
        ylabel, xlabel = "", "number of shots (colour: their share; orange: wrong)"
    else:
        counts = truth.T @ decisions
        totals = np.maximum(counts.sum(1, keepdims=True), 0).repeat(len(names), axis=1)
        wrong = ~np.eye(len(names), dtype=bool)
        columns, ylabel, xlabel = list(names), "label", "decision"
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    with rc_context(STYLE):
        figure = new_figure(2.2 + 0.95 * len(columns), 1.4 + 0.34 * len(names))
        axes: Axes = figure.add_subplot()
        for colors, hidden in ((RATE_COLORS, wrong), (ERROR_COLORS, ~wrong)):
            shown = np.ma.masked_array(shares, mask=hidden)
            axes.imshow(shown, cmap=colors, vmin=0, vmax=1, aspect="auto")
        for row in range(counts.shape[0]):
            for column in range(counts.shape[1]):
                color = "white" if shares[row, column] > 0.55 else "black"
                axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", color=color, fontsize=8)
        axes.set_xticks(range(len(columns)), columns, fontsize=8)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        heading(figure, title)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return figure
