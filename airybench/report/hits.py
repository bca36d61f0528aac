"""The part of a report on hit finding: the winner beside what needs no network."""

import math
from collections.abc import Mapping
from html import escape

from airybench.analysis.notes import FEW_HITS, hit_mark
from airybench.analysis.number_text import score_text, with_interval
from airybench.inference.hits import HIT_METRICS
from airybench.report.tables import html_table, markdown_table

HEADING = "Hit or miss on test"
_HEADS = ("hit or miss by", "AP [95 %]", "precision", "recall", "balanced accuracy", "ROC AUC")


def hits_html(found: Mapping[str, Mapping[str, float]]) -> str:
    """As HTML; empty where nothing was scored.

    Args:
        found: scores by name, see `airybench.inference.hits.logged_hits`.
    """
    if not found:
        return ""
    note = f'<p class="note">{escape(FEW_HITS)}</p>' if any(map(hit_mark, found.values())) else ""
    return f"<h4>{HEADING}</h4>{html_table(_HEADS, _rows(found))}{note}"


def hits_lines(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """As lines of Markdown; none where nothing was scored."""
    if not found:
        return []
    notes = [FEW_HITS, ""] if any(map(hit_mark, found.values())) else []
    return [f"#### {HEADING}", "", *markdown_table(_HEADS, _rows(found)), "", *notes]


def _rows(found: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    rows = []
    for name, scores in found.items():
        low, high = (scores.get(f"{HIT_METRICS[-1]}/{end}", math.nan) for end in ("low", "high"))
        *others, ap = (scores[metric] for metric in HIT_METRICS)
        rows.append([name, with_interval(ap, low, high) + hit_mark(scores), *map(score_text, others)])
    return rows
