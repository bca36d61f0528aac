"""Settings as they are typed on the command line."""

import shlex
from typing import Any

from airybench.config.space import Range
from airybench.config.values import Value

Axis = tuple[Value, ...] | Range
"""The values of a setting."""


def option(name: str, axis: Axis) -> str:
    """An option as it is typed.

    >>> option("image_size", (32, 64)), option("flips", (False,))
    ('--image-size 32,64', '--no-flips')
    """
    flag = name.replace("_", "-")
    if isinstance(axis, tuple) and all(isinstance(value, bool) for value in axis):
        return " ".join(f"--{flag}" if value else f"--no-{flag}" for value in axis)
    return f"--{flag} {shlex.quote(typed(axis))}"


def typed(axis: Axis) -> str:
    """Values as they are typed."""
    if isinstance(axis, Range):
        return f"{_number(axis.low)}:{_number(axis.high)}{':log' * axis.log}"
    return ",".join(_plain(value) for value in axis)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "none" if value is None else _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """The shortest text that gives the very number back.

    >>> _number(2.0), _number(1e-05), _number(0.123456789)
    ('2', '1e-05', '0.123456789')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
