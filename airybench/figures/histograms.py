"""A page of histograms of simulated shots: what was drawn, over all shots and run by run."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.errors import DataError
from airybench.figures.style import BLUE, GREY, ORANGE, STYLE, new_figure

if TYPE_CHECKING:
    from airybench.data.store.store import Store

QUANTITIES = (
    ("photons", "photons on the sensitive area", True),
    ("radius", "volume-equivalent radius, nm", True),
    ("odd_part", "odd part A", False),
    ("ring_ratio", "ring axis ratio", False),
)
"""Name in the truth, name on the axis, whether that axis is logarithmic; else the numbers of shots are."""

MOST_RUNS = 12
"""Runs that are drawn one by one, the largest."""

_BINS, _COARSER = 40, 4  # runs have fewer shots and get wider bins

Values = NDArray[Any]


def store_histograms(store: "Store") -> Figure:
    """Histograms of photons, radius, odd part, ring ratio and energy, and the number of shots of each run.

    Filled: all shots; orange: their median. Thin lines: the largest runs, each scaled to the height that it would have
    if all shots were like it. Quantities that the store lacks, as those of another data set, are left out.

    Args:
        store: of simulated shots.

    Raises:
        DataError: the store says nothing about its shots.
    """
    truth = store.columns("truth")
    shown = [(truth[name], label, logarithmic) for name, label, logarithmic in QUANTITIES if name in truth]
    if not shown:
        raise DataError(f"{store.path}: holds no parameters of a simulation", "give a simulated store")
    groups = store.groups()
    columns = 3
    rows = -(-(len(shown) + 2) // columns)
    with rc_context(STYLE):
        figure = new_figure(3.1 * columns, 2.5 * rows + 0.4)
        axes = figure.subplots(rows, columns, squeeze=False).flatten()
        for axis, (values, label, logarithmic) in zip(axes, shown, strict=False):
            _draw(axis, values, groups, logarithmic=logarithmic)
            axis.set(xlabel=label, ylabel="shots")
        energy, runs, *unused = axes[len(shown) :]
        energy.hist(store.photon_energy(), _BINS, color=BLUE, alpha=0.6)
        energy.set(xlabel="photon energy, eV", ylabel="shots")
        _draw_runs(runs, groups)
        for axis in unused:
            axis.set_visible(False)
        seed = "" if store.seed is None else f", seed {store.seed}"
        figure.suptitle(f"{store.name}: {store.count} simulated shots{seed}", x=0.01, ha="left", weight="bold")
    return figure


def _draw(axis: Any, values: Values, groups: Values, *, logarithmic: bool) -> None:
    """One quantity, of all shots and of each of the largest runs."""
    known = np.isfinite(values) & ((values > 0) | (not logarithmic))
    values, groups = values[known].astype(np.float64), groups[known]
    if not values.size:
        axis.text(0.5, 0.5, "of no shot", ha="center", va="center", color=GREY, transform=axis.transAxes)
        return
    low, high = values.min(), values.max() if values.max() > values.min() else values.min() * 1.01 + 1e-9
    edges = np.geomspace(low, high, _BINS + 1) if logarithmic else np.linspace(low, high, _BINS + 1)
    axis.hist(values, edges, color=BLUE, alpha=0.6)
    runs, coarse = _largest(groups), edges[::_COARSER]
    middles = (coarse[1:] * coarse[:-1]) ** 0.5 if logarithmic else (coarse[1:] + coarse[:-1]) / 2
    for run in runs if len(runs) > 1 else []:
        inside = values[groups == run]
        counts, _ = np.histogram(inside, coarse)
        height = counts * (len(values) / len(inside) / _COARSER)
        axis.plot(middles, np.where(counts > 0, height, np.nan), color=GREY, linewidth=0.6)
    axis.axvline(float(np.median(values)), color=ORANGE, linewidth=1.2)
    if logarithmic:
        axis.set_xscale("log")
    else:
        axis.set_yscale("log")


def _draw_runs(axis: Any, groups: Values) -> None:
    """The number of shots of each run."""
    _, counts = np.unique(groups, return_counts=True)
    axis.bar(np.arange(len(counts)), counts, color=BLUE, alpha=0.6)
    axis.set(xlabel="run" if len(counts) > 1 else "all shots are of one run", ylabel="shots")


def _largest(groups: Values) -> Values:
    """The runs with most shots."""
    runs, counts = np.unique(groups, return_counts=True)
    largest: Values = runs[np.argsort(-counts, kind="stable")[:MOST_RUNS]]
    return largest
