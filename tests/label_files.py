"""A source of ids alone, for tests of label files and lists: its counts are never read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from airybench.data.reading.shot_source import Block, ShotReader, ShotSource


class NoReader(ShotReader):
    """A reader of nothing."""

    def blocks(self, rows: np.ndarray) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        raise AssertionError("counts were read")


def source(ids: object, **columns: Any) -> ShotSource:
    """A source of shots with these ids."""
    return ShotSource((Path("stack.h5"),), np.asarray(ids), (4, 4), NoReader(), "x", **columns)
