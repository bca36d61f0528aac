"""Pixels that are at fault in most shots: dead, stuck at one value, hot, noisy, or dim.

Two things must hold. The counts of a pixel over many shots differ from those of its neighbourhood by more than any live
pixel would show, and the pixel is isolated: alone, in a small group, or in a thin line. The edge of a beam stop, a
ring, the edge of a module or a speckle has neighbours like it and is left alone; a larger region without counts is a
gap, a beam stop or a dead part, and named as such.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from airybench.data.store.constant_pixels import constant_pixels
from airybench.data.store.isolated_pixels import EIGHT, bright_lines, peaks

KINDS = ("dead", "stuck", "hot", "noisy", "dim")
"""Kinds of bad pixels; in a map of them, 1 is the first, and 0 a pixel without fault."""

FEWEST = 16
"""Different shots that are needed to judge a pixel."""

MOST_SHOTS = 256
"""Shots that are looked at."""

MOSTLY_GOOD = 0.9
"""Share of the shots in which a pixel has to be good to be looked at."""

RULE = (
    "dead or stuck: one value in 95 % of the shots where no live pixel would, in groups of at most 32 or lines at most "
    "2 px wide; hot, noisy and dim: quartiles or their distance above twice those around + 5 (dim: below), groups of "
    "at most 9 or lines 1 px wide"
)
"""The rule in words, as stores record it."""

_RATIO, _ABOVE, _BELOW = float(np.log(2)), 5.0, 2.0
_STRIP = 2 << 20  # values of all shots that are sorted together: what a cache holds
_TOGETHER = 16  # images whose values are brought side by side at a time
_DEAD, _STUCK, _HOT, _NOISY, _DIM = range(1, 6)


@dataclass(frozen=True)
class BadPixels:
    """What was found.

    Attributes:
        kinds: number of the kind of each pixel, from 1, as in KINDS; 0 without fault, uint8, shape (H, W).
        median: counts over the shots, shape (H, W).
        known: pixels that were looked at, bool, shape (H, W).
        shots: different shots that were looked at; below FEWEST nothing is found.
        regions: pixels of larger regions that hold one value, which are no fault of pixels, bool, shape (H, W).
    """

    kinds: NDArray[np.uint8]
    median: NDArray[np.float32]
    known: NDArray[np.bool_]
    shots: int
    regions: NDArray[np.bool_]

    @property
    def region_count(self) -> int:
        """Number of the larger regions."""
        return int(ndimage.label(self.regions, EIGHT)[1])

    @property
    def about_regions(self) -> str:
        """The larger regions in words, with what to type; empty without any."""
        number = self.region_count
        if not number:
            return ""
        size, one = np.count_nonzero(self.regions), number == 1
        which = f"a larger region of {size} pixels holds" if one else f"{number} larger regions, {size} pixels, hold"
        what = "a gap, a beam stop or a dead part" if one else "gaps, a beam stop or dead parts"
        return f"{which} one value in nearly every shot: {what}? --mask FILE:KEY masks {'it' if one else 'them'}"

    @property
    def judged(self) -> bool:
        """Whether there were shots enough."""
        return self.shots >= FEWEST

    @property
    def count(self) -> int:
        """Number of bad pixels."""
        return int(np.count_nonzero(self.kinds))

    @property
    def counts(self) -> dict[str, int]:
        """Number of bad pixels of each kind."""
        return {kind: int((self.kinds == number).sum()) for number, kind in enumerate(KINDS, 1)}

    def __str__(self) -> str:
        """The numbers in words.

        >>> kinds = np.array([[3, 0], [1, 3]], np.uint8)
        >>> str(BadPixels(kinds, np.zeros((2, 2), np.float32), kinds == 0, 20, kinds > 9))
        '3 pixels look bad in 20 shots (1 dead, 2 hot)'
        """
        if not self.judged:
            return f"{self.shots} different shots are too few to find bad pixels, {FEWEST} are needed"
        found = ", ".join(f"{number} {kind}" for kind, number in self.counts.items() if number)
        one = self.count == 1
        return f"{self.count} pixel{'' if one else 's'} look{'s' if one else ''} bad in {self.shots} shots" + (
            f" ({found})" if found else ""
        )


def sampled_rows(count: int, most: int = MOST_SHOTS) -> NDArray[np.int64]:
    """Rows of the shots to look at, spread evenly over all, shape (n,) with n <= most.

    >>> sampled_rows(5, 3)
    array([0, 2, 4])
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def find_bad_pixels(images: NDArray[np.uint16], good: NDArray[np.bool_] | None = None) -> BadPixels:
    """Find dead, stuck, hot, noisy and dim pixels.

    Equal images count once and constant ones not at all. A pixel with one value in 95 % of the shots, or in all, is
    dead (0) or stuck if the chance of that is below 1e-6 for a live pixel with at least half the rate of those around
    it, and below 0.01 for all pixels of the detector together. In each shot that chance is taken from the pixels around
    it, the darker half of them: the square root of the share that hold the value. Such pixels are alone, in groups of
    at most 32 or in lines at most two pixels wide; larger groups are regions: a gap, a beam stop, a dead part.

    A pixel is hot if its median or its upper quartile, noisy if its interquartile range is above 2 times that of every
    pixel around it, plus 5; dim if the median or upper quartile of every pixel around it is above 2 times its own, plus
    2. Such pixels are alone, in groups of at most nine or in lines one pixel wide. As few shots leave open which share
    of them a quantile stands for, the ranks that are compared are 1 / sqrt(n) apart to either side: the median of a hot
    pixel is its quantile 1/2 - 1 / sqrt(n), that of a pixel around it 1/2 + 1 / sqrt(n).

    Cost: n sorted values for each pixel, about 1 s for 256 shots of 1024 x 1024 pixels; besides the images, some 45
    bytes for each pixel.

    Args:
        images: counts, uint16, shape (n, H, W).
        good: pixels to look at, bool, shape (H, W); None for all. Others are neighbours of none.

    Source: the medians over shots and the comparison with the neighbourhood follow the hot-pixel masks of Cheetah
    (Barty et al., J. Appl. Cryst. 47, 1118 (2014)), which calls hot what is above a limit in most of the latest shots.
    """
    shape = images.shape[1:]
    known = np.ones(shape, bool) if good is None else good.astype(bool)
    kept = _different(images, known)
    if len(kept) < FEWEST:
        none = np.zeros(shape, bool)
        return BadPixels(none.astype(np.uint8), np.zeros(shape, np.float32), known, len(kept), none)
    quantiles, same = _statistics(images, kept)
    kinds = np.zeros(shape, np.uint8)
    for number, values, others in _comparisons(quantiles):
        kinds[peaks(values, others, known, _RATIO)] = number
        kinds[bright_lines(values, others, known, _RATIO)] = number
        kinds.T[bright_lines(values.T, others.T, known.T, _RATIO)] = number
    median = quantiles["median"]
    del quantiles, values, others
    fault, regions = constant_pixels(images, kept, median, same, known)
    kinds[regions] = 0
    kinds[fault & (median == 0)] = _DEAD
    kinds[fault & (median > 0)] = _STUCK
    return BadPixels(kinds, median.astype(np.float32), known, len(kept), regions)


