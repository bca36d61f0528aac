"""Lines above the heading of a table that are no comments by their sign, and headings and rules of other dialects."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from airybench.data.labelling.headings import is_known

_FIRST = 20
"""Lines in which a heading is looked for."""

_RULE = re.compile(r"[:+]?[-=]{2,}[:+]?|[+][-=+]+")
_SCIENTIFIC = re.compile(r"(?<![\w.])([+-]?)(\d)\.(\d+)[eE]([+-]\d{1,3})(?![\w.])")

Record = tuple[int, list[str]]
"""Index of a line, and its cells."""


def without_exponents(line: str) -> str:
    """A line whose whole numbers are written out, as NumPy's `savetxt` writes them: no digit of theirs is missing.

    Numbers that have lost digits, as those of spreadsheets, stay as they are.

    >>> without_exponents("1.862564000000000000e+06 1.000000000000000000e+00"), without_exponents("1.86E+06")
    ('1862564 1', '1.86E+06')
    """
    return _SCIENTIFIC.sub(_written_out, line)


def _written_out(found: re.Match[str]) -> str:
    sign, first, decimals, exponent = found[1], found[2], found[3], int(found[4])
    if first == "0" and not decimals.strip("0"):
        return "0"
    if not 0 <= exponent <= len(decimals) or decimals[exponent:].strip("0"):
        return found[0]
    return sign.removeprefix("+") + first + decimals[:exponent]


def heading_below(records: Sequence[Record], lines: Sequence[str], separators: Iterable[str]) -> tuple[int, list[str]]:
    """Where the heading is, if titles stand above it, or if it has another separator than the rows.

    Args:
        records: of the table.
        lines: of the file.
        separators: that a heading may have.

    Returns:
        Number of records down to the heading, with it, and its cells; 0 and none where there is no such heading.

    >>> heading_below([(0, ["My labels"]), (1, ["id", "label"]), (2, ["7", "a"])], ["My labels"], ",")
    (2, ['id', 'label'])
    >>> heading_below([(0, ["id,label"]), (1, ["7", "a"]), (2, ["8", "b"])], ["id,label", "7;a", "8;b"], ",;")
    (1, ['id', 'label'])
    """
    usual = Counter(len(cells) for _, cells in records[: 10 * _FIRST]).most_common(1)[0][0]
    if usual < 2:
        return 0, []
    for number, (index, cells) in enumerate(records[:_FIRST], 1):
        if sum(map(bool, cells)) >= usual:
            known = number > 1 and any(map(is_known, cells))
            return (number, cells) if known else (0, [])
        for separator in separators if len(cells) == 1 else ():
            parts = [part.strip().strip("\"'") for part in lines[index].split(separator)]
            if len(parts) == usual and any(map(is_known, parts)):
                return number, parts
    return 0, []


def is_rule(cells: Sequence[str]) -> bool:
    """Whether a row is a line drawn in letters, as below the heading of a table in Markdown.

    >>> is_rule(["---", ":--:"]), is_rule(["-", "7"])
    (True, False)
    """
    return any(cells) and all(_RULE.fullmatch(cell) for cell in cells if cell)
