"""All claims of a report at a glance: each difference with its interval, beside the differences that do not matter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Literal

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, heading, new_figure

_WIDTH = 58
_LOOKS: dict[str, tuple[str, Literal["full", "none"]]] = {
    "better": (BLUE, "full"),
    "worse": (ORANGE, "full"),
    "no difference that matters": (GREY, "full"),
    "undecided": (GREY, "none"),
    "first look": ("#b9bfc6", "none"),
}


@dataclass(frozen=True)
class Difference:
    """One row.

    Attributes:
        name: what is compared with what.
        value: first less second.
        low: lower end of the 95 % interval, NaN where there is none.
        high: upper end.
        verdict: in words.
    """

    name: str
    value: float
    low: float
    high: float
    verdict: str


def forest(differences: Sequence[Difference], *, delta: float, label: str, title: str) -> Figure:
    """Differences from the largest to the smallest.

    Args:
        differences: the claims.
        delta: largest difference that does not matter; the band to both sides of zero.
        label: label of the horizontal axis.
        title: heading of the figure.
    """
    rows = sorted((one for one in differences if math.isfinite(one.value)), key=lambda one: -one.value)
    names = [fill(one.name, _WIDTH) for one in rows]
    lines = [1 + name.count("\n") for name in names]
    places = [sum(lines[:i]) + lines[i] / 2 for i in range(len(rows))]
    with rc_context(STYLE):
        figure = new_figure(8.4, 1.5 + 0.24 * max(4, sum(lines)))
        axes = figure.subplots()
        axes.axvspan(-delta, delta, color=GREY, alpha=0.18, linewidth=0)
        axes.axvline(0, color=GREY, linewidth=0.8)
        for place, one in zip(places, rows, strict=True):
            color, fill_style = _LOOKS.get(one.verdict, (GREY, "none"))
            axes.plot([one.low, one.high], [place, place], color=color, linewidth=2)
            inside = color if fill_style == "full" else "white"
            axes.plot(one.value, place, "o", color=color, markerfacecolor=inside, markersize=6)
        axes.set_yticks(places, names)
        axes.set_ylim(sum(lines) + 0.6, -0.6)
        axes.grid(axis="x")
        axes.set_xlabel(f"{label}\nband: differences up to {delta:g} do not matter")
        heading(figure, title)
        shown = [name for name in _LOOKS if any(one.verdict == name for one in rows)]
        handles = [
            Line2D([], [], color=color, marker="o", markerfacecolor=color if filled == "full" else "white", label=name)
            for name, (color, filled) in _LOOKS.items()
            if name in shown
        ]
        if handles:
            figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
    return figure