def _comparisons(
    quantiles: dict[str, NDArray[np.uint16]],
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
    """Kinds with what of a pixel is compared with what of its neighbours; the later kind holds where several do."""
    for one in "upper", "median":
        yield _DIM, -_scaled(quantiles[f"{one} high"], _BELOW), -_scaled(quantiles[f"{one} low"], _BELOW)
    spread, widest = (
        quantiles[high] - quantiles[low] for high, low in (("upper", "lower"), ("upper high", "lower low"))
    )
    yield _NOISY, _scaled(spread), _scaled(widest)
    for one in "upper", "median":
        yield _HOT, _scaled(quantiles[f"{one} low"]), _scaled(quantiles[f"{one} high"])


def _scaled(counts: NDArray[np.uint16], above: float = _ABOVE) -> NDArray[np.float32]:
    """Logarithm of counts + 5: a difference of log 2 is one of a factor of 2 plus 5 counts."""
    scaled = counts + np.float32(above)
    return np.asarray(np.log(scaled, out=scaled))


def _different(images: NDArray[np.uint16], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of shots that are neither constant nor equal to an earlier one."""
    seen, rows, whole = set[int](), [], bool(known.all())
    for row, image in enumerate(images):
        values = image if whole else image[known]
        key = hash(values.tobytes())
        if values.size and values.min() < values.max() and key not in seen:
            seen.add(key)
            rows.append(row)
    return np.array(rows, np.int64)


def _statistics(
    images: NDArray[np.uint16], rows: NDArray[np.int64]
) -> tuple[dict[str, NDArray[np.uint16]], NDArray[np.uint16]]:
    """Quantiles by name, and number of the shots at the median, of each pixel, shape (H, W)."""
    height, width = images.shape[1:]
    count, unsure = len(rows), 1 / np.sqrt(len(rows))
    shares = {
        "lower low": 0.25 - unsure, "lower": 0.25, "median low": 0.5 - unsure, "median": 0.5,
        "median high": 0.5 + unsure, "upper low": 0.75 - unsure, "upper": 0.75, "upper high": 0.75 + unsure,
    }  # fmt: skip
    ranks = [min(count - 1, max(0, int(count * share))) for share in shares.values()]
    found = np.empty((len(ranks) + 1, height * width), np.uint16)
    step = max(1, _STRIP // (count * width))
    for top in range(0, height, step):
        strip = slice(top * width, min(top + step, height) * width)
        # The values of a pixel side by side, in which NumPy sorts them ten times as fast as across images.
        values = np.empty((strip.stop - strip.start, count), np.uint16)
        for first in range(0, count, _TOGETHER):
            some = images[rows[first : first + _TOGETHER], top : top + step]
            values[:, first : first + _TOGETHER] = some.reshape(len(some), -1).T
        values.sort(axis=1)
        for one, rank in zip(found, ranks, strict=False):
            one[strip] = values[:, rank]
        found[-1, strip] = np.count_nonzero(values == values[:, count // 2, None], axis=1)
    maps = found.reshape(-1, height, width)
    return dict(zip(shares, maps[:-1], strict=True)), maps[-1]
