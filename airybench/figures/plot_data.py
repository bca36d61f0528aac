"""What the figures of a study show, as plain data: one description for the picture and for the page one can turn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEW = 8  # values of an axis that still get a tick each, evenly spaced


@dataclass(frozen=True)
class Axis:
    """One axis of parallel coordinates.

    Attributes:
        name: the parameter.
        places: where each line crosses it, in [0, 1], shape (N,).
        ticks: place and label.
    """

    name: str
    places: NDArray[np.float64]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Heat:
    """Means over a grid of two parameters.

    Attributes:
        title: what the panel is.
        rows: labels, from the top.
        columns: labels.
        means: shape (R, C), NaN where there is no trial.
        counts: trials behind each mean, shape (R, C).
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    means: NDArray[np.float64]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """The objective over depth, of one family with the logarithmic activation on or off.

    Attributes:
        family: architecture.
        on: whether the activation is on.
        depths: rising.
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
        """For the legend."""
        return f"{self.family}, log activation {'on' if self.on else 'off'}"


def axis(name: str, values: Sequence[object], labels: dict[object, str] | None = None) -> Axis:
    """Place values on an axis: few ones or words evenly in order, many numbers by size, in logarithm over decades.

    Args:
        name: the parameter.
        values: numbers, switches or words, one a line.
        labels: words for some of the values, such as `off` for an alpha of 0.
    """
    named = labels or {}
    distinct = sorted(set(values), key=lambda value: (isinstance(value, str), value))

    def label(value: object) -> str:
        return named.get(value) or (f"{value:g}" if type(value) in (int, float) else str(value))

    if len(distinct) <= FEW or isinstance(distinct[0], str):
        steps = max(1, len(distinct) - 1)
        place = {value: index / steps if len(distinct) > 1 else 0.5 for index, value in enumerate(distinct)}
        return Axis(
            name,
            np.array([place[value] for value in values]),
            tuple((place[value], label(value)) for value in distinct),
        )
    numbers = np.array([float(value) for value in values])  # type: ignore[arg-type]
    positive = numbers[numbers > 0]
    logarithmic = len(positive) > 1 and positive.max() / np.quantile(positive, 0.1) >= 30
    if not logarithmic:
        low, high = numbers.min(), numbers.max()
        ticks = np.linspace(low, high, 5)
        return Axis(
            name, (numbers - low) / (high - low), tuple((float((t - low) / (high - low)), f"{t:.3g}") for t in ticks)
        )
    # What is not positive has no logarithm and stands below the rest.
    floor = 0.12 if (numbers <= 0).any() else 0.0
    low, high = math.log10(positive.min()), math.log10(positive.max())

    def placed(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        return floor + (1 - floor) * (logs - low) / (high - low)

    places = np.zeros(len(numbers))
    places[numbers > 0] = placed(np.log10(positive))
    at = np.linspace(low, high, 5)
    ends = [(float(place), f"{10**value:.2g}") for place, value in zip(placed(at), at, strict=True)]
    below = [(0.0, named.get(0.0, "0"))] if floor else []
    return Axis(name, places, tuple([*below, *ends]))
