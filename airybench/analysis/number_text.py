"""Scores and differences with their intervals as text: the one place that rounds them.

A value and its interval are rounded alike, so that a value lies in its interval at the digits shown.
"""

import math

DIGITS = 3
"""Decimals of scores, where nothing else is said."""

MARK = " †"
"""Behind the interval of a class that has few positive shots; `analysis.notes.few_positives` is its footnote."""


def score_text(value: float, sign: str = "", digits: int = DIGITS) -> str:
    """A score as tables show it; empty where it is undefined.

    Args:
        value: the score, or a difference of scores.
        sign: `+` for differences, whose sign is always shown.
        digits: decimals.

    >>> score_text(0.61234), score_text(0.05, "+"), score_text(math.nan)
    ('0.612', '+0.050', '')
    """
    return "" if math.isnan(value) else f"{value:{sign}.{digits}f}"


def interval_text(low: float, high: float, sign: str = "", digits: int = DIGITS) -> str:
    """An interval as tables show it; empty where there is none. Arguments are as those of `score_text`.

    >>> interval_text(0.536, 0.663)
    '0.536 .. 0.663'
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{score_text(low, sign, digits)} .. {score_text(high, sign, digits)}"


def with_interval(value: float, low: float, high: float, sign: str = "", digits: int = DIGITS) -> str:
    """A value with its interval in brackets, where it has one. Arguments are as those of `score_text`.

    >>> with_interval(0.62, 0.5371, 0.667), with_interval(-0.1, -0.2, 0.1, "+", 2), with_interval(0.5, math.nan, 1)
    ('0.620 [0.537 .. 0.667]', '-0.10 [-0.20 .. +0.10]', '0.500')
    """
    ends = interval_text(low, high, sign, digits)
    return score_text(value, sign, digits) + (f" [{ends}]" if ends else "")
