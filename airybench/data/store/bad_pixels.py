"""Pixels that are at fault in most shots: dead, stuck at one value, hot, or noisy.

Two things must hold. The counts of a pixel over many shots differ from those of its neighbourhood by more than any live
pixel would show, and the pixel is isolated: alone, in a cluster of at most nine, or in a line one pixel wide. The edge
of a beam stop, a ring, the edge of a module or a speckle has neighbours like it and is left alone; a larger region
without counts is a gap or a shadow, and no fault of pixels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import binom

from airybench.data.store.pixel_groups import over_groups, small_groups

KINDS = ("dead", "stuck", "hot", "noisy")
"""Kinds of bad pixels; in a map of them, 1 is the first, and 0 a pixel without fault."""

FEWEST = 16
"""Different shots that are needed to judge a pixel."""

MOST_SHOTS = 256
"""Shots that are looked at."""

MOSTLY_GOOD = 0.9
"""Share of the shots in which a pixel has to be good to be looked at."""

RULE = (
    "dead or stuck: one value in 95 % of the shots where no live pixel would, hot and noisy: median and interquartile "
    "range above twice the highest neighbour + 5; alone, in clusters of at most 9, or in lines 1 px wide"
)
"""The rule in words, as stores record it."""

_LINE = 10  # pixels of a line at least
_ENCLOSED = 0.8  # share of a constant line that has live pixels on both sides
_CONSTANT = 0.95  # share of the shots with one value
_RATIO, _ABOVE = 2.0, 5.0
_UNSURE = 10.0  # added to the ratio for the interquartile range of few shots, over the root of their number
_LEVELS = 1.5  # ratio of one level to the next, below _RATIO so that none is stepped over
_CHANCE = 1e-6  # that a live pixel is called dead
_ALL = 1e-2  # the same, for any pixel of the detector
_ALIKE = 0.5  # rate of a live pixel over that of its neighbours, at least
_STRIP = 2 << 20  # values of all shots that are sorted together: what a cache holds
_TOGETHER = 16  # images whose values are brought side by side at a time
_DEAD, _STUCK, _HOT, _NOISY = range(1, 5)


@dataclass(frozen=True)
class BadPixels:
    """What was found.

    Attributes:
        kinds: number of the kind of each pixel, from 1, as in KINDS; 0 without fault, uint8, shape (H, W).
        median: counts over the shots, shape (H, W).
        known: pixels that were looked at, bool, shape (H, W).
        shots: different shots that were looked at; below FEWEST nothing is found.
    """

    kinds: NDArray[np.uint8]
    median: NDArray[np.float32]
    known: NDArray[np.bool_]
    shots: int

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
        >>> str(BadPixels(kinds, np.zeros((2, 2), np.float32), kinds == 0, 20))
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
    """Find dead, stuck, hot and noisy pixels.

    Equal images count once and constant ones not at all. A pixel is constant with one value in 95 % of n shots, or in
    all. It is dead (0) or stuck if the chance of that, for a live pixel with at least half the rate of its neighbours,
    is below 1e-6, and below 0.01 for all pixels of the detector together: P(Bin(n, sqrt(g)) >= k), where g is the
    largest share of one value among the neighbours. For photons the share of zeros is exp(-rate), and its root that of
    half the rate; for values above 0, sqrt(2) g takes its place. A dead pixel is also found by the chance exp(-m / 2)
    in each shot above the lowest median m of its neighbours.

    A pixel is hot if its median over the shots is above 2 times, and noisy if its interquartile range is above
    2 + 10 / sqrt(n) times, the largest of the pixels around it, plus 5.

    Cost: n sorted values for each pixel, about 2 s for 256 shots of 1024 x 1024 pixels; besides the images, some 20
    bytes for each pixel.

    Args:
        images: counts, uint16, shape (n, H, W).
        good: pixels to look at, bool, shape (H, W); None for all. Others are neighbours of none.

    Source: the medians over shots and the comparison with the neighbourhood follow the hot-pixel masks of Cheetah
    (Barty et al., J. Appl. Cryst. 47, 1118 (2014)), which calls hot what is above a limit in most of the latest shots;
    isolation is the area opening of Vincent (1993), taken for levels of a ratio below that of the rule.
    """
    shape = images.shape[1:]
    known = np.ones(shape, bool) if good is None else good.astype(bool)
    kept = _different(images, known)
    if len(kept) < FEWEST:
        return BadPixels(np.zeros(shape, np.uint8), np.zeros(shape, np.float32), known, len(kept))
    median, spread, same = _statistics(images, kept)
    kinds = np.zeros(shape, np.uint8)
    unsure = _RATIO + _UNSURE / np.sqrt(len(kept))
    for number, values, ratio in ((_NOISY, spread, unsure), (_HOT, median, _RATIO)):
        kinds[_peaks(values, known, ratio)] = number
        kinds[_bright_lines(values, known, ratio)] = number
        kinds.T[_bright_lines(values.T, known.T, ratio)] = number
    # In dim light nearly all pixels are nearly always 0; there only a pixel that always is stands out.
    fault = np.zeros(shape, bool)
    for fewest in (int(np.ceil(_CONSTANT * len(kept))), len(kept)):
        fault |= _constant_pixels(median, same, known, (fewest, len(kept)))
    kinds[fault & (median == 0)] = _DEAD
    kinds[fault & (median > 0)] = _STUCK
    return BadPixels(kinds, median, known, len(kept))


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
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Median, interquartile range, and share of the shots at the median, of each pixel, shape (H, W)."""
    height, width = images.shape[1:]
    median, spread, same = np.empty((3, height * width), np.float32)
    count, step = len(rows), max(1, _STRIP // (len(rows) * width))
    for top in range(0, height, step):
        strip = slice(top * width, min(top + step, height) * width)
        # The values of a pixel side by side, in which NumPy sorts them ten times as fast as across images.
        values = np.empty((strip.stop - strip.start, count), np.uint16)
        for first in range(0, count, _TOGETHER):
            some = images[rows[first : first + _TOGETHER], top : top + step]
            values[:, first : first + _TOGETHER] = some.reshape(len(some), -1).T
        values.sort(axis=1)
        middle = values[:, count // 2]
        median[strip], same[strip] = middle, np.count_nonzero(values == middle[:, None], axis=1) / count
        spread[strip] = values[:, (3 * count) // 4].astype(np.float32) - values[:, count // 4]
    return median.reshape(height, width), spread.reshape(height, width), same.reshape(height, width)


def _peaks(values: NDArray[np.float32], known: NDArray[np.bool_], ratio: float) -> NDArray[np.bool_]:
    """Small groups of pixels of which each is above some times the highest around them, plus 5."""
    found = np.zeros(values.shape, bool)
    level, top = _ABOVE - 0.5, float(values[known].max(initial=0))
    while level < top:
        high = (values > level) & known
        around = np.where(known & ~high, values, -np.inf)
        for labels, groups, highest in small_groups(high, known, around):
            lowest = over_groups(np.minimum, values, labels, groups)
            found |= np.isin(labels, groups[lowest >= ratio * highest + _ABOVE])
        level *= _LEVELS
    return found


def _sides(values: NDArray[np.float32], known: NDArray[np.bool_]) -> tuple[NDArray[np.float32], ...]:
    """Values left and right of each pixel; infinite where no known one is."""
    padded = np.pad(np.where(known, values, np.inf), ((0, 0), (1, 1)), constant_values=np.inf)
    return padded[:, :-2], padded[:, 2:]


def _bright_lines(values: NDArray[np.float32], known: NDArray[np.bool_], ratio: float) -> NDArray[np.bool_]:
    """Columns, or long parts of them, above some times the columns on both sides, plus 5.

    Beside a gap, where one side counts nothing and the other does, pixels are often larger and count more.
    """
    left, right = _sides(values, known)
    above = values >= ratio * np.maximum(left, right) + _ABOVE
    line: NDArray[np.bool_] = known & above & ((left > 0) == (right > 0))
    labels, sizes = _runs(line)
    return np.asarray((sizes[labels] >= _LINE) & line)


def _runs(chosen: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Number of the unbroken stretch within a column that each chosen pixel is in, and the lengths of all."""
    labels, number = ndimage.label(chosen, np.array([[0, 1, 0]] * 3, bool))
    return labels, np.bincount(labels.reshape(-1), minlength=number + 1)


def _constant_pixels(
    median: NDArray[np.float32], same: NDArray[np.float32], known: NDArray[np.bool_], held: tuple[int, int]
) -> NDArray[np.bool_]:
    """Constant pixels that are at fault, alone, in small groups and in lines; for `held` see `_log_chance`."""
    fewest, shots = held
    limit = float(np.log(min(_CHANCE, _ALL / max(1, int(known.sum())))))
    constant = (same * shots > fewest - 0.5) & known
    found = _constant_lines(constant, same, known, held, limit)
    found |= _constant_lines(constant.T, same.T, known.T, held, limit).T
    rest, others = constant & ~found, known & ~constant
    faults = found.copy()
    for chosen, zero in ((rest & (median == 0), True), (rest & (median > 0), False)):
        for labels, groups, share in small_groups(chosen, known & ~found, np.where(others, same, -np.inf)):
            faults |= np.isin(labels, groups[_log_chance(share, held, zero=zero) < limit])
    dead = rest & (median == 0)
    for labels, groups, lowest in small_groups(dead, known & ~found, np.where(others, -median, -np.inf)):
        # At half the rate of a neighbour with this median, no count in the half of the shots that are above it.
        chance = _ALIKE * lowest * (shots // 2 - (shots - fewest))
        faults |= np.isin(labels, groups[chance < limit])
    return faults


def _log_chance(share: NDArray[Any], held: tuple[int, int], *, zero: bool = True) -> NDArray[np.float64]:
    """Logarithm of the chance that a live pixel of half the rate of its neighbours is constant.

    Args:
        share: of the shots that the neighbours have at one value.
        held: shots with one value that make a pixel constant, and all shots.
        zero: that value is 0, whose chance exp(-rate) half the rate takes the root of; for any other the chance of the
            most frequent value rises by the root of 2.
    """
    fewest, shots = held
    share = np.clip(np.asarray(share, np.float64), 0, 1)
    upper = share + 3 * np.sqrt(share * (1 - share) / shots) + 1 / shots
    live = np.minimum(1, upper) ** _ALIKE if zero else np.minimum(1, upper / np.sqrt(_ALIKE))
    return np.asarray(binom.logsf(fewest - 1, shots, live))


def _constant_lines(
    constant: NDArray[np.bool_],
    same: NDArray[np.float32],
    known: NDArray[np.bool_],
    held: tuple[int, int],
    limit: float,
) -> NDArray[np.bool_]:
    """Constant columns, or long parts of them, between columns that are not."""
    left, right = _sides(np.where(constant, np.inf, same), known)
    highest = np.maximum(left, right)  # infinite beside a constant or unknown pixel
    beside = constant & np.isfinite(highest)
    labels, sizes = _runs(constant)
    owners = labels[beside]
    alone = np.bincount(owners, minlength=len(sizes))
    chance = np.bincount(owners, weights=_log_chance(highest[beside], held), minlength=len(sizes))
    fault = (sizes >= _LINE) & (alone >= _ENCLOSED * sizes) & (chance < limit)
    return np.asarray(fault[labels] & constant)
