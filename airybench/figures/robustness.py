"""Score against the strength of each change of the detector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, STYLE, heading, new_figure

COLUMNS = 4
MOST_LINES = 12
"""Networks in one figure; with more, the lines cannot be told apart."""

COLOURS, MARKS = (BLUE, ORANGE, GREEN, PURPLE), ("o", "s", "^")


@dataclass(frozen=True)
class StressCurve:
    """One change of the detector.

    Attributes:
        unit: of the strengths.
        strengths: rising, the first is 0.
        values: score at each strength; NaN where it is undefined.
        low: lower ends of the intervals.
        high: upper ends.
    """

    unit: str
    strengths: Sequence[float]
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def robustness(curves: Mapping[str, StressCurve], chance: float, metric: str, title: str) -> Figure:
    """A panel for each change, with evenly spaced strengths and 95 % bands; all panels have one vertical axis.

    Args:
        curves: by the name of the change.
        chance: score of the majority baseline.
        metric: name of the score.
        title: heading.
    """
    with rc_context(STYLE):
        figure, panels = _panels(curves, metric, title)
        for axes, curve in zip(panels, curves.values(), strict=False):
            places = np.arange(len(curve.strengths))
            axes.axhline(curve.values[0], color=GREY, linewidth=0.8, linestyle="--", label="unchanged")
            axes.axhline(chance, color=ORANGE, linewidth=0.8, linestyle=":", label="majority")
            axes.fill_between(places, curve.low, curve.high, color=BLUE, alpha=0.18, linewidth=0)
            axes.plot(places, curve.values, "o-", color=BLUE, markersize=4, linewidth=1.4)
        panels[0].legend(loc="lower left", fontsize=7)
    return figure


def compared(networks: Mapping[str, Mapping[str, StressCurve]], metric: str, title: str) -> Figure:
    """A panel for each change, with a line for each network; a bar is the 95 % interval.

    Args:
        networks: curves by the name of the change, by the name of the network; the first MOST_LINES are drawn.
        metric: name of the score.
        title: heading.
    """
    drawn = dict(list(networks.items())[:MOST_LINES])
    of_first = next(iter(drawn.values()))
    more = f", {len(drawn)} of {len(networks)} cells" if len(drawn) < len(networks) else ""
    with rc_context(STYLE):
        figure, panels = _panels(of_first, metric, title + more)
        for number, (name, curves) in enumerate(drawn.items()):
            colour, mark = COLOURS[number % len(COLOURS)], MARKS[number // len(COLOURS)]
            aside = (number - (len(drawn) - 1) / 2) * 0.5 / len(drawn)  # so that bars stand beside one another
            for axes, curve in zip(panels, curves.values(), strict=False):
                values = np.asarray(curve.values)
                ends = np.abs(np.array([curve.low, curve.high]) - values)
                axes.errorbar(
                    np.arange(len(values)) + aside, values, ends, fmt=f"{mark}-", color=colour, label=name,
                    markersize=3.5, linewidth=1.0, elinewidth=0.6,
                )  # fmt: skip
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, fontsize=7, frameon=False
        )
    return figure


def _panels(curves: Mapping[str, StressCurve], metric: str, title: str) -> tuple[Figure, list[Axes]]:
    """A figure with one empty panel for each change, all with one vertical axis."""
    columns = min(COLUMNS, len(curves))
    lines = -(-len(curves) // columns)
    figure = new_figure(max(2.3 * columns, 4.0), 0.6 + 2.1 * lines)
    heading(figure, title)
    grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    for number, (axes, (name, curve)) in enumerate(zip(panels, curves.items(), strict=False)):
        axes.set_xticks(np.arange(len(curve.strengths)), [f"{strength:g}" for strength in curve.strengths])
        axes.set_xlim(-0.4, len(curve.strengths) - 0.6)
        axes.set_xlabel(curve.unit)
        axes.set_title(name)
        axes.grid(axis="y")
        if number % columns == 0:
            axes.set_ylabel(metric)
    panels[0].set_ylim(0, 1)
    return figure, panels
