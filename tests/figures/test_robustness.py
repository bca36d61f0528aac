"""The figure of scores against strengths."""

import math

from airybench.figures.robustness import StressCurve, robustness


def test_a_panel_for_each_change_on_one_axis() -> None:
    curve = StressCurve("pixels", (0, 10, 40), (0.7, 0.5, math.nan), (0.6, 0.4, math.nan), (0.8, 0.6, math.nan))
    figure = robustness({str(number): curve for number in range(5)}, 0.2, "macro_ap", "A network")
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == list("01234")
    assert {axes.get_ylim() for axes in panels} == {(0, 1)}
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["0", "10", "40"]
    assert panels[0].lines[-1].get_ydata()[1] == 0.5
    assert len(robustness({"one": curve}, math.nan, "macro_ap", "One").axes) == 1
