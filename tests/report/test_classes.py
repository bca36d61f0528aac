"""The table of the winner's classes: marks of few positive shots, and what cannot be scored."""

from airybench.analysis.class_scores import ClassScores
from airybench.analysis.estimate import Estimate
from airybench.report.classes import classes_html, classes_lines

FOUND = (
    ClassScores("Round", 30, {"ap": Estimate(0.8, 0.7, 0.9), "f1": Estimate(0.75, 0.6, 0.9)}),
    ClassScores("<Bent>", 3, {"ap": Estimate(0.5, 0.0, 1.0), "f1": Estimate(0.0, 0.0, 0.7)}),
    ClassScores("Layered", 0, {}),
)


def test_classes_with_few_positive_shots_are_marked_and_named() -> None:
    lines = classes_lines(FOUND, "net")
    assert "| Round | 0.800 [0.700 .. 0.900] | 0.750 [0.600 .. 0.900] | 30 |" in lines
    assert "| <Bent> | 0.500 [0.000 .. 1.000] † | 0.000 [0.000 .. 0.700] † | 3 |" in lines
    assert "| Layered | - | - | 0 |" in lines
    assert "† Fewer than 8 positive shots on test, so that the interval is a rough guess: <Bent>." in lines
    page = classes_html(FOUND, "net")
    assert "&lt;Bent&gt;" in page
    assert page.count("†") == 3
    assert "†" not in "".join(classes_lines(FOUND[:1], "net")) + classes_html(FOUND[:1], "net")
