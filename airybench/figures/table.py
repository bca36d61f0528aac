"""A table as an HTML page in one file, sorted by a click on a heading."""

from collections.abc import Sequence
from html import escape

from airybench.figures.scrolling import CSS, SCRIPT, scrolling

STYLE = """
body { font: 14px/1.45 "DejaVu Sans", sans-serif; margin: 1.5em; color: #222; }
h1 { font-size: 1.15em; } p { color: #555; max-width: 60em; }
table { border-collapse: collapse; } th, td { padding: .3em .8em; border-bottom: 1px solid #e3e3e3; text-align: right; }
thead th { cursor: pointer; border-bottom: 2px solid #0072b2; vertical-align: bottom; }
thead th:hover { color: #0072b2; }
tbody th { font-weight: inherit; white-space: nowrap; } td { white-space: nowrap; }
.text { text-align: left; } tbody tr:hover { background: #f3f8fc; }
tr.first td, tr.first th { color: #d55e00; font-weight: bold; }
@media (max-width: 40rem) { body { margin: .6em; font-size: 13px; } th, td { padding: .3em .35em; }
  tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 6.5em; } }
@media screen and (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #15181c; } p { color: #a0a4aa; }
  th, td { border-color: #3a3f46; } tbody tr:hover { background: #1e2228; }
  tr.first td, tr.first th { color: #ff9a57; } }
"""

SORT = """
document.querySelectorAll("thead th").forEach((head, column) => head.addEventListener("click", () => {
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
    named = textual.index(True) if True in textual else 0

    def cells(row: Sequence[str], *, above: bool = False) -> str:
        texts = []
        for column, text in enumerate(row):
            scope = "col" if above else "row" if column == named else ""
            tag, kind = f'th scope="{scope}"' if scope else "td", ' class="text"' if textual[column] else ""
            texts.append(f"<{tag}{kind}>{escape(text)}</{tag[:2]}>")
        return "".join(texts)

    marks = [' class="first"', *[""] * len(rows)]
    body = "\n".join(f"<tr{mark}>{cells(row)}</tr>" for mark, row in zip(marks, rows, strict=False))
    table = f"<table><thead><tr>{cells(headings, above=True)}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{CSS}</style></head>\n"
        f"<body><h1>{escape(title)}</h1><p>{escape(note)}</p>\n"
        f"{scrolling(table, title)}<script>{SORT}{SCRIPT}</script></body></html>\n"
    )


def _number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True
