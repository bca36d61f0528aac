"""Rows of values with their intervals: cells side by side, or differences around zero."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, heading, new_figure


@dataclass(frozen=True)
class Bar:
    """One row.

    Attributes:
        name: label.
        value: the point.
        interval: ends of its 95 % interval, NaN where there is none.
        marked: whether it stands out, as the winner or the mean does.
    """

    name: str
    value: float
    interval: tuple[float, float]
    marked: bool = False


def interval_rows(
    panels: Sequence[tuple[str, Sequence[Bar]]],
    *,
    label: str,
    title: str,
    zero: bool = False,
    ends: tuple[float, float] | None = None,
) -> Figure:
    """One panel per data set, one row per cell or pair with its 95 % interval; all panels share one scale.

    Args:
        panels: heading and rows of each.
        label: label of the horizontal axis.
        title: heading of the figure.
        zero: draw a line at zero, as for differences.
        ends: of the axis, see `axis_ends`; by what is drawn where None.
    """
    with rc_context(STYLE):
        heights = [max(2, len(bars)) for _, bars in panels]
        figure = new_figure(7.6, 0.9 + sum(0.75 + 0.3 * height for height in heights))
        plots = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights, sharex=True)[:, 0]
        everything = [bar for _, bars in panels for bar in bars]
        for axes, (above, bars) in zip(plots, panels, strict=True):
            draw_rows(axes, bars, title=fill(above, 80), zero=zero)
            axes.set_xlim(*(ends or _reach(everything)))
        plots[-1].set_xlabel(f"{label}, 95 % interval")
        heading(figure, title)
    return figure


def draw_rows(axes: Axes, bars: Sequence[Bar], *, title: str, zero: bool = False) -> None:
    """One row per value with its 95 % interval.

    Args:
        axes: where to draw.
        bars: the rows from top to bottom.
        title: text above.
        zero: draw a line at zero, as for differences.
    """
    for row, bar in enumerate(bars):
        color, marker = (ORANGE, "D" if zero else "o") if bar.marked else (BLUE, "o")
        axes.plot(bar.interval, [row, row], color=color, linewidth=3.2, alpha=0.45, solid_capstyle="round")
        axes.plot(bar.value, row, marker, color=color, markersize=6)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
    axes.set_ylim(max(2, len(bars)) - 0.5, -0.6)
    axes.set_xlim(*_reach(bars))
    axes.set_title(title, fontsize=9, fontweight="normal")
    axes.grid(axis="x")
    axes.tick_params(labelbottom=True)
    if zero:
        axes.axvline(0.0, color=GREY, linestyle=(0, (4, 3)), linewidth=1.2)


def _reach(bars: Sequence[Bar]) -> tuple[float, float]:
    """Ends of the axis, by points and their intervals."""
    ends = [end for bar in bars for end in (bar.value, *bar.interval) if math.isfinite(end)] or [0.0, 1.0]
    room = 0.3 * (max(ends) - min(ends)) or 0.1
    return min(ends) - room, max(ends) + room
