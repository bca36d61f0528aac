"""The rule by which values of a source become counts. Nothing is cast silently, and the rule is recorded."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.binning import FULL, plain_counts
from airybench.data.reading.invalid_values import InvalidValues, largest_of
from airybench.data.reading.tally import Tally
from airybench.errors import ConfigError, unknown


@dataclass(frozen=True)
class CountsRule:
    """How values become counts, in this order. By default only whole numbers from 0 to 65535 are accepted.

    Attributes:
        nan_mask: values that are not finite become 0 and are masked.
        invalid: further values that become 0 and are masked.
        counts_per_photon: values are divided by it and rounded half to even; 0 for no division.
        clip: below 0 becomes 0, above 65535 becomes 65535.
    """

    nan_mask: bool = False
    invalid: InvalidValues = field(default_factory=InvalidValues)
    counts_per_photon: float = 0.0
    clip: bool = False

    @classmethod
    def from_options(
        cls, counts_per_photon: float | None, *, clip: bool, nan: str | None, invalid: Iterable[str] = ()
    ) -> Self:
        """The rule that options of the command line name.

        Args:
            counts_per_photon: `--counts-per-photon`.
            clip: `--clip`.
            nan: `--nan`.
            invalid: `--invalid`, each time it was given.

        Raises:
            ConfigError: an option has an impossible value.
        """
        if counts_per_photon is not None and not (math.isfinite(counts_per_photon) and counts_per_photon > 0):
            raise ConfigError(f"--counts-per-photon is {counts_per_photon:g}, expected a number above 0")
        if nan not in (None, "mask"):
            raise unknown("--nan", nan, ("mask",))
        return cls(
            nan_mask=nan == "mask",
            invalid=InvalidValues.of(invalid),
            counts_per_photon=counts_per_photon or 0.0,
            clip=clip,
        )

    @property
    def masks(self) -> bool:
        """Whether values of an image mask its pixels, so that each shot may have a mask of its own."""
        return bool(self.masked)

    @property
    def masked(self) -> InvalidValues:
        """All values that are masked."""
        return replace(self.invalid, nan=True) if self.nan_mask else self.invalid

    def with_more(self, other: Self) -> Self:
        """The rule with what another one says besides; its own counts per photon come first."""
        return replace(
            self,
            nan_mask=self.nan_mask or other.nan_mask,
            invalid=self.invalid.with_more(other.invalid),
            counts_per_photon=self.counts_per_photon or other.counts_per_photon,
            clip=self.clip or other.clip,
        )

    def good(self, image: NDArray[Any], good: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Pixels that are used, shape (H, W); None for all.

        Args:
            image: as in the source, shape (H, W).
            good: pixels that the mask of the source calls good, same shape; None without a mask.
        """
        valid = self.masked.valid(image) if self.masks else None
        return good if valid is None else valid if good is None else good & valid

    def counts(
        self, image: NDArray[Any], good: NDArray[np.bool_] | None, tally: Tally, *, masked: bool = False
    ) -> NDArray[np.uint16]:
        """Counts of one image, before any binning.

        Args:
            image: as in the source, shape (H, W), any real dtype.
            good: pixels that are used, same shape; None for all. The others become 0.
            tally: takes note of what is cut off.
            masked: the source says by a mask what is a gap, so that a good pixel at the largest value of its type is an
                overflow, 65535.

        Returns:
            uint16, shape (H, W).

        Raises:
            CountsError: a value is not a plain count, even after the rule.
        """
        over = _overflow(image) if masked else None
        if over is not None:
            image = np.where(over, image.dtype.type(0), image)
        if good is not None:
            image = image * good if image.dtype.kind in "iu" else np.where(good, image, image.dtype.type(0))
        counts = plain_counts(self._clipped(self._divided(image), tally))
        if over is not None:
            counts = np.where(over if good is None else over & good, np.uint16(FULL), counts)
        return counts

    def _divided(self, image: NDArray[Any]) -> NDArray[Any]:
        """Counts per photon divided out."""
        if not self.counts_per_photon or image.dtype.kind not in "iuf":
            return image
        return np.rint(image.astype(np.float64) / self.counts_per_photon)

    def _clipped(self, image: NDArray[Any], tally: Tally) -> NDArray[Any]:
        """Values cut off at 0 and 65535; NaN stays, and is refused later."""
        if not self.clip or image.dtype.kind not in "iuf":
            return image
        low, high = image.min(initial=0) < 0, image.max(initial=0) > FULL
        if image.dtype.kind != "f" and not low and not high:
            return image
        tally.clipped(int((image < 0).sum()), int((image > FULL).sum()))
        if image.dtype.kind == "f":
            return np.asarray(np.clip(image, 0, FULL))
        if image.dtype.kind == "u":
            return np.asarray(np.minimum(image, np.uint64(FULL)))
        return np.asarray(np.clip(image.astype(np.int64), 0, FULL))

    def words(self, factor: int, mask: str = "") -> str:
        """The rule in one line, as stores record it.

        Args:
            factor: width of the blocks, pixels.
            mask: convention of the mask; empty without one.

        >>> CountsRule(counts_per_photon=7.5, clip=True).words(1)
        'divided by 7.5 counts per photon, rounded half to even; clipped to 0..65535'
        """
        parts = []
        if mask:
            parts.append(f"mask read by the convention {mask}, masked pixels 0")
        if self.masks:
            parts.append(self.masked.words())
        if self.counts_per_photon:
            parts.append(f"divided by {self.counts_per_photon:g} counts per photon, rounded half to even")
        if self.clip:
            parts.append(f"clipped to 0..{FULL}")
        parts = parts or [f"counts as in the source, whole numbers from 0 to {FULL}"]
        if factor > 1:
            good = "the good pixels of " if mask or self.masks else ""
            parts.append(
                f"means over {good}{factor} x {factor} blocks, fewer pixels at the last row and column, rounded half "
                f"to even"
            )
        return "; ".join(parts)


def _overflow(image: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Pixels at the largest value of their type, where that is 65535 or more; None when there are none."""
    if image.dtype.kind not in "iu" or np.iinfo(image.dtype).max < FULL or image.max() != largest_of(image.dtype):
        return None
    return np.asarray(image == largest_of(image.dtype))
