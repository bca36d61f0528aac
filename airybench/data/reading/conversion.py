"""From the pixels of a source to the counts of a store: rule, mask and binning of a block of images."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.place import reading
from airybench.data.reading.binning import CountsError, binned_shape, binning_factor, block_means, block_pixels
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.shot_source import Block, ShotReader
from airybench.data.reading.tally import Tally
from airybench.errors import DataError, MissingOptionError

RawImage = tuple[str, NDArray[Any], NDArray[np.bool_] | None]
"""What messages call an image, its values (H, W), and its good pixels (H, W) or None for all."""


@dataclass(frozen=True)
class Conversion:
    """How images of one shape become counts.

    Attributes:
        detector_shape: (H, W) in the source, pixels.
        rule: how values become counts.
        factor: width of the blocks to average, pixels.
        good: pixels that are good in every shot besides any mask of the source, bool, shape (H, W); None for all.
        survey: look only: nothing is refused, what is no count is cut off.
    """

    detector_shape: tuple[int, int]
    rule: CountsRule
    factor: int
    good: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)
    survey: bool = False

    @classmethod
    def of(cls, detector_shape: tuple[int, int], rule: CountsRule, factor: int | None) -> "Conversion":
        """A conversion; by default it bins images to at most 259 px.

        >>> Conversion.of((1035, 1035), CountsRule(), None).image_shape
        (259, 259)
        """
        return cls(detector_shape, rule, factor or binning_factor(detector_shape))

    @property
    def image_shape(self) -> tuple[int, int]:
        """(H, W) of the counts, pixels."""
        return binned_shape(self.detector_shape, self.factor)

    @property
    def masks(self) -> bool:
        """Whether pixels are masked for other reasons than a mask of the source."""
        return self.rule.masks or self.good is not None

    def block(self, path: Path, images: Iterable[RawImage], count: int, *, masked: bool) -> Block:
        """Convert some images.

        Args:
            path: their file, for messages.
            images: n of them.
            count: n.
            masked: whether each shot has a mask of its own in the source.

        Raises:
            DataError: naming the image that holds what is not a plain count, or that cannot be read.
        """
        counts = np.empty((count, *self.image_shape), np.uint16)
        kept = np.ones(counts.shape, bool) if masked or self.masks or self.survey else None
        tally, pixels = Tally(), _BlockPixels(self.detector_shape, self.factor)
        invalid = self.rule.invalid
        for row, (name, values, believed) in enumerate(images):
            if tally.met < invalid.asked:
                tally.met |= invalid.met(values)
            good = self._good(values, believed)
            highest = tally.look(values, good, asked=not invalid.counts, above=not self.rule.clip)
            try:
                whole = self._rule.counts(*self._seen(values, good), tally, masked=believed is not None)
            except CountsError as error:
                raise _refusal(f"{path}: {name}", error) from error
            counts[row] = block_means(whole, pixels.of(good), self.factor, int(highest) if whole is values else None)
            if kept is not None and good is not None:
                kept[row] = pixels.of(good) > 0
        return Block(counts, kept, tally)

    @property
    def _rule(self) -> CountsRule:
        """The rule, which cuts off and rounds whatever it finds when it is only looked at."""
        if not self.survey:
            return self.rule
        return replace(self.rule, clip=True, counts_per_photon=self.rule.counts_per_photon or 1.0)

    def _good(self, values: NDArray[Any], believed: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Pixels of one image that are used."""
        if self.good is not None:
            believed = self.good if believed is None else believed & self.good
        return self.rule.good(values, believed)

    def _seen(
        self, values: NDArray[Any], good: NDArray[np.bool_] | None
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Values and good pixels for the rule; NaN is left out where the image is only looked at."""
        if not self.survey or values.dtype.kind != "f":
            return values, good
        finite = np.isfinite(values)
        return values, finite if good is None else good & finite


def _refusal(where: str, error: CountsError) -> DataError:
    if not error.option:
        return DataError(f"{where}: {error}")
    return MissingOptionError(f"{where}: {error.found}", error.option, error.remedy)


class _BlockPixels:
    """Good pixels of each block, counted once for images that share a mask.

    Args:
        shape: (H, W), pixels.
        factor: width of a block, pixels.
    """

    def __init__(self, shape: tuple[int, int], factor: int) -> None:
        self._shape, self._factor = shape, factor
        self._good: NDArray[np.bool_] | None = None
        self._pixels: NDArray[np.uint16 | np.uint32] | None = None

    def of(self, good: NDArray[np.bool_] | None) -> NDArray[np.uint16 | np.uint32]:
        """Good pixels of each block."""
        if self._pixels is None or good is not self._good:
            self._good, self._pixels = good, block_pixels(self._shape, good, self._factor)
        return self._pixels


def with_conversion(reader: ShotReader, change: Callable[[Conversion], Conversion]) -> ShotReader:
    """A reader that converts in another way; those that read by another one are looked into.

    Args:
        reader: of a source that is no store.
        change: makes the other conversion.
    """
    inner: Any = reader
    if hasattr(inner, "conversion"):
        inner = replace(inner, conversion=change(inner.conversion))
    else:
        inner = replace(inner, reader=with_conversion(inner.reader, change))
    return cast(ShotReader, inner)


@contextmanager
def readable(path: Path, name: str) -> Iterator[None]:
    """Name what HDF5 cannot read or decode.

    Args:
        path: the file.
        name: what is read from it.

    Raises:
        DataError: in place of the error of the library.
    """
    reading(f"{path}: {name}")
    try:
        yield
    except (OSError, RuntimeError) as error:
        why = str(error).split("\n")[0]
        raise DataError(f"{path}: {name} cannot be read ({why})", "get a whole copy") from error
