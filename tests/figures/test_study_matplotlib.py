"""The pictures of a study show the numbers they are given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from airybench.figures.plot_data import Axis, Curve, Heat
from airybench.figures.study_matplotlib import (
    depth_curves,
    heat_maps,
    importance,
    parallel_coordinates,
    pareto_front,
)
from airybench.figures.style import BLUE, ORANGE


def test_the_winners_line_runs_through_its_places() -> None:
    axes = [Axis("alpha", np.array([0.0, 1.0]), ((0.0, "off"), (1.0, "0.2"))),
            Axis("val", np.array([1.0, 0.0]), ((0.0, "0.5"), (1.0, "0.6")))]  # fmt: skip
    plot = parallel_coordinates(axes, np.array([0.6, 0.5]), 0, metric="val", title="cells").axes[0]
    (winner,) = [line for line in plot.lines if to_hex(line.get_color()) == ORANGE.lower()]
    assert winner.get_ydata() == pytest.approx([0.0, 1.0], abs=0.02)
    assert [label.get_text() for label in plot.get_xticklabels()] == ["alpha", "val"]
    assert [text.get_text() for text in plot.texts] == ["off", "0.2", "0.5", "0.6"]


def test_bars_are_as_long_as_shares() -> None:
    (plot,) = importance(["alpha", "depth"], [0.9, 0.1], title="importance", note="fANOVA").axes
    assert [bar.get_width() for bar in plot.patches] == [0.9, 0.1]
    assert [text.get_text() for text in plot.texts] == ["0.90", "0.10"]


def test_a_map_holds_means_and_counts_and_leaves_gaps() -> None:
    panel = Heat("resnet18", ("off", "0.2"), ("0", "0.2"), np.array([[0.4, 0.5], [0.6, np.nan]]),
                 np.array([[1, 2], [1, 0]]))  # fmt: skip
    plot = heat_maps([panel], rows="alpha", columns="leakiness", metric="val", title="grid").axes[0]
    texts = {text.get_position(): text.get_text() for text in plot.texts}
    assert texts == {(0, 0): "0.400", (1, 0): "0.500\nn=2", (0, 1): "0.600"}
    assert np.ma.getmaskarray(plot.images[0].get_array()).tolist() == [[False, False], [False, True]]


def test_curves_join_means_and_show_trials() -> None:
    curves = [
        Curve("resnet", on, (18, 34), (0.5, 0.6 + 0.1 * on), ((18, 0.5), (34, 0.6 + 0.1 * on))) for on in (False, True)
    ]
    (plot,) = depth_curves(curves, metric="val", title="depth").axes
    joined = {line.get_label(): line for line in plot.lines if line.get_linestyle() != "None"}
    off, on = joined["resnet, log activation off"], joined["resnet, log activation on"]
    assert (list(off.get_ydata()), list(on.get_ydata())) == ([0.5, 0.6], [0.5, 0.7])
    assert (to_hex(off.get_color()), to_hex(on.get_color())) == (BLUE.lower(), ORANGE.lower())


def test_the_front_is_joined_in_order_and_labelled() -> None:
    points = np.array([[0.9, 10.0], [0.5, 5.0], [0.7, 30.0]])
    front = np.array([True, False, True])
    (plot,) = pareto_front(points, front, ["a", "b", "c"], ["ap", "speed"], title="front").axes
    beaten, line = plot.lines
    assert list(beaten.get_xdata()) == [0.5]
    assert list(line.get_xdata()) == [0.7, 0.9]
    assert [text.get_text() for text in plot.texts] == ["c", "a"]


def test_axes_of_scores_end_where_those_of_other_figures_do() -> None:
    """Depth and Pareto front had axes of their own, so that two studies could not be laid side by side."""
    curve = Curve("resnet", True, (18, 34), (0.5, 0.6), ((18, 0.5), (34, 0.6)))
    assert depth_curves([curve], metric="val", title="depth", ends=(0, 1)).axes[0].get_ylim() == (0, 1)
    points, front = np.array([[0.9, 10.0], [0.5, 5.0]]), np.array([True, False])
    (plot,) = pareto_front(points, front, ["a", "b"], ["ap", "speed"], title="front", ends=[(0, 1), None]).axes
    assert plot.get_xlim() == (0, 1)
    low, high = plot.get_ylim()
    assert (low < 5, 10 < high < 20) == (True, True)
