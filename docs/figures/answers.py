"""Pictures of published answers: cells and claims, scores under changes of the detector, and learning curves."""

import math
from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from airybench.analysis.number_text import with_interval
from airybench.config import Value
from airybench.config.objective import axis_ends
from airybench.config.question import ARCHITECTURES
from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure
from airybench.report.results import CellScores, DatasetResult, Interval, Results, StressEffect

COLORS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
VERDICTS = {"better": BLUE, "worse": ORANGE, "no difference that matters": GREEN, "undecided": GREY, "first look": GREY}
SCALES = {"unit": "[0, 1]", "counts": "counts", "log1p": "ln(1 + counts)", "standardised": "standardised images"}
METRICS = {"macro_ap": "macro AP"}
WIDTH = 46
"""Characters of a line beside the axes."""


def cell_titles(cells: Sequence[CellScores], *, without: Sequence[str] = ()) -> dict[str, str]:
    """What the cells of a data set are called in words, by name; the name itself where its parameters have no words.

    Args:
        cells: of published answers.
        without: parameters that are said elsewhere.
    """
    alphas = {cell.params.get("alpha") for cell in cells} - {None, 0.0}
    hidden = {*without, *(["alpha"] if len(alphas) < 2 else [])}  # one alpha says no more than the activation does
    return {
        cell.name: _title({name: value for name, value in cell.params.items() if name not in hidden}) or cell.name
        for cell in cells
    }


def _title(params: Mapping[str, Value]) -> str:
    maps = params.get("input") == "ccf"
    words = ["correlation maps" if maps else "images"] if "input" in params else []
    if "depth" in params:
        words.append(f"{ARCHITECTURES[str(params['arch'])] if 'arch' in params else 'depth'}-{params['depth']}")
    if "log_activation" in params:
        words.append("log activation" if params["log_activation"] else "plain")
    if "input_scaling" in params and not maps:
        words.append(f"on {SCALES[str(params['input_scaling'])]}")
    return ", ".join(part for part in [" ".join(words), *_context(params)] if part)


def found_title(params: Mapping[str, Value]) -> str:
    """A network that a search found, in words."""
    plain = params.get("log_activation") is False
    rounded = {name: float(f"{value:.2g}") if isinstance(value, float) else value for name, value in params.items()}
    shown = {name: value for name, value in rounded.items() if not (plain and name == "alpha")}
    rate = f", learning rate {rounded['base_lr']:g}" if "base_lr" in rounded else ""
    return _title(shown) + rate


def effect_title(effect: StressEffect) -> str:
    """Two choices of one parameter in words, the first against the second."""
    if effect.factor == "activation":
        return f"{_activation(effect.choice)} against {_activation(effect.reference)}"
    return f"{SCALES.get(effect.choice, effect.choice)} against {SCALES.get(effect.reference, effect.reference)}"


def _activation(choice: str) -> str:
    return "no logarithmic activation" if choice == "plain" else "the logarithmic activation"


def _context(params: Mapping[str, Value]) -> list[str]:
    words = []
    if params.get("alpha"):
        words.append(f"alpha {params['alpha']:g}")
    if "leakiness" in params:
        words.append(f"leakiness {params['leakiness']:g}" if params["leakiness"] else "plain ReLU")
    if "noise" in params:
        words.append("no noise" if params["noise"] == "none" else f"noise up to the {params['noise']}")
    if "fraction" in params:
        words.append(f"{float(params['fraction']):.0%} of the labels")
    return words


def metric_title(metric: str) -> str:
    """What figures and tables call a metric."""
    return METRICS.get(metric, metric.replace("_", " "))


def picture(found: Results) -> Figure:
    """The figure that shows what a question is about."""
    cells = found.datasets[0].cells
    if all(one.stress for one in found.datasets):
        return under_changes(found)
    if any("fraction" in cell.params for cell in cells):
        return learning_curves(found)
    if all(one.searches for one in found.datasets):
        return best_so_far(found)
    return cells_and_claims(found)


