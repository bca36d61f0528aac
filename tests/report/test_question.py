"""The question of a report: the study's own, and that of a shipped experiment for studies of its axes only."""

from pathlib import Path

from airybench.config.experiments import load_experiment
from airybench.errors import TrackingError
from airybench.report.question import question_of


class _Parent:
    """A parent run whose configuration reads as given."""

    def __init__(self, content: str | None) -> None:
        self._content = content

    def fetch(self, artifact: str, into: Path) -> Path:
        """Write the artifact, or refuse."""
        if self._content is None:
            raise TrackingError("gone")
        (into / artifact).write_text(self._content, encoding="utf-8")
        return into / artifact


def test_the_question_of_a_shipped_experiment_is_for_studies_of_its_axes() -> None:
    """Three alphas by hand were once said to ask about a ResNet-18 and a VGG-11, since the experiment's name did."""
    alpha, quick = load_experiment("alpha"), load_experiment("quick")
    other = quick.customised({"alpha": (0.1, 0.3)}, ("alpha",), {})
    assert question_of(_Parent("question: Mine,\n  or yours?\n"), "alpha", alpha) == "Mine, or yours?"
    for content in (None, "- no mapping", f"question: {alpha.asked}"):
        assert question_of(_Parent(content), "alpha", alpha) == alpha.asked
    for content in (None, "question: ''", f"question: {quick.asked}", f"question: {other.asked}"):
        assert question_of(_Parent(content), "quick", other) == (
            "Which alpha (0.1, 0.3) lets a ResNet-18 with the logarithmic activation sort these patterns best?"
        )
