"""Tables of a report, as HTML and as Markdown."""

from collections.abc import Sequence
from html import escape


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table that scrolls where it is wider than the page.

    Args:
        heads: of the columns.
        rows: texts.
        caption: below the table; none where it is empty.

    >>> html_table(["a"], [["<"]])
    '<div class="scroll"><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;</td></tr></tbody></table></div>'
    """
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table>{said}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table whose first column is text.

    >>> markdown_table(["a", "b"], [["x", "1"]])
    ['| a | b |', '|---|---:|', '| x | 1 |']
    """
    lines = ["| " + " | ".join(row) + " |" for row in (heads, *rows)]
    return [lines[0], "|---" + "|---:" * (len(heads) - 1) + "|", *lines[1:]]
