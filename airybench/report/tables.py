"""Tables of a report, as HTML and as Markdown."""

from collections.abc import Sequence
from html import escape

from airybench.figures.scrolling import scrolling


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table that scrolls where it is wider than the page, and says so; the first cell of a row is its heading.

    Args:
        heads: of the columns.
        rows: texts.
        caption: below the table; none where it is empty.

    >>> html_table(["a", "b"], [["<", "1"]]).partition("<tbody>")[2]
    '<tr><th scope="row">&lt;</th><td>1</td></tr></tbody></table></div>'
    """
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(text)}</td>" for text in others) + "</tr>"
        for name, *others in rows
    )
    table = f"<table>{said}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return scrolling(table, caption or f"Table: {', '.join(heads)}")


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
