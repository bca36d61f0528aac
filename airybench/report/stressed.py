"""The part of a report on the changes of the detector: what each cell loses, what each choice costs, and a figure."""

from html import escape

from airybench.analysis.study_figures import robustness_figure
from airybench.analysis.study_robustness import StudyRobustness
from airybench.report.pictures import picture
from airybench.report.tables import html_table

HEADING = "Changes of the detector"


def robustness_html(found: StudyRobustness, title: str) -> str:
    """As HTML, with the figure.

    Args:
        found: the cells of a study under changes of the detector.
        title: the study and its data.
    """
    heads, rows = found.table()
    effects = "".join(
        f'<li><span class="verdict">{escape(effect.verdict)}</span>: {escape(effect.sentence)}</li>'
        for effect in found.effects
    )
    return (
        f'<h4>{HEADING}</h4><ul class="answers">{effects}<li>{escape(found.advice)}</li></ul>'
        + html_table(heads, rows, found.note)
        + picture(robustness_figure(found, title), f"Score against the strength of each change: {title}")
    )


def robustness_lines(found: StudyRobustness) -> list[str]:
    """As lines of Markdown, without the figure."""
    heads, rows = found.table()
    return [
        f"#### {HEADING}",
        "",
        *(f"- **{effect.verdict}**: {effect.sentence}" for effect in found.effects),
        f"- {found.advice}",
        "",
        "| " + " | ".join(heads) + " |",
        "|---" + "|---:" * (len(heads) - 2) + "|---|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        found.note,
        "",
    ]
