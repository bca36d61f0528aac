"""The one pass over the images of a source that an import makes: what is looked at on the way, and what it leads to."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.bad_pixel_search import OPTION, ShotSample
from airybench.data.reading.questions import gaps, together
from airybench.data.reading.shot_source import ShotSource
from airybench.data.reading.tally import Tally
from airybench.data.store.survey import constant_images
from airybench.data.store.writer import StoreWriter
from airybench.errors import DataError
from airybench.reporter import Progress, Reporter

_NAMED = 5
_BLANK = "whose pixels all hold one value"


class ImportPass:
    """Writes every shot of a source into a store and keeps account of what is peculiar.

    Args:
        source: the shots.
        drop_blank: leave out frames whose pixels all hold one value.
        invalid: values that are masked, as `InvalidValues.asked` has them.
    """

    def __init__(self, source: ShotSource, *, drop_blank: bool, invalid: Collection[str] = ()) -> None:
        self._source, self._drop_blank, self._invalid = source, drop_blank, frozenset(invalid)
        self._tally, self._blank = Tally(), list[str]()
        searched = "bad_pixels" in source.notes
        self._sample = None if searched else ShotSample(source.count, source.image_shape)

    def copy(self, writer: StoreWriter, progress: Progress) -> None:
        """Write the shots block by block.

        Raises:
            DataError: a value is not a plain count, or sits on the same pixels in nearly every shot like a gap.
        """
        source, done, blank = self._source, 0, list[NDArray[np.int64]]()
        for block in source.read.blocks(np.arange(source.count)):
            rows = slice(done, done + len(block.counts))
            writer.append(block.counts, mask=block.good if source.mask is None else None, **source.columns(rows))
            blank.append(done + constant_images(block.counts))
            if block.tally is not None:
                self._tally.add(block.tally)
            if self._sample is not None:
                self._sample.add(block, done)
            done = rows.stop
            progress(done, source.count)
        suspects = gaps(source, self._tally)
        if suspects:
            raise together(suspects)
        rows_blank = np.concatenate(blank) if blank else np.zeros(0, np.int64)
        self._blank = [str(one) for one in source.ids[rows_blank].tolist()]
        if self._drop_blank:
            if len(rows_blank) == source.count:
                raise DataError(
                    f"{source.path}: every frame holds one value in all its pixels", "give the key of the images"
                )
            writer.leave_out(rows_blank, _BLANK)

    def conclude(self, writer: StoreWriter, reporter: Reporter) -> None:
        """Say what was found, and keep it in the store."""
        name, tally = writer.path.name, self._tally
        for key, value in self._source.notes.items():
            writer.note(key, value)
        if tally.shots and self._invalid > tally.met:
            missed = " or ".join(sorted(self._invalid - tally.met))
            reporter.notify(
                f"{name}: no pixel of any shot holds a value of --invalid {missed}; nothing is masked by it"
            )
        bad = self._sample.search(self._source.mask) if self._sample is not None else None
        if bad is not None and bad.count:
            binned = " of the binned images" if self._source.binning > 1 else ""
            reporter.notify(f"{name}: {bad}{binned}; {OPTION} masks them")
        if bad is not None and bad.about_regions:
            reporter.notify(f"{name}: {bad.about_regions}")
        if self._blank and self._drop_blank:
            reporter.notify(f"{name}: {len(self._blank)} frames {_BLANK} are left out ({_some(self._blank)})")
        elif self._blank:
            writer.note("blank_frames", len(self._blank))
            reporter.notify(
                f"{name}: {len(self._blank)} frames hold one value in all their pixels ({_some(self._blank)}), as "
                f"padding does; --drop-blank leaves them out"
            )
        cut = tally.clipped_low + tally.clipped_high
        if cut:
            writer.note("clipped_pixels", cut)
            reporter.notify(
                f"{name}: --clip changed {cut} pixels in {tally.clipped_shots} shots: {tally.clipped_low} below 0, "
                f"{tally.clipped_high} above 65535"
            )
        if tally.saturated:
            writer.note("saturated_pixels", tally.saturated)
            reporter.notify(
                f"{name}: {tally.saturated} good pixels in {tally.saturated_shots} shots are at the largest value of "
                f"{tally.dtype}, an overflow of the detector; they count as 65535 at most"
            )


def _some(ids: list[str]) -> str:
    return "id " + ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
