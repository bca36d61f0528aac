"""Figures of a study as pictures: parallel coordinates, importance, heat maps, depth curves and Pareto front."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.figures.plot_data import Axis, Curve, Ends, Heat
from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, VALUE_COLORS, heading, new_figure

MARKERS = ("o", "s", "^", "D")


def parallel_coordinates(
    axes: Sequence[Axis], values: NDArray[np.float64], best: int, *, metric: str, title: str
) -> Figure:
    """One line per cell through its parameters, coloured by the objective; the winner in orange.

    Args:
        axes: the parameters, then the objective; N places each.
        values: the objective, shape (N,).
        best: index of the winner.
        metric: name of the objective.
        title: heading.
    """
    with rc_context(STYLE):
        figure = new_figure(2.2 + 1.15 * len(axes), 3.6)
        plot = figure.add_subplot()
        places = np.stack([axis.places for axis in axes], axis=1)
        norm = _norm(values)
        spread = np.linspace(-0.012, 0.012, len(values)) if len(values) > 1 else np.zeros(len(values))
        lines = [
            np.column_stack([np.arange(len(axes)), row + shift]) for row, shift in zip(places, spread, strict=True)
        ]
        colors = colormaps[VALUE_COLORS](norm(values))
        plot.add_collection(LineCollection(lines, colors=colors, linewidths=1.3, alpha=0.85))
        plot.plot(np.arange(len(axes)), lines[best][:, 1], color=ORANGE, linewidth=2.6, zorder=3)
        for index, axis in enumerate(axes):
            plot.axvline(index, color=GREY, linewidth=0.8, zorder=0)
            last = index == len(axes) - 1
            for place, label in axis.ticks:
                plot.annotate(label, (index, place), xytext=(4 if last else -4, 0), textcoords="offset points",
                              ha="left" if last else "right", va="center", fontsize=7.5,
                              bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75})  # fmt: skip
        plot.set_xticks(range(len(axes)), [axis.name for axis in axes])
        plot.set_xlim(-0.6, len(axes) - 0.5)
        plot.set_ylim(-0.06, 1.06)
        plot.set_yticks([])
        plot.tick_params(length=0)
        for spine in plot.spines.values():
            spine.set_visible(False)
        figure.colorbar(ScalarMappable(norm, VALUE_COLORS), ax=plot, label=metric, pad=0.02, aspect=30)
        heading(figure, f"{title} (orange: the winner)")
    return figure


def importance(names: Sequence[str], shares: Sequence[float], *, title: str, note: str) -> Figure:
    """Bars of how much of the objective's variance each parameter explains, largest first.

    Args:
        names: parameters.
        shares: in [0, 1].
        title: heading.
        note: how it was estimated.
    """
    with rc_context(STYLE):
        figure = new_figure(7.0, 1.2 + 0.32 * max(2, len(names)))
        plot = figure.add_subplot()
        plot.barh(range(len(names)), shares, color=BLUE, height=0.64)
        for row, share in enumerate(shares):
            plot.text(share + 0.01, row, f"{share:.2f}", va="center", fontsize=8)
        plot.set_yticks(range(len(names)), names)
        plot.invert_yaxis()
        plot.set_xlim(0, max([*shares, 0.1]) * 1.15)
        plot.set_xlabel(f"share of variance   ({note})")
        plot.grid(axis="x")
        heading(figure, title)
    return figure


def heat_maps(panels: Sequence[Heat], *, rows: str, columns: str, metric: str, title: str) -> Figure:
    """Means over two parameters as colours with numbers, one panel per network, on one scale.

    Args:
        panels: at least one.
        rows: label of the rows.
        columns: label of the columns.
        metric: name of the objective.
        title: heading.
    """
    with rc_context(STYLE):
        wide = max(len(panel.columns) for panel in panels)
        high = max(len(panel.rows) for panel in panels)
        figure = new_figure(1.6 + len(panels) * (0.7 + 0.75 * wide), 1.5 + 0.45 * high)
        plots = figure.subplots(1, len(panels), squeeze=False)[0]
        norm = _norm(np.concatenate([panel.means.ravel() for panel in panels]))
        colors = colormaps[VALUE_COLORS]
        for plot, panel in zip(plots, panels, strict=True):
            plot.imshow(np.ma.masked_invalid(panel.means), cmap=colors, norm=norm, aspect="auto")
            for row, column in np.ndindex(panel.means.shape):
                mean, count = panel.means[row, column], panel.counts[row, column]
                if not count:
                    continue
                dark = sum(colors(norm(mean))[:3]) < 1.5
                text = f"{mean:.3f}" + (f"\nn={count}" if count > 1 else "")
                plot.text(column, row, text, ha="center", va="center", fontsize=7.5, color="white" if dark else "black")
            plot.set_xticks(range(len(panel.columns)), panel.columns)
            plot.set_yticks(range(len(panel.rows)), panel.rows)
            plot.set_xlabel(columns)
            plot.set_title(panel.title, fontsize=9, fontweight="normal")
            plot.tick_params(length=0)
            for spine in plot.spines.values():
                spine.set_visible(False)
        plots[0].set_ylabel(rows)
        figure.colorbar(ScalarMappable(norm, VALUE_COLORS), ax=list(plots), label=metric, aspect=25)
        heading(figure, title)
    return figure


def depth_curves(curves: Sequence[Curve], *, metric: str, title: str, ends: Ends = None) -> Figure:
    """The objective over depth, with the logarithmic activation on and off.

    Args:
        curves: one per family and state of the activation.
        metric: name of the objective.
        title: heading.
        ends: of the axis of the objective, see `axis_ends`; by what is drawn where None.
    """
    families = list(dict.fromkeys(curve.family for curve in curves))
    with rc_context(STYLE):
        figure = new_figure(7.0, 3.6)
        plot = figure.add_subplot()
        for curve in curves:
            color, marker = ORANGE if curve.on else BLUE, MARKERS[families.index(curve.family) % len(MARKERS)]
            shift = 0.25 if curve.on else -0.25  # so that trials of one depth do not hide each other
            depths = [depth + shift for depth, _ in curve.trials]
            plot.plot(depths, [value for _, value in curve.trials], marker, color=color, alpha=0.3, markersize=4)
            plot.plot(curve.depths, curve.means, marker=marker, color=color, linewidth=1.8, markersize=6,
                      linestyle="-" if curve.on else "--", label=curve.label)  # fmt: skip
        plot.set_xticks(sorted({depth for curve in curves for depth in curve.depths}))
        plot.set_xlabel("depth (layers)   (lines: mean over the trials; faint: each trial)")
        plot.set_ylabel(metric)
        if ends:
            plot.set_ylim(*ends)
        plot.grid(axis="y")
        plot.legend(fontsize=8)
        heading(figure, title)
    return figure


def pareto_front(
    points: NDArray[np.float64],
    front: NDArray[np.bool_],
    names: Sequence[str],
    labels: Sequence[str],
    *,
    ends: Sequence[Ends] = (None, None),
    title: str,
) -> Figure:
    """Trials by their first two objectives; those that no other trial beats are joined by a line.

    Args:
        points: shape (N, 2).
        front: whether each is on the front, shape (N,).
        names: label of each trial, shown on the front.
        labels: labels of the two axes.
        title: heading.
        ends: of the two axes, see `axis_ends`; by what is drawn where None.
    """
    with rc_context(STYLE):
        figure = new_figure(7.0, 4.0)
        plot = figure.add_subplot()
        plot.plot(*points[~front].T, "o", color=GREY, alpha=0.45, markersize=5, label="beaten by another")
        order = np.flatnonzero(front)[np.argsort(points[front, 0], kind="stable")]
        plot.plot(*points[order].T, "o-", color=ORANGE, markersize=6, linewidth=1.2, label="Pareto front")
        for place, index in enumerate(order[:12]):
            plot.annotate(names[index], tuple(points[index]), xytext=(5, 5 - 14 * (place % 2)),
                          textcoords="offset points", fontsize=7)  # fmt: skip
        plot.set_xlabel(labels[0])
        plot.set_ylabel(labels[1])
        plot.margins(x=0.15, y=0.1)
        across, up = ends
        if across:
            plot.set_xlim(*across)
        if up:
            plot.set_ylim(*up)
        plot.grid()
        plot.legend(fontsize=8)
        heading(figure, title)
    return figure


def _norm(values: NDArray[np.float64]) -> Normalize:
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    return Normalize(low, high if high > low else low + 1e-9)
