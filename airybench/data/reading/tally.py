"""What is peculiar about the values of a source, counted while its images are converted."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.invalid_values import largest_of

NEARLY_EVERY = 0.9
"""Share of shots in which a pixel has to hold one value to be suspected of none."""

_MARKS = (32767, 65534, 65535, 2**31 - 1, 2**32 - 1)
"""Largest values of types that detectors write, and -2 of 16 bits, as DECTRIS marks faulty pixels; a wider type may
have taken them over."""

_MOST = 65535
"""The most that a store holds. What stays above it is a mark, or the pixel is broken."""


@dataclass(frozen=True)
class Suspect:
    """A value that sits on the same pixels in nearly every shot, and looks like no count.

    Attributes:
        value: the value.
        pixels: number of such pixels.
        shots: smallest number of shots in which one of them holds it.
        kind: `max`, the largest of the source's type; `negative`, `nan`, `above` what a store holds, or `value` for one
            that detectors write in place of counts.
    """

    value: float | int
    pixels: int
    shots: int
    kind: str


@dataclass
class Tally:
    """Counts over the shots that were converted so far.

    Attributes:
        shots: number of shots.
        clipped_low: pixels that `--clip` raised to 0.
        clipped_high: pixels that `--clip` cut off at 65535.
        clipped_shots: shots with such pixels.
        saturated: good pixels at the largest value of the source's type.
        saturated_shots: shots with such pixels.
        dtype: of the source.
        met: values of `--invalid` that a pixel held.
    """

    shots: int = 0
    clipped_low: int = 0
    clipped_high: int = 0
    clipped_shots: int = 0
    saturated: int = 0
    saturated_shots: int = 0
    dtype: np.dtype[Any] | None = None
    met: set[str] = field(default_factory=set)
    _held: "_Held | None" = field(default=None, repr=False)

    def look(self, image: NDArray[Any], good: NDArray[np.bool_] | None, *, asked: bool, above: bool = True) -> Any:
        """Look at the values of one image as the source has them.

        Args:
            image: shape (H, W).
            good: pixels that are used, same shape; None for all.
            asked: whether values that look like no counts are to be suspected.
            above: whether any above 65535 are; not where they are cut off.

        Returns:
            The largest value of all pixels; NaN where one is, None of a type that holds no numbers.
        """
        self.shots += 1
        self.dtype = image.dtype
        if image.dtype.kind not in "iuf":
            return None
        high = image.max()
        self._look(image, good, _special(image, high, above=asked and above), asked=asked)
        return high

    def _look(
        self, image: NDArray[Any], good: NDArray[np.bool_] | None, special: NDArray[np.bool_] | None, *, asked: bool
    ) -> None:
        if special is None:
            return
        places = np.flatnonzero(special if good is None else special & good)
        values = image.reshape(-1)[places]
        saturated = int((values == largest_of(image.dtype)).sum())
        self.saturated += saturated
        self.saturated_shots += saturated > 0
        if asked and len(places):
            self._held = self._held or _Held.of(image)
            self._held.add(places, values)

    def clipped(self, low: int, high: int) -> None:
        """Note what was cut off from one image, pixels below 0 and above 65535."""
        self.clipped_low += low
        self.clipped_high += high
        self.clipped_shots += low + high > 0

    def add(self, other: "Tally") -> None:
        """Add the counts of shots that come after these."""
        for name in ("shots", "clipped_low", "clipped_high", "clipped_shots", "saturated", "saturated_shots"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dtype = other.dtype or self.dtype
        self.met |= other.met
        if self._held is None:
            self._held = other._held
        elif other._held is not None:
            self._held.merge(other._held)

    def suspects(self) -> list[Suspect]:
        """Values that sit on the same pixels in nearly every shot, the most frequent one first."""
        if self._held is None or self.dtype is None:
            return []
        places = np.flatnonzero(self._held.hits >= NEARLY_EVERY * self.shots)
        values, hits = self._held.values[places], self._held.hits[places]
        found = []
        distinct, counts = np.unique(values, return_counts=True)  # NaN is one value here
        for value, pixels in zip(distinct, counts, strict=True):
            here = np.isnan(values) if value != value else values == value
            kind = "value"
            if value != value:
                kind = "nan"
            elif value < 0:
                kind = "negative"
            elif value == largest_of(self.dtype):
                kind = "max"
            elif value > _MOST and value not in _MARKS:
                kind = "above"
            found.append(Suspect(value.item(), int(pixels), int(hits[here].min()), kind))
        return sorted(found, key=lambda one: -one.pixels)


@dataclass
class _Held:
    """The value that each pixel holds most often, by majority vote, and how often it was seen.

    Attributes:
        values: one a pixel, in the type of the source.
        hits: number of shots with that value since it was adopted.
        balance: the same, less the shots with another suspicious value.
    """

    values: NDArray[Any]
    hits: NDArray[np.int64]
    balance: NDArray[np.int64]

    @classmethod
    def of(cls, image: NDArray[Any]) -> "_Held":
        """Nothing held yet by the pixels of an image."""
        return cls(np.zeros(image.size, image.dtype), np.zeros(image.size, np.int64), np.zeros(image.size, np.int64))

    def add(self, places: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Add the suspicious pixels of one image."""
        self._vote(places, values, np.ones(len(places), np.int64), np.ones(len(places), np.int64))

    def merge(self, other: "_Held") -> None:
        """Add what was held in other shots."""
        places = np.flatnonzero(other.hits)
        self._vote(places, other.values[places], other.hits[places], other.balance[places])

    def _vote(
        self, places: NDArray[np.int64], values: NDArray[Any], hits: NDArray[np.int64], balance: NDArray[np.int64]
    ) -> None:
        held = self.values[places]
        same = (held == values) | ((held != held) & (values != values))
        agree = places[same]
        self.hits[agree] += hits[same]
        self.balance[agree] += balance[same]
        if same.all():
            return
        differ, values, hits, balance = places[~same], values[~same], hits[~same], balance[~same]
        rest = self.balance[differ] - balance
        self.balance[differ] = np.abs(rest)
        adopt = rest < 0
        self.values[differ[adopt]] = values[adopt]
        self.hits[differ[adopt]] = hits[adopt]


@lru_cache
def _suspected(dtype: np.dtype[Any]) -> frozenset[Any]:
    """Values of a type that look like no counts."""
    held = {value for value in _MARKS if dtype.kind == "f" or value <= np.iinfo(dtype).max}
    return frozenset({*held, largest_of(dtype)})


def _special(image: NDArray[Any], high: Any, *, above: bool) -> NDArray[np.bool_] | None:
    """Which values of an image with a largest one look like no counts; None when none do."""
    kind, low = image.dtype.kind, image.min() if image.dtype.kind in "if" else 0
    suspected = _suspected(image.dtype)
    if not (low < 0 or high >= min(suspected) or low != low):  # a NaN is both the lowest and the highest
        return None
    special = image < 0 if kind in "if" else np.zeros(image.shape, bool)
    if kind == "f":
        special |= ~np.isfinite(image)
    for value in suspected:
        if high >= value or high != high:
            special |= image == image.dtype.type(value)
    if above and not high <= _MOST:  # so for NaN as well
        special |= image > _MOST
    return special
