"""From the pixels of a source to the counts of a store: rule, mask and binning of a block of images."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.binning import CountsError, binned_shape, binning_factor
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.shot_source import Block
from airybench.errors import DataError

RawImage = tuple[str, NDArray[Any], NDArray[np.bool_] | None]
"""What messages call an image, its values (H, W), and its good pixels (H, W) or None for all."""


@dataclass(frozen=True)
class Conversion:
    """How images of one shape become counts.

    Attributes:
        detector_shape: (H, W) in the source, pixels.
        rule: how values become counts.
        factor: width of the blocks to average, pixels.
    """

    detector_shape: tuple[int, int]
    rule: CountsRule
    factor: int

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

    def block(self, path: Path, images: Iterable[RawImage], count: int, *, masked: bool) -> Block:
        """Convert some images.

        Args:
            path: their file, for messages.
            images: n of them.
            count: n.
            masked: whether each shot has a mask of its own.

        Raises:
            DataError: naming the image that holds what is not a plain count, or that cannot be read.
        """
        counts = np.empty((count, *self.image_shape), np.uint16)
        good = np.ones(counts.shape, bool) if masked else None
        for row, (name, values, believed) in enumerate(images):
            try:
                counts[row], kept = self.rule.counts(values, believed, self.factor)
            except CountsError as error:
                raise DataError(f"{path}: {name}: {error}") from error
            if good is not None and kept is not None:
                good[row] = kept
        return Block(counts, good)


@contextmanager
def readable(path: Path, name: str) -> Iterator[None]:
    """Name what HDF5 cannot read or decode.

    Args:
        path: the file.
        name: what is read from it.

    Raises:
        DataError: in place of the error of the library.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        why = str(error).split("\n")[0]
        raise DataError(f"{path}: {name} cannot be read ({why})", "get a whole copy") from error
