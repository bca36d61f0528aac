"""Pixels that hold one value in nearly every shot where live pixels would not, and larger regions of such pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import gammaln

from airybench.data.store.isolated_pixels import EIGHT, LINE, neighbours, opened

CLUSTER = 32
"""Pixels of a group of constant pixels that counts as a fault, at most; larger ones are regions."""

_CONSTANT = 0.95  # share of the shots with one value
_CHANCE = 1e-6  # that a live pixel is called constant
_ALL = 1e-2  # the same, for any pixel of the detector
_ALIKE = 0.5  # rate of a live pixel over that of its neighbours, at least
_ADDED = 0.25  # to the number of neighbours: keeps the mean of the logarithm that of the true share within 15 %
_WIDTH = 2  # pixels of a line
_SHARED = 4  # pixels of a line that count as one, as neighbours share their light
_RING = 512  # pixels around a region that are looked at
_PIXELS = 1 << 14  # of groups whose surroundings are listed together: what a cache holds


def constant_pixels(
    images: NDArray[np.uint16],
    rows: NDArray[np.int64],
    median: NDArray[np.uint16],
    same: NDArray[np.uint16],
    known: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find constant pixels that are at fault, and larger regions of constant pixels.

    Args:
        images: counts, shape (n, H, W).
        rows: shots to look at.
        median: of each pixel over them, shape (H, W).
        same: number of them in which a pixel is at its median, shape (H, W).
        known: pixels to look at, bool, shape (H, W).

    Returns:
        Faults: groups of up to 32 pixels and lines up to two pixels wide; and regions; bool, shape (H, W) each.
    """
    limit = float(np.log(min(_CHANCE, _ALL / max(1, int(known.sum())))))
    faults, regions = np.zeros((2, *known.shape), bool)
    # In dim light nearly all pixels are nearly always 0; there only a pixel that always is stands out.
    for fewest in (int(np.ceil(_CONSTANT * len(rows))), len(rows)):
        constant = known & (same >= fewest)
        for chosen, zero in ((constant & (median == 0), True), (constant & (median > 0), False)):
            if not chosen.any():
                continue
            shots = _Shots(images, rows, median, same, fewest, zero)
            columns, across = _lines(chosen), _lines(chosen.T).T
            rest = chosen & ~columns & ~across
            for part, line in ((columns, True), (across, True), (rest, False)):
                if not part.any():
                    continue
                labels, number = ndimage.label(part, EIGHT)
                sizes = np.bincount(labels.reshape(-1), minlength=number + 1)
                needed = limit / np.maximum(1, sizes / _SHARED) if line else np.full(number + 1, limit)
                fault, region = np.zeros((2, number + 1), bool)
                for group in _found(shots, labels, known, constant, needed):
                    fault[group] = line or sizes[group] <= CLUSTER
                    region[group] = not fault[group]
                faults |= fault[labels]
                regions |= region[labels]
    return faults, regions & ~faults


