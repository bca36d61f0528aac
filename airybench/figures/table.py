"""A table as an HTML page in one file, sorted by a click on a heading."""

from collections.abc import Sequence
from html import escape

STYLE = """
body { font: 14px/1.45 "DejaVu Sans", sans-serif; margin: 1.5em; color: #222; }
h1 { font-size: 1.15em; } p { color: #555; max-width: 60em; }
table { border-collapse: collapse; } th, td { padding: .3em .8em; border-bottom: 1px solid #e3e3e3; text-align: right; }
th { cursor: pointer; border-bottom: 2px solid #0072b2; white-space: nowrap; } th:hover { color: #0072b2; }
td.text, th.text { text-align: left; white-space: nowrap; } tbody tr:hover { background: #f3f8fc; }
tr.first td { color: #d55e00; font-weight: bold; }
"""

SORT = """
document.querySelectorAll("th").forEach((head, column) => head.addEventListener("click", () => {
  const body = document.querySelector("tbody"), rows = [...body.rows], down = head.dataset.down !== "yes";
  const key = row => row.cells[column].textContent;
  rows.sort((a, b) => {
    const x = parseFloat(key(a)), y = parseFloat(key(b));
    const order = isNaN(x) || isNaN(y) ? key(a).localeCompare(key(b)) : x - y;
    return down ? -order : order;
  });
  head.dataset.down = down ? "yes" : "no";
  rows.forEach(row => body.appendChild(row));
}));
"""


def table_page(title: str, note: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A page with one table.

    Args:
        title: heading.
        note: a sentence below the heading.
        headings: headings of the columns.
        rows: the table as text; the first row is marked as the winner.
    """
    textual = [not all(_number(row[column]) for row in rows) for column in range(len(headings))]

    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = [' class="text"' if text else "" for text in textual]
        return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, row, strict=True))

    marks = [' class="first"', *[""] * len(rows)]
    body = "\n".join(f"<tr{mark}>{cells('td', row)}</tr>" for mark, row in zip(marks, rows, strict=False))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1><p>{escape(note)}</p>\n"
        f"<table><thead><tr>{cells('th', headings)}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
        f"<script>{SORT}</script></body></html>\n"
    )


def _number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True
