"""The figures of a whole study: which of them its space supports, and what each shows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.analysis.importance import MIN_TRIALS, importances, sampled
from airybench.analysis.pareto import unbeaten
from airybench.config import TrialConfig, Value
from airybench.figures import study_matplotlib as pictures
from airybench.figures import study_plotly as interactive
from airybench.figures.plot_data import Axis, Curve, Heat, axis
from airybench.figures.style import save

DERIVED = ("lr", "input_scaling", "seed")
"""Parameters that follow from others, or that a cell does not name."""

MAX_TICKS = 10  # values of a heat map's axis
MAX_PANELS = 4
SWITCHED_OFF: Mapping[str, dict[object, str]] = {"alpha": {0.0: "off"}}


@dataclass(frozen=True)
class Trial:
    """A finished trial, as far as figures go.

    Attributes:
        config: what was trained.
        values: the objectives, the first one first.
    """

    config: TrialConfig
    values: tuple[float, ...]


@dataclass(frozen=True)
class StudyFigure:
    """A figure under its file name, as a picture and as a page."""

    name: str
    picture: Figure
    page: str


class NothingToDraw(Exception):
    """The space of this study does not support a figure; the message says why."""


def study_figures(
    trials: Sequence[Trial], objectives: Sequence[tuple[str, str]], heading: str
) -> tuple[list[StudyFigure], dict[str, str]]:
    """Draw what can be drawn.

    Args:
        trials: finished ones.
        objectives: (metric, `max` or `min`), in the order of the trials' values.
        heading: what the titles begin with.

    Returns:
        The figures, and by name the reason of each that is left out.
    """
    makers: dict[str, Callable[[Sequence[Trial], Sequence[tuple[str, str]], str], StudyFigure]] = {
        "parallel-coordinates": _parallel,
        "importance": _importance,
        "alpha-leakiness": _heat,
        "depth": _depth,
        "pareto": _pareto,
    }
    drawn, left_out = [], {}
    for name, make in makers.items():
        try:
            drawn.append(make(trials, objectives, heading))
        except NothingToDraw as reason:
            left_out[name] = str(reason)
    return drawn, left_out


def write_figures(drawn: Sequence[StudyFigure], left_out: Mapping[str, str], folder: Path) -> None:
    """Write every figure as PNG and HTML, and in `not-drawn.txt` why others are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in drawn:
        save(one.picture, folder / f"{one.name}.png")
        (folder / f"{one.name}.html").write_text(one.page, encoding="utf-8")
    lines = [f"{name}: {reason}\n" for name, reason in left_out.items()]
    (folder / "not-drawn.txt").write_text("".join(lines) or "Everything is drawn.\n", encoding="utf-8")


def varying(trials: Sequence[Trial]) -> dict[str, list[Value]]:
    """The parameters that differ between trials, with the value of each trial; those that only follow are left out."""
    flat = [trial.config.params() for trial in trials]
    return {
        name: [one[name] for one in flat]
        for name in flat[0]
        if name not in DERIVED and len({one[name] for one in flat}) > 1
    }


def _parallel(trials: Sequence[Trial], objectives: Sequence[tuple[str, str]], heading: str) -> StudyFigure:
    cells: dict[str, list[Trial]] = {}
    for trial in trials:
        cells.setdefault(trial.config.cell(), []).append(trial)
    groups = list(cells.values())
    if len(groups) < 2:
        raise NothingToDraw("a single cell has nothing to be compared with")
    metric, way = objectives[0]
    values = np.array([np.mean([trial.values[0] for trial in group]) for group in groups])
    best = int(values.argmax() if way == "max" else values.argmin())
    parameters = varying([group[0] for group in groups])
    axes = [axis(name, column, SWITCHED_OFF.get(name)) for name, column in parameters.items()]
    axes.append(_objective_axis(f"val {metric}", values))
    title = f"{heading}: cells"
    return StudyFigure(
        "parallel-coordinates",
        pictures.parallel_coordinates(axes, values, best, metric=f"val {metric}", title=title),
        interactive.parallel_coordinates(axes, values, metric=f"val {metric}", title=title),
    )


def _objective_axis(name: str, values: NDArray[np.float64]) -> Axis:
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    return Axis(
        name, (values - low) / span, tuple((float((t - low) / span), f"{t:.3f}") for t in np.linspace(low, high, 5))
    )