@dataclass(frozen=True)
class _Shots:
    """What live pixels do in the shots.

    Attributes:
        images: counts, shape (n, H, W).
        rows: shots to look at.
        median: of each pixel over them, shape (H, W).
        same: number of them in which a pixel is at its median, shape (H, W).
        fewest: shots with one value that make a pixel constant.
        zero: that value is 0; else each pixel's own median stands for it.
    """

    images: NDArray[np.uint16]
    rows: NDArray[np.int64]
    median: NDArray[np.uint16]
    same: NDArray[np.uint16]
    fewest: int
    zero: bool

    def lit(self, pixels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of the shots in which pixels are not at the value, at most, shape (m,)."""
        share = 1 - self.same.reshape(-1)[pixels] / len(self.rows)
        return np.where(self.median.reshape(-1)[pixels] > 0, 1, share) if self.zero else share

    def still(self, pixels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether pixels are at the value, shape (n, m)."""
        values = self.images.reshape(len(self.images), -1)[self.rows[:, None], pixels]
        return np.asarray(values == (0 if self.zero else self.median.reshape(-1)[pixels]))


def _lines(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Chosen pixels in long stretches of columns, of which at most two lie side by side."""
    long = opened(chosen & ~opened(chosen, (3, 3)), (LINE, 1))
    if not long.any():
        return long
    labels, _ = ndimage.label(long, EIGHT)
    narrow = [place[1].stop - place[1].start <= _WIDTH for place in ndimage.find_objects(labels)]
    return np.array([False, *narrow])[labels]


def _found(
    shots: _Shots,
    labels: NDArray[Any],
    known: NDArray[np.bool_],
    constant: NDArray[np.bool_],
    needed: NDArray[np.float64],
) -> Iterator[int]:
    """Groups of pixels with one value where live pixels would not have it.

    Args:
        shots: that are looked at.
        labels: number of the group of each pixel, shape (H, W).
        known: pixels to look at, bool, shape (H, W).
        constant: pixels with one value, bool, shape (H, W).
        needed: logarithm of the chance below which a group is found, for each group.
    """
    count = len(shots.rows)
    for groups, around, sound in _rings(labels, known, constant):
        counts = np.bincount(groups, minlength=len(sound))
        means = np.bincount(groups, shots.lit(around), len(sound)) / np.maximum(counts, 1)
        half = (counts + 1) // 2
        lowest = -_ALIKE * count * means * np.log((half + _ADDED) / _ADDED) + _log_choices(shots.fewest, count)
        starts = np.cumsum(counts) - counts
        for group in np.flatnonzero((sound | (counts >= LINE)) & (counts > 0) & (lowest < needed[: len(sound)])):
            ring = around[starts[group] : starts[group] + counts[group]]
            if _log_chance(shots.still(ring[:: 1 + len(ring) // _RING]), shots.fewest) < needed[group]:
                yield int(group)


def _rings(
    labels: NDArray[Any], known: NDArray[np.bool_], constant: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]]:
    """Live pixels around groups of pixels: one entry for each of a group, in the order of their numbers.

    Args:
        labels: number of the group of each pixel, 0 for none, shape (H, W).
        known: pixels to look at, bool, shape (H, W).
        constant: pixels that are not live, bool, shape (H, W).

    Yields:
        For some groups at a time their number and the pixel as an index of the flattened image, shape (P,) each; and
        whether at least half of what is around a group is live, for the numbers up to the highest of them.
    """
    flat, live = labels.reshape(-1), (known & ~constant).reshape(-1)
    pixels = np.flatnonzero((labels > 0) & ~_inner(labels > 0))
    pixels = pixels[np.argsort(flat[pixels], kind="stable")]
    first = 0
    while first < len(pixels):
        highest = int(flat[pixels[min(first + _PIXELS, len(pixels)) - 1]])
        last = int(np.searchsorted(flat[pixels], highest, side="right"))
        surplus, pairs = np.zeros(highest + 1, np.int64), []
        for start in range(first, last, _PIXELS):
            around, inside = neighbours(pixels[start : min(start + _PIXELS, last)], labels.shape)
            owners = np.broadcast_to(flat[pixels[start : start + len(around)], None], around.shape)
            seen, unseen = inside & live[around], inside & ~live[around] & (flat[around] != owners)
            surplus += np.bincount(owners[seen], minlength=highest + 1)
            surplus -= np.bincount(owners[unseen], minlength=highest + 1)
            pairs.append(np.unique(owners[seen].astype(np.int64) * labels.size + around[seen]))
        yield *np.divmod(np.unique(np.concatenate(pairs)), labels.size), surplus >= 0
        first = last


def _inner(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Chosen pixels all of whose neighbours are chosen, those outside of the image among them."""
    padded = np.pad(chosen, 1, constant_values=True)
    inner = padded[:-2] & padded[1:-1] & padded[2:]
    return np.asarray(inner[:, :-2] & inner[:, 1:-1] & inner[:, 2:])


def _log_choices(fewest: int, shots: int) -> float:
    """Logarithm of the number of ways to choose shots.

    >>> round(float(np.exp(_log_choices(28, 30))))
    435
    """
    return float(gammaln(shots + 1) - gammaln(fewest + 1) - gammaln(shots - fewest + 1))


def _log_chance(still: NDArray[np.bool_], fewest: int) -> float:
    """Logarithm of the chance that a live pixel of half the rate of those around it holds one value.

    In a shot in which z of the m darker neighbours hold that value, it is sqrt((z + 1/4) / (m + 1/4)): for photons the
    share of zeros is exp(-rate), and its root that of half the rate.

    Args:
        still: whether a pixel around it is at that value, shape (n, m).
        fewest: shots with the value that make a pixel constant.
    """
    darker = still[:, np.argsort(-still.mean(axis=0), kind="stable")[: (still.shape[1] + 1) // 2]]
    each = _ALIKE * np.log((darker.sum(axis=1) + _ADDED) / (darker.shape[1] + _ADDED))
    return float(np.sort(each)[::-1][:fewest].sum() + _log_choices(fewest, len(still)))
