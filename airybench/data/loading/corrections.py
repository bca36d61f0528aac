"""What is done to the counts of shots by what is known of each, before they are resized: background and own mask."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airybench.config import DataConfig
from airybench.data.loading.background import RunBackgrounds
from airybench.data.loading.masking import Good, PixelFill, both, filled_shots, pixel_fill
from airybench.data.reading.shot_source import Block, ShotReader
from airybench.data.store.store import Store


@dataclass(frozen=True)
class ShotCorrections:
    """The background of its run is subtracted from each shot of a store, and its bad pixels are filled.

    Attributes:
        store: the shots.
        good: pixels good by the mask of the network and by that of the store, bool, shape (H, W); None for all. Of a
            store whose shots have masks of their own it is that of the network.
        data: what is done.
        background: the backgrounds of the runs; None for none.
    """

    store: Store
    good: Good | None
    data: DataConfig
    background: RunBackgrounds | None = None

    @classmethod
    def of(
        cls, store: Store, good: Good | None, data: DataConfig, background: RunBackgrounds | None = None
    ) -> "ShotCorrections":
        """Both masks; arguments as those of the class, with the mask of the network."""
        stored = None if data.input_mask == "none" or store.own_masks else store.mask()
        return cls(store, both(good, None if stored is None else stored > 0), data, background)

    @property
    def each(self) -> bool:
        """Whether each shot has a mask of its own, by which `corrected` fills; else `fill` fills all."""
        return self.data.input_mask != "none" and self.store.own_masks

    @property
    def needed(self) -> bool:
        """Whether `corrected` changes anything."""
        return self.each or self.background is not None

    def fill(self) -> PixelFill | None:
        """What fills every shot; None where there is nothing to fill, or each shot has its own mask."""
        return None if self.each else pixel_fill(self.good, self.data.input_mask)

    def corrected(self, counts: NDArray[np.uint16], rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Counts of shots without background, and filled by their own masks where they have some.

        Args:
            counts: shape (n, H, W).
            rows: which shots they are.

        Returns:
            Same shape; or (n, 2, H, W) where the network sees masks and each shot has its own, see `filled_shots`.
        """
        if self.background is not None:
            counts = self.background.removed(counts, rows)
        if not self.each:
            return counts
        good = self.store.read_masks(rows) > 0
        return filled_shots(counts, good if self.good is None else good & self.good, self.data)


@dataclass(frozen=True)
class CorrectingReader(ShotReader):
    """Reads shots and corrects them: subtracts the background of their run, and fills bad pixels by their own masks.

    Attributes:
        reader: of the counts.
        good: the mask of the network, bool, shape (H, W); None for all.
        data: what is done.
        background: the backgrounds of the runs; None for none.
        each: whether shots have masks of their own, by which they are filled.
    """

    reader: ShotReader
    good: Good | None
    data: DataConfig
    background: RunBackgrounds | None = None
    each: bool = False

    @property
    def shot_bytes(self) -> int:
        """See `ShotReader.shot_bytes`."""
        return self.reader.shot_bytes

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`."""
        return self.reader.risky

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`; of shape (n, 2, H, W) where the network sees masks and each shot has its own."""
        first = 0
        for block in self.reader.blocks(rows):
            counts, some = block.counts, rows[first : first + len(block.counts)]
            first += len(counts)
            if self.background is not None:
                counts = self.background.removed(counts, some)
            if self.each:
                own = np.ones(counts.shape, bool) if block.good is None else block.good
                counts = filled_shots(counts, own if self.good is None else own & self.good, self.data)
            yield Block(counts, block.good, block.tally)

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        return self.reader.pieces(rows)