def cells_and_claims(found: Results) -> Figure:
    """Scores of the cells, and beside them the differences that are claimed, one row for each data set."""
    count = len(found.datasets)
    rows = max(
        sum(1 + len(fill(claim.statement, WIDTH).splitlines()) for claim in one.claims) for one in found.datasets
    )
    figure = new_figure(10.5, count * (0.7 + 0.115 * rows) + 0.5)
    grid = figure.subplots(count, 2, squeeze=False, sharex="col", width_ratios=(1, 1.1))
    for (left, right), one in zip(grid, found.datasets, strict=True):
        cells, titles = sorted(one.cells, key=lambda cell: -cell.test.numbers[0]), cell_titles(one.cells)
        scores = [(titles[cell.name], cell.test, BLUE) for cell in cells]
        scores += [
            (base.name, base.test, GREY) for base in one.baselines if not base.params and base.name != "majority"
        ]
        names, tests, colors = zip(*scores, strict=True)
        _intervals(left, tests, names, colors)
        left.set_xlim(axis_ends(found.metric))
        left.set_title(f"{one.dataset}{' (simulated)' if one.simulated else ''}")
        right.axvspan(-found.delta, found.delta, color=GREY, alpha=0.15, linewidth=0)
        right.axvline(0, color=GREY, linewidth=0.8)
        told = [VERDICTS.get(claim.verdict, GREY) for claim in one.claims]
        statements = [fill(claim.statement, WIDTH) for claim in one.claims]
        _intervals(right, [claim.difference for claim in one.claims], statements, told)
    grid[-1][0].set_xlabel(f"test {metric_title(found.metric)}, 95 % interval")
    grid[-1][1].set_xlabel("difference, 95 % (grey: too small to matter)")
    shown = [word for word in VERDICTS if any(claim.verdict == word for one in found.datasets for claim in one.claims)]
    handles = [Line2D([], [], color=VERDICTS[word], marker="o", markersize=5, label=word) for word in shown]
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), fontsize=8)
    return figure


def under_changes(found: Results) -> Figure:
    """Score as trained and the mean under changes of the detector, and the score under each change at its strongest."""
    figure = new_figure(10.5, 4.8)
    grid = figure.subplots(2, len(found.datasets), squeeze=False, height_ratios=(1, 1.3))
    shown = dict.fromkeys(title for one in found.datasets for title in cell_titles(one.cells).values())
    color_of = dict(zip(shown, COLORS, strict=False))
    for (top, bottom), one in zip(grid.T, found.datasets, strict=True):
        assert one.stress is not None
        titles = cell_titles(one.cells)
        for row, cell in enumerate(one.stress.cells):
            color = color_of.get(titles[cell.name], GREY)
            for test, filled, shift in ((cell.clean, color, -0.13), (cell.changed, "white", 0.13)):
                value, low, high = test.numbers
                top.plot([low, high], [row + shift] * 2, color=color, linewidth=1.8, alpha=0.5)
                top.plot(value, row + shift, "o", color=color, markerfacecolor=filled, markersize=5)
            strongest = [list(curve.values())[-1].numbers[0] for curve in cell.changes.values()]
            places = np.arange(len(strongest)) + 0.13 * (row - (len(one.stress.cells) - 1) / 2)
            bottom.plot(places, strongest, "o", color=color, markersize=5)
        top.set_yticks(range(len(one.stress.cells)), [titles[cell.name] for cell in one.stress.cells])
        top.set_ylim(len(one.stress.cells) - 0.5, -0.5)
        top.set_xlim(axis_ends(found.metric))
        top.grid(axis="x")
        top.set_title(f"{one.dataset}{' (simulated)' if one.simulated else ''}")
        top.set_xlabel(f"test {metric_title(found.metric)}: as trained (full), under changes (open)", fontsize=8)
        changes = [f"{name} {list(curve)[-1]}" for name, curve in one.stress.cells[0].changes.items()]
        bottom.set_xticks(range(len(changes)), changes, rotation=35, ha="right", fontsize=7.5)
        bottom.set_ylabel(f"test {metric_title(found.metric)}\nat the strongest")
        bottom.set_ylim(axis_ends(found.metric))
        bottom.grid(axis="y")
    return figure


