"""The leaderboard as a picture."""

from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, new_figure


def leaderboard(
    names: Sequence[str],
    means: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    baselines: Mapping[str, float],
    *,
    metric: str,
    title: str,
    note: str,
) -> Figure:
    """Cells from best to worst as points with their 95 % intervals; what is reached without a network as dashed lines.

    Args:
        names: label of each cell.
        means: mean of each cell.
        intervals: ends of the interval of each cell; NaN where there is none.
        baselines: value of each baseline by its name.
        metric: label of the axis.
        title: heading.
        note: what the intervals are.
    """
    with rc_context(STYLE):
        figure = new_figure(7.2, 1.3 + 0.34 * max(2, len(names)))
        axes = figure.add_subplot()
        for row, (mean, (low, high)) in enumerate(zip(means, intervals, strict=True)):
            color = ORANGE if row == 0 else BLUE
            if low == low and high == high:
                axes.plot([low, high], [row, row], color=color, linewidth=2.2, alpha=0.55, solid_capstyle="round")
            axes.plot(mean, row, "o", color=color, markersize=6)
        middle = sum(axes.get_xlim()) / 2
        for row, (name, value) in enumerate(baselines.items()):
            side, shift = ("right", -3) if value > middle else ("left", 3)  # towards the middle, where there is room
            axes.axvline(value, color=GREY, linestyle=(0, (4, 3)), linewidth=1.2, zorder=0)
            axes.annotate(name, (value, 1.0), xycoords=("data", "axes fraction"), xytext=(shift, -9 - 9 * row), ha=side,
                          textcoords="offset points", color=GREY, fontsize=8,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.8 - 0.25 * max(0, len(baselines) - 1))
        axes.set_xlabel(f"{metric}   ({note})")
        axes.grid(axis="x")
        axes.set_title(title)
    return figure