def _importance(trials: Sequence[Trial], objectives: Sequence[tuple[str, str]], heading: str) -> StudyFigure:
    parameters = varying(trials)
    if len(parameters) < 2:
        raise NothingToDraw(f"{len(parameters)} parameter varies, at least 2 are needed to weigh them")
    if len(trials) < MIN_TRIALS:
        raise NothingToDraw(f"{len(trials)} finished trials are too few to weigh parameters by, at least {MIN_TRIALS}")
    values = [trial.values[0] for trial in trials]
    if max(values) == min(values):
        raise NothingToDraw("every trial reached the same value")
    shares = importances(parameters, values)
    note = f"fANOVA over {len(sampled(len(trials)))} trials"
    title = f"{heading}: what val {objectives[0][0]} depends on"
    return StudyFigure(
        "importance",
        pictures.importance(list(shares), list(shares.values()), title=title, note=note),
        interactive.importance(list(shares), list(shares.values()), title=title, note=note),
    )


def _heat(trials: Sequence[Trial], objectives: Sequence[tuple[str, str]], heading: str) -> StudyFigure:
    alphas = sorted({trial.config.network.alpha for trial in trials})
    slopes = sorted({trial.config.network.leakiness for trial in trials})
    for name, found in (("alpha", alphas), ("leakiness", slopes)):
        if len(found) < 2:
            raise NothingToDraw(f"{name} has a single value")
        if len(found) > MAX_TICKS:
            raise NothingToDraw(f"{name} has {len(found)} values, as of a range; see parallel-coordinates")
    networks: dict[tuple[str, int], list[Trial]] = {}
    for trial in trials:
        networks.setdefault((trial.config.network.arch, trial.config.network.depth), []).append(trial)
    metric, way = objectives[0]
    sign = 1.0 if way == "max" else -1.0
    full = [
        (key, group)
        for key, group in networks.items()
        if len({t.config.network.alpha for t in group}) > 1 and len({t.config.network.leakiness for t in group}) > 1
    ]
    if not full:
        raise NothingToDraw("no network was trained with both several alphas and several leakinesses")
    full.sort(key=lambda item: -max(sign * trial.values[0] for trial in item[1]))
    panels = []
    for (arch, depth), group in full[:MAX_PANELS]:
        means = np.full((len(alphas), len(slopes)), math.nan)
        counts = np.zeros(means.shape, dtype=np.int64)
        for row, column in np.ndindex(means.shape):
            here = [
                trial.values[0]
                for trial in group
                if (trial.config.network.alpha, trial.config.network.leakiness) == (alphas[row], slopes[column])
            ]
            counts[row, column] = len(here)
            if here:
                means[row, column] = np.mean(here)
        rows = tuple("off" if alpha == 0 else f"{alpha:g}" for alpha in alphas)
        panels.append(Heat(f"{arch}{depth}", rows, tuple(f"{slope:g}" for slope in slopes), means, counts))
    shown = f" (best {MAX_PANELS} of {len(full)} networks)" if len(full) > MAX_PANELS else ""
    words = {"rows": "alpha (off: no log activation)", "columns": "leakiness", "metric": f"val {metric}"}
    title = f"{heading}: alpha and leakiness{shown}"
    return StudyFigure(
        "alpha-leakiness",
        pictures.heat_maps(panels, title=title, **words),
        interactive.heat_maps(panels, title=title, **words),
    )


def _depth(trials: Sequence[Trial], objectives: Sequence[tuple[str, str]], heading: str) -> StudyFigure:
    groups: dict[tuple[str, bool], list[tuple[int, float]]] = {}
    for trial in trials:
        network = trial.config.network
        groups.setdefault((network.arch, network.log_activation), []).append((network.depth, trial.values[0]))
    curves = []
    for (arch, on), found in sorted(groups.items()):
        depths = sorted({depth for depth, _ in found})
        if len(depths) > 1:
            means = [float(np.mean([value for other, value in found if other == depth])) for depth in depths]
            curves.append(Curve(arch, on, tuple(depths), tuple(means), tuple(sorted(found))))
    if not curves:
        raise NothingToDraw("no architecture was trained at several depths")
    metric, title = f"val {objectives[0][0]}", f"{heading}: depth, and the log activation"
    return StudyFigure(
        "depth",
        pictures.depth_curves(curves, metric=metric, title=title),
        interactive.depth_curves(curves, metric=metric, title=title),
    )


def _pareto(trials: Sequence[Trial], objectives: Sequence[tuple[str, str]], heading: str) -> StudyFigure:
    if len(objectives) < 2:
        raise NothingToDraw("the study has a single objective")
    values = np.array([trial.values for trial in trials], dtype=np.float64)
    best = unbeaten(values, [way for _, way in objectives])
    labels = [f"{metric} ({'more' if way == 'max' else 'less'} is better)" for metric, way in objectives[:2]]
    names = [trial.config.label for trial in trials]
    beyond = f", first two of {len(objectives)} objectives" if len(objectives) > 2 else ""
    title = f"{heading}: Pareto front{beyond}"
    return StudyFigure(
        "pareto",
        pictures.pareto_front(values[:, :2], best, names, labels, title=title),
        interactive.pareto_front(values[:, :2], best, names, labels, title=title),
    )
