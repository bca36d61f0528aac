"""Studies side by side as pictures: cells with their intervals, and differences around zero."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.figure import Figure

from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, new_figure


@dataclass(frozen=True)
class Bar:
    """One row: a value with its interval over shots, and one over seeds (NaN where there is none).

    Attributes:
        name: label.
        value: point.
        low: of the interval over shots.
        high: of the interval over shots.
        seed_low: of the interval over seeds.
        seed_high: of the interval over seeds.
        marked: whether it stands out, as the winner or the mean does.
    """

    name: str
    value: float
    low: float
    high: float
    seed_low: float
    seed_high: float
    marked: bool = False


def rows(panels: Sequence[tuple[str, Sequence[Bar]]], *, label: str, title: str, zero: bool = False) -> Figure:
    """One panel a data set, one row a cell or pair; thick: 95 % over shots, thin: 95 % over seeds.

    Args:
        panels: heading and rows.
        label: of the horizontal axis.
        title: heading of all.
        zero: draw a line at zero, as for differences, and let the panels share their scale.
    """
    with rc_context(STYLE):
        heights = [max(2, len(bars)) for _, bars in panels]
        figure = new_figure(7.6, 0.9 + sum(0.75 + 0.3 * height for height in heights))
        plots = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights, sharex=zero)[:, 0]
        for plot, (heading, bars) in zip(plots, panels, strict=True):
            for row, bar in enumerate(bars):
                color = ORANGE if bar.marked else BLUE
                plot.plot(
                    [bar.low, bar.high], [row, row], color=color, linewidth=3.2, alpha=0.45, solid_capstyle="round"
                )
                plot.plot([bar.seed_low, bar.seed_high], [row, row], color=color, linewidth=1.0)
                plot.plot(bar.value, row, "D" if bar.marked and zero else "o", color=color, markersize=6)
            if not zero:
                plot.set_xlim(*_reach(bars))
            else:
                plot.set_xlim(*_reach([bar for _, others in panels for bar in others]))
                plot.axvline(0.0, color=GREY, linestyle=(0, (4, 3)), linewidth=1.2)
            plot.set_yticks(range(len(bars)), [bar.name for bar in bars])
            plot.set_ylim(max(2, len(bars)) - 0.5, -0.6)
            plot.set_title(heading, fontsize=9, fontweight="normal")
            plot.grid(axis="x")
            plot.tick_params(labelbottom=True)
        plots[-1].set_xlabel(f"{label}\nthick: 95 % over test shots; thin: 95 % over seeds (may run past the edge)")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure


def _reach(bars: Sequence[Bar]) -> tuple[float, float]:
    """Ends of the axis, by points and intervals over shots: those over two seeds would dwarf all else, and run out."""
    ends = [end for bar in bars for end in (bar.value, bar.low, bar.high) if math.isfinite(end)] or [0.0, 1.0]
    room = 0.3 * (max(ends) - min(ends)) or 0.1
    return min(ends) - room, max(ends) + room
