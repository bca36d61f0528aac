"""The figures of a whole study: which of them its space supports, and the data that each shows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.analysis.importance import MIN_TRIALS, importances, sampled
from airybench.analysis.leaderboard import Leaderboard
from airybench.analysis.study_robustness import StudyRobustness
from airybench.config import Objective, Value
from airybench.config.objective import axis_ends
from airybench.figures import study_matplotlib as pictures
from airybench.figures import study_plotly as interactive
from airybench.figures.comparison import Bar
from airybench.figures.leaderboard import Joined, leaderboard
from airybench.figures.plot_data import Axis, Curve, Heat, axis
from airybench.figures.robustness import StressCurve, compared
from airybench.figures.style import save_for_print
from airybench.inference.stress import ALL_CHANGES, METRIC
from airybench.sweep.ranking import by_cell, unbeaten
from airybench.sweep.records import FinishedTrial

DERIVED = ("lr", "input_scaling", "seed", "fold")
"""Parameters that follow from others, or that a cell does not name."""

MAX_TICKS = 10  # values of a heat map's axis
MAX_PANELS = 4
MAX_CELLS = 40  # cells in the picture of the leaderboard; its tables have them all
SWITCHED_OFF: Mapping[str, dict[object, str]] = {"alpha": {0.0: "off"}}

Trials = Sequence[FinishedTrial]
Objectives = Sequence[Objective]


@dataclass(frozen=True)
class StudyFigure:
    """A figure under its file name, as a picture and as a part of the interactive page."""

    name: str
    picture: Figure
    plot: str


class NothingToDraw(Exception):
    """The space of this study does not support a figure; the message says why."""


def study_figures(trials: Trials, objectives: Objectives, heading: str) -> tuple[list[StudyFigure], dict[str, str]]:
    """Draw every figure that the space of a study supports.

    Args:
        trials: finished trials.
        objectives: in the order of the trials' values.
        heading: what the titles begin with.

    Returns:
        The figures, and for each figure that is left out the reason by its name.
    """
    makers: dict[str, Callable[[Trials, Objectives, str], StudyFigure]] = {
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


def write_figures(figures: Sequence[StudyFigure], left_out: Mapping[str, str], heading: str, folder: Path) -> None:
    """Write every figure as a picture, all of them as `interactive.html`, and into `not-drawn.txt` what is missing.

    Args:
        figures: as `study_figures` draws them.
        left_out: the reason for each that is not drawn.
        heading: title of the page.
        folder: made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        save_for_print(figure.picture, folder / f"{figure.name}.png")
    if figures:
        content = interactive.page({figure.name: figure.plot for figure in figures}, heading)
        (folder / "interactive.html").write_text(content, encoding="utf-8")
    lines = [f"{name}: {reason}\n" for name, reason in left_out.items()]
    (folder / "not-drawn.txt").write_text("".join(lines) or "Everything is drawn.\n", encoding="utf-8")


def leaderboard_figure(board: Leaderboard, heading: str, *, joined: bool = False) -> Figure:
    """The leaderboard as a picture, at most its 40 best cells.

    Args:
        board: the ranked cells.
        heading: the title.
        joined: join the cells that are not told apart, as diagrams of critical differences do, where that is known.
    """
    rows = board.rows[:MAX_CELLS]
    complete = len(rows) == len(board.rows)
    return leaderboard(
        [Bar(f"{row.label} (n={len(row.trials)})", row.mean, (row.low, row.high)) for row in rows],
        {row.name: row.value for row in board.baselines if not math.isnan(row.value)},
        metric=f"val {board.objective.metric}",
        title=heading if complete else f"{heading}: best {len(rows)} of {len(board.rows)} cells",
        note=board.interval_kind,
        ends=axis_ends(board.objective.metric),
        joined=Joined(board.ties.sets, board.ties.note) if joined and board.ties else None,
    )


def robustness_figure(found: StudyRobustness, heading: str) -> Figure:
    """Score against the strength of each change of the detector, a line for each cell.

    Args:
        found: the cells of a study under changes of the detector.
        heading: what the title ends with.
    """
    networks = {
        cell.label: {
            name: StressCurve(
                ALL_CHANGES[name].unit,
                list(curve),
                [one.value for one in curve.values()],
                [one.low for one in curve.values()],
                [one.high for one in curve.values()],
            )
            for name, curve in cell.curves.items()
        }
        for cell in found.cells
    }
    return compared(networks, f"test {METRIC}", f"Changes of the detector: {heading}")


def varying(trials: Trials) -> dict[str, list[Value]]:
    """The parameters that differ between trials, with the value of each trial; those that only follow are left out."""
    flat = [trial.config.params() for trial in trials]
    return {
        name: [one[name] for one in flat]
        for name in flat[0]
        if name not in DERIVED and len({one[name] for one in flat}) > 1
    }


def _parallel(trials: Trials, objectives: Objectives, heading: str) -> StudyFigure:
    cells = by_cell(trials)
    if len(cells) < 2:
        raise NothingToDraw("a single cell has nothing to be compared with")
    objective = objectives[0]
    values = np.array([np.mean([trial.values[0] for trial in cell]) for cell in cells])
    best = int((objective.sign * values).argmax())
    parameters = varying([cell[0] for cell in cells])
    axes = [axis(name, column, SWITCHED_OFF.get(name)) for name, column in parameters.items()]
    metric, title = f"val {objective.metric}", f"{heading}: cells"
    axes.append(_objective_axis(metric, values))
    return StudyFigure(
        "parallel-coordinates",
        pictures.parallel_coordinates(axes, values, best, metric=metric, title=title),
        interactive.parallel_coordinates(axes, values, metric=metric, title=title),
    )


