"""The search for bad pixels in a source: at the detector's own size, before anything is binned."""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.binning import binned_mask
from airybench.data.reading.conversion import with_conversion
from airybench.data.reading.shot_source import Block, ShotSource
from airybench.data.store.bad_pixels import (
    FEWEST,
    MOST_SHOTS,
    MOSTLY_GOOD,
    RULE,
    BadPixels,
    find_bad_pixels,
    sampled_rows,
)
from airybench.data.store.left_out import Note
from airybench.reporter import Reporter

OPTION = "--find-bad-pixels"

_BYTES = 512e6


class ShotSample:
    """Some shots of a source, spread evenly over it, kept while its blocks pass.

    Memory: at most 256 shots or 512 MB, whichever is less, but 16 shots at least.

    Args:
        count: number of shots of the source.
        shape: (H, W) of a shot, pixels.
    """

    def __init__(self, count: int, shape: tuple[int, int]) -> None:
        self.rows = sampled_rows(count, max(FEWEST, min(MOST_SHOTS, int(_BYTES // (2 * shape[0] * shape[1])))))
        self._images = np.empty((len(self.rows), *shape), np.uint16)
        self._good = np.zeros(shape, np.int64)

    def add(self, block: Block, first: int) -> None:
        """See some shots.

        Args:
            block: of the source.
            first: its first row.
        """
        places = np.arange(*np.searchsorted(self.rows, [first, first + len(block.counts)]))
        if len(places):
            self.keep(block, places, self.rows[places] - first)

    def keep(self, block: Block, places: NDArray[np.int64], inside: NDArray[np.int64] | slice) -> None:
        """Keep shots of a block.

        Args:
            block: of the source.
            places: in the sample, shape (n,).
            inside: which shots of the block, n of them.
        """
        self._images[places] = block.counts[inside]
        self._good += len(places) if block.good is None else block.good[inside].sum(axis=0)

    def search(self, mask: NDArray[np.bool_] | None = None) -> BadPixels:
        """Find bad pixels among those that are good in nearly all shots of the sample.

        Args:
            mask: pixels that are good in every shot, bool, shape (H, W); None for all.
        """
        good = self._good >= MOSTLY_GOOD * len(self.rows)
        return find_bad_pixels(self._images, good if mask is None else good & mask)

    @property
    def ever_good(self) -> NDArray[np.bool_]:
        """Pixels that are good in any shot of the sample, bool, shape (H, W)."""
        return self._good > 0


def without_bad_pixels(source: ShotSource, reporter: Reporter) -> ShotSource:
    """A source whose bad pixels are masked: 0, and left out of the means of blocks.

    A sample of its shots is read for that at the detector's own size, before all are read; see `ShotSample` for what
    it needs.

    Args:
        source: of any format but a store.
        reporter: receives what was found.

    Raises:
        DataError: an image cannot be read.
    """
    shape = source.detector_shape or source.image_shape
    whole = with_conversion(source.read, lambda one: replace(one, factor=1, survey=True))
    sample, done = ShotSample(source.count, shape), 0
    with reporter.progress(f"looking for bad pixels in {source.path.name}") as progress:
        for block in whole.blocks(sample.rows):
            sample.keep(block, np.arange(done, done + len(block.counts)), slice(None))
            done += len(block.counts)
            progress(done, len(sample.rows))
    found = sample.search()
    reporter.notify(f"{source.path.name}: {found}" + ("; they are masked" if found.count else ""))
    if found.about_regions:
        reporter.notify(f"{source.path.name}: {found.about_regions}")
    notes: dict[str, Note] = {"bad_pixels": found.count, "bad_pixel_shots": found.shots, "bad_pixel_rule": RULE}
    notes |= {f"bad_pixels_{kind}": number for kind, number in found.counts.items() if number}
    if found.about_regions:
        notes |= {"constant_regions": found.region_count, "constant_region_pixels": int(found.regions.sum())}
    source = replace(source, notes={**source.notes, **notes})
    return _masked(source, found.kinds == 0, sample.ever_good) if found.count else source


def _masked(source: ShotSource, fine: NDArray[np.bool_], ever_good: NDArray[np.bool_]) -> ShotSource:
    """The source without the pixels that are not fine, bool, shape (H, W) of the detector."""
    own_masks = source.mask is None and next(iter(source.read.blocks(np.arange(1)))).good is not None
    mask = None if own_masks else binned_mask(fine & ever_good if source.mask is not None else fine, source.binning)
    return replace(
        source,
        read=with_conversion(source.read, lambda one: replace(one, good=fine if one.good is None else one.good & fine)),
        identity=hashlib.sha256(source.identity.encode() + np.packbits(fine).tobytes()).hexdigest(),
        mask=mask,
    )
