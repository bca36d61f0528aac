"""The interactive pages of a study hold the numbers they are given, and need nothing from outside."""

import json
import re
from typing import Any

import numpy as np
import pytest

from airybench.figures import study_plotly as pages
from airybench.figures.plot_data import Axis, Curve, Heat


def traces(page: str) -> list[dict[str, Any]]:
    """The data of the figure in a page."""
    start = re.search(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*", page)
    assert start
    found, _ = json.JSONDecoder().raw_decode(page[start.end() :])
    return found


def layout(page: str) -> dict[str, Any]:
    """The layout of the figure in a page."""
    start = re.search(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*", page)
    assert start
    _, end = json.JSONDecoder().raw_decode(page[start.end() :])
    found, _ = json.JSONDecoder().raw_decode(page[start.end() + end :].lstrip(", \n"))
    return found


def numbers(values: Any) -> list[float]:
    """A column, which plotly may write as base64."""
    if isinstance(values, dict):
        import base64

        return np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"])).tolist()
    return list(values)


AXES = [Axis("alpha", np.array([0.0, 1.0]), ((0.0, "off"), (1.0, "0.2")))]
CURVE = Curve("resnet", True, (18, 34), (0.5, 0.6), ((18, 0.5), (34, 0.6)))
HEAT = Heat("resnet18", ("off",), ("0", "0.2"), np.array([[0.4, 0.5]]), np.array([[1, 2]]))
FRONT = (np.array([[0.9, 10.0], [0.5, 5.0], [0.7, 30.0]]), np.array([True, False, True]), ["a", "b", "c"])
PAGES = {
    "parallel": lambda: pages.parallel_coordinates(AXES, np.array([0.5, 0.6]), metric="val", title="<cells>"),
    "importance": lambda: pages.importance(["alpha"], [0.9], title="<cells>", note="fANOVA"),
    "heat": lambda: pages.heat_maps([HEAT], rows="alpha", columns="leakiness", metric="val", title="<cells>"),
    "depth": lambda: pages.depth_curves([CURVE], metric="val", title="<cells>"),
    "pareto": lambda: pages.pareto_front(*FRONT, ["ap", "speed"], title="<cells>"),
}


def test_a_page_is_whole() -> None:
    page = pages.page({name: plot() for name, plot in PAGES.items()}, "<a & b>")
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page), "the page needs something from outside"
    assert "<title>&lt;a &amp; b&gt;</title>" in page
    for name in PAGES:
        assert f'<a href="#{name}">' in page
        assert traces(page.partition(f'<section id="{name}">')[2])
    assert "<nav></nav>" in pages.page({"depth": PAGES["depth"]()}, "one")


def test_pages_hold_the_numbers() -> None:
    (parallel,) = traces(PAGES["parallel"]())
    assert numbers(parallel["dimensions"][0]["values"]) == pytest.approx([0.0, 1.0], abs=0.02)
    assert parallel["dimensions"][0]["ticktext"] == ["off", "0.2"]
    (heat,) = traces(PAGES["heat"]())
    assert numbers(heat["z"]) == [0.4, 0.5] or heat["z"] == [[0.4, 0.5]]
    points, line = traces(PAGES["depth"]())
    assert (numbers(points["y"]), numbers(line["y"])) == ([0.5, 0.6], [0.5, 0.6])
    beaten, front = traces(PAGES["pareto"]())
    assert (beaten["text"], front["text"]) == (["b"], ["c", "a"])
    assert numbers(front["x"]) == [0.7, 0.9]


def test_a_long_title_is_broken() -> None:
    title = "a-study-of-many-words@helium (simulated data): alpha and leakiness (best 4 of 6 networks)"
    page = pages.heat_maps([HEAT], rows="alpha", columns="leakiness", metric="val", title=title)
    first, second = layout(page)["title"]["text"].split("<br>")
    assert f"{first} {second}" == title
    assert len(first) <= 72


def test_axes_of_scores_end_where_those_of_the_pictures_do() -> None:
    page = pages.depth_curves([CURVE], metric="val", title="depth", ends=(0, 1))
    assert layout(page)["yaxis"]["range"] == [0, 1]
    page = pages.pareto_front(*FRONT, ["ap", "speed"], title="front", ends=[(0, 1), None])
    assert layout(page)["xaxis"]["range"] == [0, 1]
    assert "range" not in layout(page)["yaxis"]
