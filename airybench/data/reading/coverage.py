"""Which parts of a view (virtual data set) are in some source; the rest holds a fill value and no counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

Box = tuple[tuple[int, int], ...]
"""First and stop along each axis."""


@dataclass(frozen=True)
class Coverage:
    """The mapped cells of a grid whose lines are the borders of the mapped parts.

    Attributes:
        cuts: borders along each axis, from 0 to its length.
        mapped: whether each cell between them is in some source.
    """

    cuts: tuple[NDArray[np.int64], ...]
    mapped: NDArray[np.bool_]

    def part(self, axis: int, first: int, stop: int) -> NDArray[np.bool_] | None:
        """Which values of some shots are in a source; None for all.

        Args:
            axis: of the shots.
            first: number of the first shot.
            stop: number after the last.

        Returns:
            bool, shape of the data set with n shots along `axis`.
        """
        lines = np.searchsorted(self.cuts[axis], np.arange(first, stop), side="right") - 1
        if self.mapped.take(np.unique(lines), axis).all():
            return None
        cells = [np.repeat(np.arange(len(cuts) - 1), np.diff(cuts)) for cuts in self.cuts]
        cells[axis] = lines
        return np.asarray(self.mapped[np.ix_(*cells)])

    def with_shots(self) -> Self:
        """The same with an axis of one shot before all others."""
        return replace(self, cuts=(np.array([0, 1]), *self.cuts), mapped=self.mapped[None])

    def empty(self, axis: int) -> NDArray[np.bool_]:
        """Which shots, along an axis, are in no source at all, shape (N,)."""
        others = tuple(other for other in range(self.mapped.ndim) if other != axis)
        void = ~self.mapped.any(axis=others)
        return np.repeat(void, np.diff(self.cuts[axis]))

    def same(self, axis: int) -> bool:
        """Whether all shots that are in any source lack the same."""
        lines = np.moveaxis(self.mapped, axis, 0)
        lines = lines[lines.any(axis=tuple(range(1, lines.ndim)))]
        return bool((lines == lines[:1]).all())

    def missing(self) -> float:
        """Share of the values that are in no source."""
        held = self.mapped.astype(np.float64)
        for axis, cuts in enumerate(self.cuts):
            held = held * np.diff(cuts).reshape([-1 if one == axis else 1 for one in range(held.ndim)])
        return float(1 - held.sum() / np.prod([float(cuts[-1]) for cuts in self.cuts]))


def coverage_of(data: h5py.Dataset) -> Coverage | None:
    """The mapped parts of a data set; None where all of it is held.

    Args:
        data: of any kind.
    """
    if not data.is_virtual or 0 in data.shape:
        return None
    boxes = [box for source in data.virtual_sources() for box in _boxes(source.vspace, data.shape)]
    cuts = tuple(
        np.unique([0, length, *(edge for box in boxes for edge in box[axis])]).astype(np.int64)
        for axis, length in enumerate(data.shape)
    )
    mapped = np.zeros([len(one) - 1 for one in cuts], bool)
    for box in boxes:
        mapped[tuple(slice(*np.searchsorted(one, side)) for one, side in zip(cuts, box, strict=True))] = True
    return None if mapped.all() else Coverage(cuts, mapped)


def _boxes(space: h5py.h5s.SpaceID, shape: tuple[int, ...]) -> Iterator[Box]:
    """What one mapping covers, cut at the borders of the data set."""
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        yield tuple((0, length) for length in shape)
        return
    if not space.is_regular_hyperslab():
        yield from _listed(space)
        return
    sides: list[list[tuple[int, int]]] = []
    for start, stride, count, block, length in zip(*space.get_regular_hyperslab(), shape, strict=True):
        if count == h5py.h5s.UNLIMITED or block == h5py.h5s.UNLIMITED:
            # A view without end covers its data set as far as its sources reach, which is its length.
            sides.append([(start, length)])
        elif stride == block or count == 1:
            sides.append([(start, start + block * count)])
        else:
            sides.append([(start + stride * step, start + stride * step + block) for step in range(count)])
    for box in product(*sides):
        yield tuple((min(first, length), min(stop, length)) for (first, stop), length in zip(box, shape, strict=True))


def _listed(space: h5py.h5s.SpaceID) -> Iterator[Box]:
    """The blocks of a selection that is no regular one."""
    for first, last in space.get_select_hyper_blocklist():
        yield tuple((int(low), int(high) + 1) for low, high in zip(first, last, strict=True))
