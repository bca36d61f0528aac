"""What the figures of a study show, as plain data: one description for pictures and interactive pages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEW = 8  # distinct values of an axis that still get a tick each, evenly spaced
TICKS = 5  # on an axis of many numbers
WIDE = 30.0  # largest over small numbers, from which an axis is logarithmic
BELOW = 0.12  # room below a logarithmic axis, for what has no logarithm

Ends = tuple[float, float] | None
"""Where an axis ends; None where that follows from what is drawn."""


@dataclass(frozen=True)
class Axis:
    """One axis of parallel coordinates.

    Attributes:
        name: the parameter.
        places: where each line crosses the axis, in [0, 1], shape (N,).
        ticks: place and label of each.
    """

    name: str
    places: NDArray[np.float64]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Heat:
    """Means over a grid of two parameters.

    Attributes:
        title: heading of the panel.
        rows: labels, from the top.
        columns: labels.
        means: shape (R, C), NaN where there is no trial.
        counts: number of trials in each mean, shape (R, C).
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    means: NDArray[np.float64]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """The objective over depth, for one family with the logarithmic activation on or off.

    Attributes:
        family: architecture.
        on: whether the activation is on.
        depths: in rising order.
        means: mean over the trials of each depth.
        trials: (depth, value) of every trial.
    """

    family: str
    on: bool
    depths: tuple[int, ...]
    means: tuple[float, ...]
    trials: tuple[tuple[int, float], ...]

    @property
    def label(self) -> str:
        """Text of the legend."""
        return f"{self.family}, log activation {'on' if self.on else 'off'}"


def axis(name: str, values: Sequence[object], labels: dict[object, str] | None = None) -> Axis:
    """Place values on an axis.

    Words and few distinct numbers stand evenly in their order; many numbers stand by their size, on a logarithmic axis
    where they span decades.

    Args:
        name: the parameter.
        values: numbers, switches or words, one per line.
        labels: words for some of the values, such as `off` for an alpha of 0.

    >>> axis("alpha", [0.5, 0.0, 0.1], {0.0: "off"}).ticks
    ((0.0, 'off'), (0.5, '0.1'), (1.0, '0.5'))
    """
    named = labels or {}
    distinct = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if len(distinct) <= FEW or isinstance(distinct[0], str):
        steps = max(1, len(distinct) - 1)
        place = {value: index / steps if len(distinct) > 1 else 0.5 for index, value in enumerate(distinct)}
        ticks = tuple((place[value], named.get(value) or _label(value)) for value in distinct)
        return Axis(name, np.array([place[value] for value in values]), ticks)
    numbers = np.array([float(value) for value in values])  # type: ignore[arg-type]
    positive = numbers[numbers > 0]
    decades = len(positive) > 1 and positive.max() / np.quantile(positive, 0.1) >= WIDE
    return _logarithmic(name, numbers, named.get(0.0, "0")) if decades else _linear(name, numbers)


def _label(value: object) -> str:
    return f"{value:g}" if type(value) in (int, float) else str(value)


def _linear(name: str, numbers: NDArray[np.float64]) -> Axis:
    low, high = numbers.min(), numbers.max()
    ticks = tuple((float((tick - low) / (high - low)), f"{tick:.3g}") for tick in np.linspace(low, high, TICKS))
    return Axis(name, (numbers - low) / (high - low), ticks)


def _logarithmic(name: str, numbers: NDArray[np.float64], zero: str) -> Axis:
    """Numbers that are not positive have no logarithm: they stand at 0, below the rest."""
    floor = BELOW if (numbers <= 0).any() else 0.0
    logs = np.log10(np.maximum(numbers, numbers[numbers > 0].min()))
    low, high = float(logs.min()), float(logs.max())

    def placed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return floor + (1 - floor) * (values - low) / (high - low)

    marks = np.linspace(low, high, TICKS)
    ticks = [(float(place), f"{10**mark:.2g}") for place, mark in zip(placed(marks), marks, strict=True)]
    below = [(0.0, zero)] if floor else []
    return Axis(name, np.where(numbers > 0, placed(logs), 0.0), tuple([*below, *ticks]))
