"""Score against the strength of each change of the detector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, new_figure

COLUMNS = 4


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
    columns = min(COLUMNS, len(curves))
    lines = -(-len(curves) // columns)
    with rc_context(STYLE):
        figure = new_figure(max(2.3 * columns, 4.0), 0.6 + 2.1 * lines)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        panels = figure.subplots(lines, columns, sharey=True, squeeze=False)
        for axes in panels.flat[len(curves) :]:
            axes.set_visible(False)
        for number, (axes, (name, curve)) in enumerate(zip(panels.flat, curves.items(), strict=False)):
            places = np.arange(len(curve.strengths))
            axes.axhline(curve.values[0], color=GREY, linewidth=0.8, linestyle="--", label="unchanged")
            axes.axhline(chance, color=ORANGE, linewidth=0.8, linestyle=":", label="majority")
            axes.fill_between(places, curve.low, curve.high, color=BLUE, alpha=0.18, linewidth=0)
            axes.plot(places, curve.values, "o-", color=BLUE, markersize=4, linewidth=1.4)
            axes.set_xticks(places, [f"{strength:g}" for strength in curve.strengths])
            axes.set_xlim(-0.3, len(places) - 0.7)
            axes.set_xlabel(curve.unit)
            axes.set_title(name)
            axes.grid(axis="y")
            if number % columns == 0:
                axes.set_ylabel(metric)
        panels[0, 0].set_ylim(0, 1)
        panels[0, 0].legend(loc="lower left", fontsize=7)
    return figure