def _objective_axis(name: str, values: NDArray[np.float64]) -> Axis:
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    return Axis(
        name, (values - low) / span, tuple((float((t - low) / span), f"{t:.3f}") for t in np.linspace(low, high, 5))
    )


def _importance(trials: Trials, objectives: Objectives, heading: str) -> StudyFigure:
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
    title = f"{heading}: what val {objectives[0].metric} depends on"
    return StudyFigure(
        "importance",
        pictures.importance(list(shares), list(shares.values()), title=title, note=note),
        interactive.importance(list(shares), list(shares.values()), title=title, note=note),
    )


def _heat(trials: Trials, objectives: Objectives, heading: str) -> StudyFigure:
    alphas = sorted({trial.config.network.alpha for trial in trials})
    slopes = sorted({trial.config.network.leakiness for trial in trials})
    for name, values in (("alpha", alphas), ("leakiness", slopes)):
        if len(values) < 2:
            raise NothingToDraw(f"{name} has a single value")
        if len(values) > MAX_TICKS:
            raise NothingToDraw(f"{name} has {len(values)} values, as of a range; see parallel-coordinates")
    objective = objectives[0]
    networks = _networks_with_a_grid(trials)
    if not networks:
        raise NothingToDraw("no network was trained with both several alphas and several leakinesses")
    networks.sort(key=lambda group: -max(objective.sign * trial.values[0] for trial in group))
    panels = [_panel(group, alphas, slopes) for group in networks[:MAX_PANELS]]
    best = f" (best {MAX_PANELS} of {len(networks)} networks)" if len(networks) > MAX_PANELS else ""
    words = {"rows": "alpha (off: no log activation)", "columns": "leakiness", "metric": f"val {objective.metric}"}
    title = f"{heading}: alpha and leakiness{best}"
    return StudyFigure(
        "alpha-leakiness",
        pictures.heat_maps(panels, title=title, **words),
        interactive.heat_maps(panels, title=title, **words),
    )


def _networks_with_a_grid(trials: Trials) -> list[Trials]:
    """The trials of each architecture and depth that has several alphas and several leakinesses."""
    networks: dict[tuple[str, int], list[FinishedTrial]] = {}
    for trial in trials:
        networks.setdefault((trial.config.network.arch, trial.config.network.depth), []).append(trial)
    return [
        group
        for group in networks.values()
        if len({trial.config.network.alpha for trial in group}) > 1
        and len({trial.config.network.leakiness for trial in group}) > 1
    ]


def _panel(trials: Trials, alphas: Sequence[float], slopes: Sequence[float]) -> Heat:
    """Means of the objective of one network over alpha and leakiness."""
    sums, counts = np.zeros((len(alphas), len(slopes))), np.zeros((len(alphas), len(slopes)), dtype=np.int64)
    for trial in trials:
        place = alphas.index(trial.config.network.alpha), slopes.index(trial.config.network.leakiness)
        sums[place] += trial.values[0]
        counts[place] += 1
    means = np.divide(sums, counts, out=np.full(sums.shape, math.nan), where=counts > 0)
    network = trials[0].config.network
    rows = tuple("off" if alpha == 0 else f"{alpha:g}" for alpha in alphas)
    return Heat(f"{network.arch}{network.depth}", rows, tuple(f"{slope:g}" for slope in slopes), means, counts)


def _depth(trials: Trials, objectives: Objectives, heading: str) -> StudyFigure:
    groups: dict[tuple[str, bool], list[tuple[int, float]]] = {}
    for trial in trials:
        network = trial.config.network
        groups.setdefault((network.arch, network.log_activation), []).append((network.depth, trial.values[0]))
    curves = []
    for (arch, on), points in sorted(groups.items()):
        depths = sorted({depth for depth, _ in points})
        if len(depths) > 1:
            means = [float(np.mean([value for other, value in points if other == depth])) for depth in depths]
            curves.append(Curve(arch, on, tuple(depths), tuple(means), tuple(sorted(points))))
    if not curves:
        raise NothingToDraw("no architecture was trained at several depths")
    metric, title = f"val {objectives[0].metric}", f"{heading}: depth, and the log activation"
    ends = axis_ends(objectives[0].metric)
    return StudyFigure(
        "depth",
        pictures.depth_curves(curves, metric=metric, title=title, ends=ends),
        interactive.depth_curves(curves, metric=metric, title=title, ends=ends),
    )


def _pareto(trials: Trials, objectives: Objectives, heading: str) -> StudyFigure:
    if len(objectives) < 2:
        raise NothingToDraw("the study has a single objective")
    values = np.array([trial.values for trial in trials], dtype=np.float64)
    best = unbeaten(values, objectives)
    labels = [f"{one.metric} ({'more' if one.sign > 0 else 'less'} is better)" for one in objectives[:2]]
    names = [trial.label for trial in trials]
    beyond = f", first two of {len(objectives)} objectives" if len(objectives) > 2 else ""
    title = f"{heading}: Pareto front{beyond}"
    ends = [axis_ends(one.metric) for one in objectives[:2]]
    return StudyFigure(
        "pareto",
        pictures.pareto_front(values[:, :2], best, names, labels, title=title, ends=ends),
        interactive.pareto_front(values[:, :2], best, names, labels, title=title, ends=ends),
    )
