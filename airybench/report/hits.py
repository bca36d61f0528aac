"""The part of a report on hit finding: the winner beside what needs no network."""

import math
from collections.abc import Mapping
from html import escape

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
    return f'<h4>{HEADING}</h4><div class="scroll">{table}</div>'


def hits_lines(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """As lines of Markdown; none where nothing was scored."""
    if not found:
        return []
    rows = ["| " + " | ".join(row) + " |" for row in (_HEADS, *_rows(found))]
    return [f"#### {HEADING}", "", rows[0], "|---" + "|---:" * (len(_HEADS) - 1) + "|", *rows[1:], ""]


def _rows(found: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    rows = []
    for name, scores in found.items():
        low, high = (scores.get(f"{HIT_METRICS[-1]}/{end}", math.nan) for end in ("low", "high"))
        ends = "" if math.isnan(low) else f" [{low:.3f} .. {high:.3f}]"
        numbers = [f"{scores[metric]:.3f}" for metric in HIT_METRICS]
        rows.append([name, *numbers[:-1], numbers[-1] + ends])
    return rows
