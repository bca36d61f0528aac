"""The space of a sweep: the axes along which its cells differ."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from airybench.config.parameters import is_number, parse_value
from airybench.config.study import StudyConfig
from airybench.config.values import Frozen, Number, Value, validated
from airybench.errors import ConfigError


class Range(Frozen):
    """A continuous axis, for samplers other than the grid.

    Attributes:
        low: lowest value.
        high: highest value.
        log: sample uniformly in the logarithm.
    """

    low: Number
    high: Number
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"range {self.low:g}..{self.high:g} is empty, or logarithmic and not above 0")
        return self


def _axis(value: object) -> object:
    if isinstance(value, Mapping):
        return validated(Range, value)  # validated here: the error of the union would only say that it is no list
    return (value,) if isinstance(value, str | int | float) else value


Axis = Annotated[tuple[Value, ...] | Range, BeforeValidator(_axis)]
"""The values that a parameter takes: a list of them or a range; a single value may stand alone."""

Grid = dict[str, Axis]
"""Axes by parameter name; the cells are all their combinations."""


_OF_A_STUDY = {"count", "data_seed", "simulator", "split_seed", "split_version", "split_by",
               "folds", "fold", "every_fold"}  # fmt: skip
"""Parameters that are the same for a whole study."""


def checked_axis(name: str, axis: tuple[Value, ...] | Range) -> tuple[Value, ...] | Range:
    """An axis with its values converted to the type of their parameter.

    Raises:
        ConfigError: an unknown name, a parameter that is the same for a whole study, or an invalid value.
    """
    numeric = is_number(name)
    if name in ("seed", "dataset"):
        raise ConfigError(f"{name} is no axis of a space; use --{name if name == 'dataset' else 'seeds'}")
    if name in _OF_A_STUDY:
        raise ConfigError(f"{name} is no axis of a space: a study has one split; run a study for each value")
    if isinstance(axis, Range) and not numeric:
        raise ConfigError(f"axis {name} is a range, but {name} is not a number; give a list of values")
    if isinstance(axis, tuple) and not axis:
        raise ConfigError(f"axis {name} of the space is empty")
    if isinstance(axis, Range):
        for end in (axis.low, axis.high):
            parse_value(name, end)
        return axis
    if name == "milestones":
        return axis
    return tuple(parse_value(name, value) for value in axis)


def as_axis(name: str, values: tuple[Value | Range, ...]) -> tuple[Value, ...] | Range:
    """The axis that several values of one option make.

    Raises:
        ConfigError: a range together with other values.
    """
    if not any(isinstance(value, Range) for value in values):
        return tuple(value for value in values if not isinstance(value, Range))
    if len(values) > 1 or not isinstance(values[0], Range):
        raise ConfigError(f"{name} was given a range and {len(values) - 1} more; give one range, or only values")
    return values[0]


def parse_value_or_range(name: str, text: object) -> Value | Range:
    """The value of one parameter, or a range of them: `LOW:HIGH` or `LOW:HIGH:log`.

    Raises:
        ConfigError: an unknown name, a value outside the range of the parameter, or an invalid range.

    >>> parse_value_or_range("alpha", "0.05:1:log")
    Range(low=0.05, high=1.0, log=True)
    """
    if not isinstance(text, str) or ":" not in text or name in StudyConfig.model_fields:
        return parse_value(name, text)
    if not is_number(name):
        return parse_value(name, text)
    low, high, *rest = text.split(":")
    if rest not in ([], ["log"]):
        raise ConfigError(f"{name}: found {text!r}; expected LOW:HIGH or LOW:HIGH:log")
    return validated(Range, {"low": parse_value(name, low), "high": parse_value(name, high), "log": bool(rest)})
