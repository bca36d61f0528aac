"""Figures of a study that can be turned and asked: plotly, all of them on one page that works offline."""

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.figures.plot_data import Axis, Curve, Ends, Heat
from airybench.figures.style import BLUE, GREY, ORANGE

COLORS = "Cividis"
SYMBOLS = ("circle", "square", "triangle-up", "diamond")

LONGEST = 72
"""Letters of a line of a title that the narrow frame of MLflow's page has room for."""

HEIGHT = "560px"

CSS = """
body { font: 15px "DejaVu Sans", sans-serif; margin: 1rem; color: #222; } nav a { margin-right: 1rem; }
section { margin: 1.2rem 0; }
"""


def parallel_coordinates(axes: Sequence[Axis], values: NDArray[np.float64], *, metric: str, title: str) -> str:
    """As `study_matplotlib.parallel_coordinates`, part of a page; axes can be moved, and a range selected on each."""
    import plotly.graph_objects as go

    # Without a shift the lines of cells with equal values would hide each other.
    shift = np.linspace(-0.012, 0.012, len(values)) if len(values) > 1 else np.zeros(len(values))
    dimensions = [
        {
            "label": axis.name,
            "values": axis.places + shift,
            "range": [-0.02, 1.02],
            "tickvals": [place for place, _ in axis.ticks],
            "ticktext": [label for _, label in axis.ticks],
        }
        for axis in axes
    ]
    line = {"color": values, "colorscale": COLORS, "showscale": True, "colorbar": {"title": metric}}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line))
    return _plot(figure, title, margin={"l": 90, "r": 60, "t": 100, "b": 40})


def importance(names: Sequence[str], shares: Sequence[float], *, title: str, note: str) -> str:
    """As `study_matplotlib.importance`."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(x=list(shares), y=list(names), orientation="h", marker_color=BLUE))
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title=f"share of variance ({note})", rangemode="tozero")
    return _plot(figure, title)


def heat_maps(panels: Sequence[Heat], *, rows: str, columns: str, metric: str, title: str) -> str:
    """As `study_matplotlib.heat_maps`."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(1, len(panels), subplot_titles=[panel.title for panel in panels])
    for index, panel in enumerate(panels, 1):
        figure.add_trace(
            go.Heatmap(
                z=panel.means, x=panel.columns, y=panel.rows, customdata=panel.counts,
                coloraxis="coloraxis", texttemplate="%{z:.3f}", hoverongaps=False,
                hovertemplate=f"{rows} %{{y}}, {columns} %{{x}}: %{{z:.4f}} (%{{customdata}} trials)<extra></extra>",
            ),
            1, index,
        )  # fmt: skip
    figure.update_xaxes(type="category", title=columns)
    figure.update_yaxes(type="category", autorange="reversed")
    figure.update_yaxes(title=rows, col=1)
    figure.update_layout(coloraxis={"colorscale": COLORS, "colorbar": {"title": metric}})
    return _plot(figure, title)


def depth_curves(curves: Sequence[Curve], *, metric: str, title: str, ends: Ends = None) -> str:
    """As `study_matplotlib.depth_curves`."""
    import plotly.graph_objects as go

    families = list(dict.fromkeys(curve.family for curve in curves))
    figure = go.Figure()
    for curve in curves:
        color, symbol = ORANGE if curve.on else BLUE, SYMBOLS[families.index(curve.family) % len(SYMBOLS)]
        figure.add_trace(
            go.Scatter(
                x=[depth for depth, _ in curve.trials], y=[value for _, value in curve.trials], mode="markers",
                marker={"color": color, "symbol": symbol, "opacity": 0.3}, name=curve.label, showlegend=False,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=curve.depths, y=curve.means, mode="lines+markers", name=curve.label,
                line={"color": color, "dash": "solid" if curve.on else "dash"}, marker={"symbol": symbol, "size": 9},
            )
        )  # fmt: skip
    depths = sorted({depth for curve in curves for depth in curve.depths})
    figure.update_xaxes(title="depth (layers; lines: mean over the trials)", tickvals=depths)
    figure.update_yaxes(title=metric, range=ends)
    return _plot(figure, title)


def pareto_front(
    points: NDArray[np.float64],
    front: NDArray[np.bool_],
    names: Sequence[str],
    labels: Sequence[str],
    *,
    title: str,
    ends: Sequence[Ends] = (None, None),
) -> str:
    """As `study_matplotlib.pareto_front`; every point shows its label."""
    import plotly.graph_objects as go

    order = np.flatnonzero(front)[np.argsort(points[front, 0], kind="stable")]
    rest = np.flatnonzero(~front)
    figure = go.Figure()
    for rows, mode, color, name in (
        (rest, "markers", GREY, "beaten by another"),
        (order, "lines+markers", ORANGE, "Pareto front"),
    ):
        figure.add_trace(
            go.Scatter(
                x=points[rows, 0], y=points[rows, 1], text=[names[row] for row in rows], mode=mode, name=name,
                marker={"color": color, "size": 9}, line={"color": color},
                hovertemplate=f"%{{text}}<br>{labels[0]} %{{x}}<br>{labels[1]} %{{y}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title=labels[0], range=ends[0])
    figure.update_yaxes(title=labels[1], range=ends[1])
    return _plot(figure, title)


def page(plots: Mapping[str, str], title: str) -> str:
    """A page with all plots and plotly's script.

    The script is 4.8 MB, so that it stands once. It stands in the page: MLflow shows a page without the files beside
    it, and many machines are offline.

    Args:
        plots: what the functions above return, by name.
        title: of the page.
    """
    from plotly.offline import get_plotlyjs

    links = "".join(f'<a href="#{name}">{name}</a>' for name in plots) if len(plots) > 1 else ""
    sections = "".join(f'<section id="{name}">{plot}</section>' for name, plot in plots.items())
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{CSS}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><nav>{links}</nav>{sections}</body></html>\n"
    )


def _plot(figure: Any, title: str, **layout: Any) -> str:
    """The figure as a part of the page."""
    lines = {"text": "<br>".join(wrap(title, LONGEST)), "font": {"size": 15}}
    figure.update_layout(title=lines, template="plotly_white", font={"family": "DejaVu Sans, sans-serif"}, **layout)
    part: str = figure.to_html(
        include_plotlyjs=False, full_html=False, default_height=HEIGHT, config={"displaylogo": False}
    )
    return part
