"""Coverage and false verdicts against the number of seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, STYLE, heading, new_figure

COLORS = (BLUE, ORANGE, GREEN, PURPLE)
LINES = ("-", "--", ":")
APART = 0.07
"""Distance between lines at one number of seeds, so that their error bars can be told apart."""


@dataclass(frozen=True)
class RatePoint:
    """One number of seeds in one kind of benchmark.

    Attributes:
        seeds: of each cell.
        coverage: of the 95 % interval of a difference.
        coverage_error: its standard error.
        false: share of verdicts where there is no difference.
        false_error: its standard error.
    """

    seeds: int
    coverage: float
    coverage_error: float
    false: float
    false_error: float


@dataclass(frozen=True)
class RateLine:
    """One line: points of benchmarks that differ in the number of seeds only.

    Attributes:
        panel: which column it stands in, such as `20 runs`.
        shots: decides the colour.
        seed_sd: decides the kind of line.
        points: by number of seeds.
    """

    panel: str
    shots: int
    seed_sd: float
    points: tuple[RatePoint, ...]


def calibration_figure(lines: Sequence[RateLine], *, coverage: tuple[float, float], false: float, title: str) -> Figure:
    """Coverage above, false verdicts below; a column for each kind of runs, a line for each number of shots and spread.

    Args:
        lines: what to draw.
        coverage: what it should lie between.
        false: what the share of false verdicts should not exceed.
        title: heading.
    """
    panels = list(dict.fromkeys(line.panel for line in lines))
    shots = sorted({line.shots for line in lines})
    spreads = sorted({line.seed_sd for line in lines})
    with rc_context(STYLE):
        figure = new_figure(max(5.0, 1.4 + 2.6 * len(panels)), 4.6)
        grid = figure.subplots(2, len(panels), sharex=True, sharey="row", squeeze=False)
        for column, panel in enumerate(panels):
            here = [line for line in lines if line.panel == panel]
            above, below = grid[:, column]
            above.axhspan(*coverage, color=GREY, alpha=0.15, lw=0)
            below.axhspan(0, false, color=GREY, alpha=0.15, lw=0)
            above.axhline(0.95, color=GREY, lw=0.8)
            below.axhline(0.05, color=GREY, lw=0.8)
            for place, line in enumerate(here):
                style = {
                    "color": COLORS[shots.index(line.shots) % len(COLORS)],
                    "ls": LINES[spreads.index(line.seed_sd) % len(LINES)],
                }
                _draw(above, below, line, APART * (place - (len(here) - 1) / 2), style)
            above.set_title(panel)
            below.set_xlabel("seeds of each cell")
            seeds = sorted({point.seeds for line in here for point in line.points})
            below.set_xticks(seeds, [str(one) for one in seeds])
        # After all is drawn: a limit ends the automatic choice of the other one, which has to hold every bar.
        grid[0, 0].set_ylim(top=1.0)
        grid[0, 0].set_ylabel("coverage, 95 % interval")
        grid[1, 0].set_ylabel("false verdicts")
        grid[1, 0].set_ylim(bottom=0)
        _legend(figure, shots, spreads)
        heading(figure, title)
    return figure


def _draw(above: Axes, below: Axes, line: RateLine, shift: float, style: dict[str, str]) -> None:
    points = [point for point in line.points if not math.isnan(point.coverage)]
    places = [point.seeds + shift for point in points]
    bars: Any = {"marker": "o", "ms": 3.5, "lw": 1.1, "elinewidth": 0.9, **style}
    above.errorbar(places, [p.coverage for p in points], [2 * p.coverage_error for p in points], **bars)
    below.errorbar(places, [p.false for p in points], [2 * p.false_error for p in points], **bars)


def _legend(figure: Figure, shots: Sequence[int], spreads: Sequence[float]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=COLORS[i % len(COLORS)], label=f"{n} shots") for i, n in enumerate(shots)]
    handles += [
        Line2D([], [], color=GREY, ls=LINES[i % len(LINES)], label=f"seed sd {sd:g}") for i, sd in enumerate(spreads)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)
