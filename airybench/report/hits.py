"""The part of a report on hit finding: the winner beside what needs no network."""

import math
from collections.abc import Mapping
from html import escape

from airybench.analysis.notes import FEW_HITS, hit_mark
from airybench.analysis.number_text import score_text, with_interval
from airybench.inference.hits import HIT_METRICS

HEADING = "Hit or miss on test"
_HEADS = ("hit or miss by", "precision", "recall", "balanced accuracy", "ROC AUC", "AP [95 %]")


def hits_html(found: Mapping[str, Mapping[str, float]]) -> str:
    """As HTML; empty where nothing was scored.

    Args:
        found: scores by name, see `airybench.inference.hits.logged_hits`.
    """
    if not found:
        return ""
    heads = "".join(f"<th>{escape(head)}</th>" for head in _HEADS)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in _rows(found))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    note = f'<p class="note">{escape(FEW_HITS)}</p>' if any(map(hit_mark, found.values())) else ""
    return f'<h4>{HEADING}</h4><div class="scroll">{table}</div>{note}'


def hits_lines(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """As lines of Markdown; none where nothing was scored."""
    if not found:
        return []
    notes = [FEW_HITS, ""] if any(map(hit_mark, found.values())) else []
    rows = ["| " + " | ".join(row) + " |" for row in (_HEADS, *_rows(found))]
    return [f"#### {HEADING}", "", rows[0], "|---" + "|---:" * (len(_HEADS) - 1) + "|", *rows[1:], "", *notes]


def _rows(found: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    rows = []
    for name, scores in found.items():
        low, high = (scores.get(f"{HIT_METRICS[-1]}/{end}", math.nan) for end in ("low", "high"))
        *others, ap = (scores[metric] for metric in HIT_METRICS)
        rows.append([name, *map(score_text, others), with_interval(ap, low, high) + hit_mark(scores)])
    return rows
