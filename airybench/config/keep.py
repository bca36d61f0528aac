"""Whose weights a study keeps: those of all its trials, of its best cells, or none."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

KEEP_ALL, KEEP_NONE = "all", "none"

KEEP_DEFAULT = "best 3"
"""Of a new study: enough for the winner, and for a cell that more seeds bring to the top."""

MOST_KEPT = 1_000_000


def parse_keep(value: object) -> object:
    """`all`, `none` or `best N`, from any way of writing it; what is neither text nor a number is returned unchanged.

    Raises:
        ValueError: another text.

    >>> parse_keep("best 3"), parse_keep("best3"), parse_keep(3), parse_keep("None")
    ('best 3', 'best 3', 'best 3', 'none')
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    word = str(value).strip().lower()
    if word in (KEEP_ALL, KEEP_NONE):
        return word
    match = re.fullmatch(r"(?:best[ :_-]*)?([0-9]{1,7})", word)
    if not match or not 1 <= int(match[1]) <= MOST_KEPT:
        raise ValueError(f"found {value!r}; expected all, none, or 'best N' with N from 1, such as 'best 3'")
    return f"best {int(match[1])}"


Keep = Annotated[str, BeforeValidator(parse_keep)]
"""`all`, `none` or `best N`."""


def cells_kept(keep: str) -> float:
    """How many of the best cells keep their weights: none of them, some, or infinitely many.

    >>> cells_kept("best 3"), cells_kept("none"), cells_kept("all")
    (3, 0, inf)
    """
    if keep == KEEP_ALL:
        return math.inf
    return 0 if keep == KEEP_NONE else int(keep.removeprefix("best "))
