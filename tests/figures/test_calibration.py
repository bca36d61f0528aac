"""The picture of a calibration: a column for each kind of runs, a line for each number of shots and spread."""

import math

from airybench.figures.calibration import RateLine, RatePoint, calibration_figure


def test_lines_stand_in_the_column_of_their_runs() -> None:
    points = tuple(RatePoint(seeds, 0.95, 0.01, 0.05, 0.01) for seeds in (2, 3, 5))
    missing = (RatePoint(2, math.nan, math.nan, math.nan, math.nan), *points[1:])
    lines = [RateLine("no runs", 154, 0.01, points), RateLine("no runs", 1090, 0.01, points),
             RateLine("20 runs", 154, 0.03, missing)]  # fmt: skip
    figure = calibration_figure(lines, coverage=(0.93, 0.97), false=0.06, title="Calibration")
    above_left, above_right, below_left, _ = figure.axes
    assert [axes.get_title(loc="left") for axes in (above_left, above_right)] == ["no runs", "20 runs"]
    assert (len(above_left.containers), len(above_right.containers)) == (2, 1)
    places = [container[0].get_xdata() for container in above_right.containers]
    assert [round(float(place)) for place in places[0]] == [3, 5]
    assert below_left.get_ylim()[0] == 0
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["154 shots", "1090 shots", "seed sd 0.01", "seed sd 0.03"]


def test_every_bar_is_inside_its_panel() -> None:
    lines = [RateLine(panel, 154, 0.01, (RatePoint(2, coverage, 0.02, 0.05, 0.01),))
             for panel, coverage in (("no runs", 0.97), ("20 runs", 0.93))]  # fmt: skip
    figure = calibration_figure(lines, coverage=(0.93, 0.97), false=0.06, title="Calibration")
    assert figure.axes[0].get_ylim()[0] < 0.93 - 2 * 0.02
    assert figure.axes[0].get_ylim()[1] == 1
