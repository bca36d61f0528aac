"""How cost grows with the number of images and of trials."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, STYLE, heading, new_figure

WINDOW = 25


def growth(
    images: Mapping[str, tuple[Sequence[int], Sequence[float]]], bookkeeping: Sequence[float], title: str
) -> Figure:
    """Seconds over images on logarithmic axes with lines of slope 1, and milliseconds per trial over trials.

    Args:
        images: for each kind of work the numbers of images and the seconds they took.
        bookkeeping: seconds that each trial cost its study beside the training, in the order of the trials.
        title: heading.
    """
    with rc_context(STYLE):
        figure = new_figure(8.0, 3.4)
        heading(figure, title)
        left, right = figure.subplots(1, 2)
        colors = (BLUE, ORANGE, GREEN)
        counts: Sequence[int] = ()
        for color, (name, (counts, seconds)) in zip(colors, images.items(), strict=False):
            left.plot(counts, seconds, "o", color=color, markersize=5, label=name)
            # A line of slope 1 through the geometric means: cost in proportion to the number of images.
            mean = float(np.exp(np.mean(np.log(seconds)) - np.mean(np.log(counts))))
            left.plot(counts, [mean * count for count in counts], color=color, linewidth=1.0)
        left.set(xscale="log", yscale="log", xlabel="images", ylabel="seconds", title="lines: in proportion")
        left.set_xticks(list(counts))
        for axis in (left.xaxis, left.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
        left.grid(visible=True)
        left.legend()
        cost = 1e3 * np.asarray(bookkeeping)
        number = np.arange(1, len(cost) + 1)
        right.plot(number, cost, ".", color=GREY, markersize=2, alpha=0.5, label="each trial")
        windows = np.array_split(np.arange(len(cost)), max(1, len(cost) // WINDOW))
        right.plot(
            [number[chunk].mean() for chunk in windows], [np.median(cost[chunk]) for chunk in windows],
            color=BLUE, label=f"median of {WINDOW}",
        )  # fmt: skip
        right.set(xlabel="trials in the study", ylabel="ms", ylim=(0, 2.5 * float(np.median(cost))))
        right.set_title("what a trial costs its study")
        right.grid(visible=True)
        right.legend(loc="lower right")
    return figure
