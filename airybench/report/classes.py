"""The part of a report on single classes: the winner's average precision and F1 of each, with their intervals."""

from collections.abc import Sequence
from html import escape

from airybench.analysis.class_scores import SHOWN, ClassScores
from airybench.analysis.notes import few_positives
from airybench.analysis.number_text import MARK, with_interval
from airybench.report.tables import html_table, markdown_table

_HEADS = ("class", "AP [95 %]", "F1 [95 %]", "positive test shots")


def classes_html(found: Sequence[ClassScores], winner: str) -> str:
    """As HTML.

    Args:
        found: every class of the winner.
        winner: its name.
    """
    note = few_positives(_marked(found))
    marked = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<h4>{escape(_heading(winner))}</h4>{html_table(_HEADS, _rows(found))}{marked}"


def classes_lines(found: Sequence[ClassScores], winner: str) -> list[str]:
    """As lines of Markdown."""
    note = few_positives(_marked(found))
    return [f"#### {_heading(winner)}", "", *markdown_table(_HEADS, _rows(found)), "", *([note, ""] if note else [])]


def _heading(winner: str) -> str:
    return f"Class by class: {winner} on test, mean over its trainings"


def _marked(found: Sequence[ClassScores]) -> list[str]:
    return [one.name for one in found if one.few]


def _rows(found: Sequence[ClassScores]) -> list[list[str]]:
    return [[one.name, *(_text(one, name) for name in SHOWN), str(one.positives)] for one in found]


def _text(one: ClassScores, name: str) -> str:
    if name not in one.scores:
        return "-"
    score = one.scores[name]
    return with_interval(score.value, score.low, score.high) + (MARK if one.few else "")