def learning_curves(found: Results) -> Figure:
    """Score over the fraction of the labels, one curve for each network and one for support vectors."""
    figure = new_figure(9.5, 3.6)
    for axes, one in zip(figure.subplots(1, len(found.datasets), squeeze=False)[0], found.datasets, strict=True):
        curves = curves_of(one)
        for (name, curve), color in zip(curves.items(), COLORS, strict=False):
            shares = sorted(curve)
            value, low, high = np.array([curve[share].numbers for share in shares]).T
            axes.fill_between(shares, low, high, color=color, alpha=0.15, linewidth=0)
            axes.plot(shares, value, "o-", color=color, markersize=4, label=name)
        shares = sorted({share for curve in curves.values() for share in curve})
        axes.set_xscale("log")
        axes.set_xticks(shares, [f"{share:.0%}" for share in shares], fontsize=8)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(f"{one.dataset}{' (simulated)' if one.simulated else ''}")
        axes.set_xlabel(f"labels used for training; 100 % are {round(0.7 * one.shots)} shots")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2f}"))
        axes.set_ylim(axis_ends(found.metric))
        axes.grid(visible=True)
    figure.axes[0].set_ylabel(f"test {metric_title(found.metric)}, 95 % interval")
    figure.axes[0].legend(fontsize=8)
    return figure


def best_so_far(found: Results) -> Figure:
    """The best score on val over the trials of every search, and what the winners score on test."""
    figure = new_figure(9.5, 2.9 * len(found.datasets) + 0.3)
    grid = figure.subplots(len(found.datasets), 2, squeeze=False, width_ratios=(1.3, 1))
    for (left, right), one in zip(grid, found.datasets, strict=True):
        color_of = dict(zip((cell.name for cell in one.cells), COLORS, strict=False))
        for name, color in color_of.items():
            curves = np.array([search.best for search in one.searches if search.sampler == name], dtype=float)
            trials = np.arange(1, curves.shape[1] + 1)
            left.step(trials, curves.T, where="post", color=color, linewidth=0.8, alpha=0.4)
            left.step(trials, curves.mean(axis=0), where="post", color=color, linewidth=2.2, label=name)
        left.set_title(f"{one.dataset}{' (simulated)' if one.simulated else ''}")
        left.set_xlabel("trials")
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set_ylabel(f"best val {metric_title(found.metric)} so far")
        left.grid(visible=True)
        scored = [cell.test for cell in one.cells]
        _intervals(right, scored, [cell.name for cell in one.cells], [color_of[cell.name] for cell in one.cells])
        for place, cell in zip(right.get_yticks(), one.cells, strict=True):
            tests = [np.nan if trial.test is None else trial.test for trial in cell.trials]
            right.plot(tests, [place + 0.25] * len(tests), "|", color=color_of[cell.name], markersize=9)
        right.set_xlabel(f"test {metric_title(found.metric)}, 95 % (ticks: winners)")
        (claim,) = one.claims
        right.set_title(f"difference {with_interval(*claim.difference.numbers, '+')}: {claim.verdict}", fontsize=8)
    grid[0][0].legend(fontsize=8)
    return figure


def curves_of(one: DatasetResult) -> dict[str, dict[float, Interval]]:
    """Scores by fraction of the labels, for each kind of network and for support vectors."""
    curves: dict[str, dict[float, Interval]] = {}
    titles = cell_titles(one.cells, without=["fraction"])
    for cell in one.cells:
        curves.setdefault(titles[cell.name], {})[float(cell.params["fraction"])] = cell.test
    for base in one.baselines:
        if base.name.startswith("features") and "fraction" in base.params:
            curves.setdefault("support vectors on features", {})[float(base.params["fraction"])] = base.test
    return {name: dict(sorted(curve.items())) for name, curve in sorted(curves.items())}


def _intervals(axes: Axes, found: Sequence[Interval], names: Sequence[str], colors: Sequence[str]) -> None:
    """Values with their intervals, one below the other, beside names of several lines."""
    places, below = [], 0.0
    for name in names:
        height = 0.6 + 0.4 * len(name.splitlines())
        places.append(below + height / 2)
        below += height
    for place, one, color in zip(places, found, colors, strict=True):
        value, low, high = one.numbers
        if not math.isnan(low):
            axes.plot([low, high], [place, place], color=color, linewidth=2, alpha=0.6, solid_capstyle="round")
        axes.plot(value, place, "o", color=color, markersize=5)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(below, 0)
    axes.grid(axis="x")
