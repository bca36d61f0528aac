"""Reading in worker processes: where a damaged chunk could crash the program, or there is work for several cores."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.workers import WORKERS
from airybench.data.reading.shot_source import Block, ShotReader

WORTH = 64e6
"""Bytes in the source from which on other processes are worth the time that they take to start."""


@dataclass(frozen=True)
class IsolatedReader(ShotReader):
    """Another reader, whose work is done by other processes where that is safer or faster; the shots are the same.

    Attributes:
        reader: the other one.
        path: of the source, for messages.
    """

    reader: ShotReader
    path: Path

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`."""
        return False

    @property
    def shot_bytes(self) -> int:
        """See `ShotReader.shot_bytes`."""
        return self.reader.shot_bytes

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        return self.reader.pieces(rows)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`.

        Raises:
            DataError: reading crashes or hangs the process that does it, or see `ShotReader.blocks`.
            ReaderError: that process was killed.
        """
        if len(rows) * self.shot_bytes < WORTH and not self.reader.risky:
            yield from self.reader.blocks(rows)
        else:
            yield from WORKERS.stream(self.reader.blocks, list(self.pieces(rows)), str(self.path))
