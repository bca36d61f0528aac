"""How cost grows with images and with trials."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, STYLE, new_figure

WINDOW = 25


def growth(images: Mapping[str, tuple[Sequence[int], Sequence[float]]], told: Sequence[float], title: str) -> Figure:
    """Seconds over images on logarithmic axes beside lines of slope 1, and milliseconds a trial over trials.

    Args:
        images: by kind of work, counts and the seconds of each.
        told: seconds that each trial cost its study, in their order.
        title: heading.
    """
    with rc_context(STYLE):
        figure = new_figure(8.0, 3.4)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        left, right = figure.subplots(1, 2)
        colors = (BLUE, ORANGE, GREEN)
        counts: Sequence[int] = ()
        for color, (name, (counts, seconds)) in zip(colors, images.items(), strict=False):
            left.plot(counts, seconds, "o", color=color, markersize=5, label=name)
            # A line through the geometric means: what cost in proportion would look like.
            mean = float(np.exp(np.mean(np.log(seconds)) - np.mean(np.log(counts))))
            left.plot(counts, [mean * count for count in counts], color=color, linewidth=1.0)
        left.set(xscale="log", yscale="log", xlabel="images", ylabel="seconds", title="lines: in proportion")
        left.set_xticks(list(counts))
        for axis in (left.xaxis, left.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
        left.grid(visible=True)
        left.legend()
        cost = 1e3 * np.asarray(told)
        number = np.arange(1, len(cost) + 1)
        right.plot(number, cost, ".", color=GREY, markersize=2, alpha=0.5, label="each trial")
        windows = [chunk for chunk in np.array_split(np.arange(len(cost)), max(1, len(cost) // WINDOW))]
        right.plot(
            [number[chunk].mean() for chunk in windows], [np.median(cost[chunk]) for chunk in windows],
            color=BLUE, label=f"median of {WINDOW}",
        )  # fmt: skip
        right.set(xlabel="trials in the study", ylabel="ms", ylim=(0, 2.5 * float(np.median(cost))))
        right.set_title("what a trial costs its study")
        right.grid(visible=True)
        right.legend(loc="lower right")
    return figure
