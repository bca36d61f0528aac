"""Values that mark pixels without a measurement: gaps between modules, lost packets, switched-off pixels."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from airybench.errors import ConfigError

MAX, NEGATIVE, NONE, NAN = "max", "negative", "none", "nan"


@dataclass(frozen=True)
class InvalidValues:
    """Which values of a source are no counts. These pixels become 0 and are masked.

    Attributes:
        values: such values.
        largest: the largest value of the source's type is one.
        negative: every value below 0 is one.
        nan: NaN and infinity are.
        counts: whatever else sits on the same pixels in every shot are counts, and not to be asked about.
    """

    values: tuple[int | float, ...] = ()
    largest: bool = False
    negative: bool = False
    nan: bool = False
    counts: bool = False

    @classmethod
    def of(cls, words: Iterable[str]) -> Self:
        """What `--invalid` says, several times or in one list.

        Args:
            words: numbers, decimal or 0x..., and the words `max`, `negative`, `nan`, `none`.

        Raises:
            ConfigError: another word.

        >>> InvalidValues.of(["0xffff,-1", "max"])
        InvalidValues(values=(65535, -1), largest=True, negative=False, nan=False, counts=False)
        """
        each = [part.strip().lower() for word in words for part in str(word).split(",")]
        values = [_number(part) for part in each if part not in (MAX, NEGATIVE, NONE)]
        return cls(
            values=tuple(dict.fromkeys(value for value in values if math.isfinite(value))),
            largest=MAX in each,
            negative=NEGATIVE in each,
            nan=any(not math.isfinite(value) for value in values),
            counts=NONE in each,
        )

    def __bool__(self) -> bool:
        """Whether any value is masked.

        >>> bool(InvalidValues()), bool(InvalidValues(counts=True)), bool(InvalidValues((-1,)))
        (False, False, True)
        """
        return bool(self.values) or self.largest or self.negative or self.nan

    def with_more(self, other: Self) -> Self:
        """These and others.

        >>> InvalidValues((-1,)).with_more(InvalidValues((-1, 7), largest=True))
        InvalidValues(values=(-1, 7), largest=True, negative=False, nan=False, counts=False)
        """
        flags = {one.name: getattr(self, one.name) or getattr(other, one.name) for one in fields(self)[1:]}
        return replace(self, values=tuple(dict.fromkeys((*self.values, *other.values))), **flags)

    def valid(self, image: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Which pixels hold a measurement, same shape as the image; None when all do."""
        tests = [valid for _, valid in self._tests(image)]
        return np.logical_and.reduce(tests) if tests else None

    def met(self, image: NDArray[Any]) -> set[str]:
        """Those of `asked` that any pixel of an image holds."""
        return {word for word, valid in self._tests(image) if not valid.all()}

    @property
    def asked(self) -> set[str]:
        """What is masked, as `--invalid` takes it.

        >>> sorted(InvalidValues.of(["-1", "max"]).asked)
        ['-1', 'max']
        """
        flags = ((MAX, self.largest), (NEGATIVE, self.negative), (NAN, self.nan))
        return {f"{value:.12g}" for value in self.values} | {word for word, given in flags if given}

    def _tests(self, image: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Each of `asked` that an image of this type may hold, with the pixels that do not."""
        whole = image.dtype.kind in "iu"
        for value in self.values if image.dtype.kind in "iuf" else ():
            if whole and not (value == int(value) and _holds(image.dtype, int(value))):
                continue  # no value of this type
            yield f"{value:.12g}", image != image.dtype.type(value)
        if self.largest and image.dtype.kind in "iuf":
            yield MAX, image != largest_of(image.dtype)
        if self.negative and image.dtype.kind in "if":
            yield NEGATIVE, ~(image < 0)  # NaN is not negative
        if self.nan and image.dtype.kind == "f":
            yield NAN, np.isfinite(image)

    def words(self) -> str:
        """The values in words, as stores record them.

        >>> InvalidValues((-1, 65535), largest=True, nan=True).words()
        '-1, 65535, the largest of the type and NaN and infinity masked and 0'
        """
        parts = [f"{value:.12g}" for value in self.values]
        parts += ["the largest of the type"] * self.largest + ["all below 0"] * self.negative
        parts += ["NaN and infinity"] * self.nan
        listed = ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + "".join(parts[-1:])
        return f"{listed} masked and 0" if parts else ""


def largest_of(dtype: np.dtype[Any]) -> Any:
    """The largest number of a type.

    >>> int(largest_of(np.dtype("u2"))), int(largest_of(np.dtype(">i2")))
    (65535, 32767)
    """
    return dtype.type(np.finfo(dtype).max if dtype.kind == "f" else np.iinfo(dtype).max)


def _holds(dtype: np.dtype[Any], value: int) -> bool:
    """Whether a type of whole numbers has a value."""
    return bool(np.iinfo(dtype).min <= value <= np.iinfo(dtype).max)


def _number(text: str) -> int | float:
    """A number as people write it."""
    for read in (lambda: int(text, 0), lambda: int(text), lambda: float(text)):
        try:
            return read()
        except ValueError:
            continue
    raise ConfigError(f"--invalid {text!r}, expected a number, {MAX}, {NEGATIVE}, {NAN} or {NONE}")
