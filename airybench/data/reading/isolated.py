"""Reading in worker processes: where a damaged chunk could crash the program, or there is work for several cores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from airybench.cores import usable_cores
from airybench.data.hdf5.workers import WORKERS
from airybench.data.reading.shot_source import Block, ShotReader

WORTH = 64e6
"""Bytes in the source from which on other processes are worth the time that they take to start."""


_EACH = 4
"""Jobs for each core, as far as there are so many pieces."""


@dataclass(frozen=True)
class IsolatedReader(ShotReader):
    """Another reader, whose work is done by other processes where that is safer or faster; the shots are the same.

    Attributes:
        reader: the other one.
        path: of the source, for messages.
        unsafe: whether reading could crash a process, found out once; processes that are given this reader do not ask.
    """

    reader: ShotReader
    path: Path
    unsafe: bool

    @classmethod
    def of(cls, reader: ShotReader, path: Path) -> Self:
        """Another reader, and whether it is risky."""
        return cls(reader, path, reader.risky)

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
        if self._alone(len(rows)):
            yield from self.reader.blocks(rows)
        else:
            jobs = joined(list(self.pieces(rows)), int(WORTH // max(1, self.shot_bytes)))
            yield from WORKERS.stream(self.reader.blocks, jobs, str(self.path))

    def stretch(self, start: int, stop: int) -> NDArray[np.uint16]:
        """See `ShotReader.stretch`."""
        return self.reader.stretch(start, stop) if self._alone(stop - start) else super().stretch(start, stop)

    def _alone(self, count: int) -> bool:
        """Whether this process reads that many shots itself."""
        return count * self.shot_bytes < WORTH and not self.unsafe


def joined(pieces: Sequence[NDArray[np.int64]], most: int) -> list[NDArray[np.int64]]:
    """Pieces put together to some for each core, so that small ones are not asked for one by one.

    Args:
        pieces: of rows.
        most: rows of a joined piece; one that is longer already stays as it is.

    >>> joined([np.arange(2), np.arange(2, 9), np.arange(9, 10)], 1)
    [array([0, 1]), array([2, 3, 4, 5, 6, 7, 8]), array([9])]
    """
    most = min(most, -(-sum(map(len, pieces)) // (_EACH * usable_cores())))
    groups: list[list[NDArray[np.int64]]] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if not groups or length > most:
            groups.append([])
            length = len(piece)
        groups[-1].append(piece)
    return [np.concatenate(group) for group in groups]
