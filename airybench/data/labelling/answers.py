"""What people write into the columns of a table with a column for each class: yes or no."""

import re

_POSITIVE, _NEGATIVE = "1 true t yes y x + ✓ ✔ ja oui si", "0 false f no n nein non"

YES = frozenset(_POSITIVE.split())
"""Without case; numbers equal to 1 as well."""

NO = frozenset(_NEGATIVE.split())
"""Without case; numbers equal to 0 as well."""

_ONE, _ZERO = re.compile(r"\+?1([.,]0*)?"), re.compile(r"[+-]?0([.,]0*)?")


def answer(cell: str) -> bool | None:
    """Whether a cell says yes or no; None where it says neither, as an empty one.

    >>> answer("True"), answer("0.0"), answer("x"), answer("1,0"), answer(""), answer("2")
    (True, False, True, True, None, None)
    """
    word = cell.casefold()
    if word in YES or _ONE.fullmatch(word):
        return True
    return False if word in NO or _ZERO.fullmatch(word) else None
