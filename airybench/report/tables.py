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


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> list[str]:
    r"""Lines of a table.

    Args:
        heads: of the columns.
        rows: texts.
        words: number of columns at the left that hold words; the others are numbers.

    >>> markdown_table(["a", "b"], [["x", "1"]])
    ['| a | b |', '|---|---:|', '| x | 1 |']
    >>> print(markdown_table(["a", "b"], [["x|y", "1"]])[-1])
    | x\|y | 1 |
    """
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (heads, *rows)]
    return [lines[0], "|---" * words + "|---:" * (len(heads) - words) + "|", *lines[1:]]
