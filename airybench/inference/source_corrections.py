"""A source of shots as a model takes it: without the background of its runs, and with its bad pixels filled."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from airybench.config import DataConfig
from airybench.data.loading.background import RunBackgrounds
from airybench.data.loading.corrections import CorrectingReader
from airybench.data.loading.masking import Good, both
from airybench.data.reading.shot_source import ShotSource
from airybench.inference.logits import rows_of_background
from airybench.inference.predictor import Predictor


@dataclass(frozen=True)
class SourceCorrections:
    """What the shots of a source need before a network sees them.

    Attributes:
        shots: the source.
        data: what is done.
        good: the mask of the network, bool, shape (H, W); None for all.
        each: whether shots have masks of their own, by which they are filled.
        groups: run of each shot, shape (N,).
        rows: the shots that backgrounds are taken from; None where none is subtracted.
    """

    shots: ShotSource
    data: DataConfig
    good: Good | None
    each: bool
    groups: NDArray[np.int32]
    rows: NDArray[np.int64] | None

    def source(self, wanted: NDArray[np.int64]) -> ShotSource:
        """The source whose reader corrects; the backgrounds of the runs that are needed are taken now.

        Args:
            wanted: rows that are going to be read, shape (n,).
        """
        if not len(wanted) or (self.rows is None and not self.each):
            return self.shots
        background = None
        if self.rows is not None:
            background = RunBackgrounds.of(self._read, self.groups, self.rows, wanted)
        read = CorrectingReader(self.shots.read, self.good, self.data, background, self.each)
        return replace(self.shots, read=read)

    def _read(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.bool_] | None]:
        blocks = list(self.shots.read.blocks(rows))
        masks = [block.good for block in blocks if block.good is not None]
        good = np.concatenate(masks) if len(masks) == len(blocks) else None
        return np.concatenate([block.counts for block in blocks]), good


def for_source(predictor: Predictor, shots: ShotSource) -> tuple[Predictor, SourceCorrections]:
    """A predictor that also masks what a source does, and the corrections that its shots need before.

    Args:
        predictor: on its device.
        shots: the source.

    Raises:
        DataError: a run has too few shots for the background that the network takes counts above.
    """
    data = predictor.config.data
    groups = np.zeros(shots.count, np.int32) if shots.groups is None else shots.groups
    rows = rows_of_background(predictor, shots.path, shots.identity, groups) if predictor.subtracts else None
    each = False
    if data.input_mask != "none" and shots.mask is None and shots.count:
        each = next(iter(shots.read.blocks(np.arange(1)))).good is not None
    corrections = SourceCorrections(shots, data, predictor.good, each, groups, rows)
    if data.input_mask == "none":
        return predictor, corrections
    return predictor.with_mask(None if each else both(predictor.good, shots.mask)), corrections
