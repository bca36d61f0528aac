"""The leaderboard as a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from airybench.figures.comparison import Bar
from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, heading, new_figure

LONGEST = 40
"""Characters of a line; longer names are broken after a hyphen, longer labels before their note."""

MOST_SETS = 12
"""Sets of cells that have room beside the rows."""


@dataclass(frozen=True)
class Joined:
    """Sets of rows that are not told apart, as diagrams of critical differences show them.

    Attributes:
        sets: rows of each set, counted from the top.
        note: what they are.
    """

    sets: Sequence[Sequence[int]]
    note: str


def leaderboard(
    bars: Sequence[Bar],
    baselines: Mapping[str, float],
    *,
    metric: str,
    title: str,
    note: str,
    ends: tuple[float, float] | None = None,
    joined: Joined | None = None,
) -> Figure:
    """Cells from best to worst as points with their 95 % intervals; what is reached without a network as dashed lines.

    Args:
        bars: each cell with its mean and the interval of it.
        baselines: value of each baseline by its name.
        metric: label of the axis.
        title: heading.
        note: what the intervals are.
        ends: of the axis, see `axis_ends`; by what is drawn where None.
        joined: sets of cells to join by bars beside the rows; none of them where None.
    """
    sets = [] if joined is None else sorted(joined.sets, key=len, reverse=True)[:MOST_SETS]
    labels = [fill(bar.name, LONGEST) for bar in bars]
    lines = max((1 + label.count("\n") for label in labels), default=1)
    with rc_context(STYLE):
        beside = 0.2 + 0.16 * len(sets)
        row_height = 0.16 + 0.18 * lines
        height = 1.3 + row_height * max(2, len(bars)) + (0.25 if joined else 0)
        figure = new_figure(7.2 + (beside if joined else 0), height)
        plots = figure.subplots(1, 2, sharey=True, width_ratios=(4.5, beside)) if joined else [figure.subplots()]
        axes = plots[0]
        for row, bar in enumerate(bars):
            low, high = bar.interval
            color = ORANGE if row == 0 else BLUE
            if low == low and high == high:
                axes.plot([low, high], [row, row], color=color, linewidth=2.2, alpha=0.55, solid_capstyle="round")
            axes.plot(bar.value, row, "o", color=color, markersize=6)
        if ends:
            axes.set_xlim(*ends)
        middle = sum(axes.get_xlim()) / 2
        for row, (name, value) in enumerate(baselines.items()):
            side, shift = ("right", -3) if value > middle else ("left", 3)  # towards the middle, where there is room
            axes.axvline(value, color=GREY, linestyle=(0, (4, 3)), linewidth=1.2, zorder=0)
            axes.annotate(name, (value, 1.0), xycoords=("data", "axes fraction"), xytext=(shift, -9 - 9 * row), ha=side,
                          textcoords="offset points", color=GREY, fontsize=8,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
        axes.set_yticks(range(len(bars)), labels)
        axes.set_ylim(len(bars) - 0.4, -0.45 - (6 + 9 * len(baselines)) / (72 * row_height))
        axes.set_xlabel(f"{metric}{'   ' if len(metric + note) < LONGEST else chr(10)}({note})")
        axes.grid(axis="x")
        heading(figure, title)
        if joined:
            _join(figure, plots[1], sets, joined)
    return figure


def _join(figure: Figure, axes: Axes, sets: Sequence[Sequence[int]], joined: Joined) -> None:
    """A bar for each set with a dot at each of its rows, the set of the first row first."""
    for place, rows in enumerate(sorted(map(sorted, sets))):
        color = ORANGE if rows[0] == 0 else GREY
        axes.plot([place, place], [rows[0], rows[-1]], color=color, linewidth=2.2, alpha=0.55)
        axes.plot([place] * len(rows), rows, "o", color=color, markersize=4)
    axes.set_xlim(-0.8, max(1, len(sets)) - 0.2)
    axes.set_axis_off()
    more = f"; the {len(sets)} largest of {len(joined.sets)} sets" if len(sets) < len(joined.sets) else ""
    handle = Line2D([], [], color=GREY, linewidth=2.2, marker="o", markersize=4, label=joined.note + more)
    figure.legend(handles=[handle], loc="outside lower right", fontsize=8)
