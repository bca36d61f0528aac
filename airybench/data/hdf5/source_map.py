"""Which part of a virtual data set has a source; HDF5 fills the rest with a value that looks like a count."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

Axis = slice | NDArray[np.int64]
"""Places along one axis."""


@dataclass(frozen=True)
class SourceMap:
    """The places that the sources of a view fill.

    Attributes:
        shape: of the view, (N, ...).
        parts: of each piece of each source, its places along each axis.

    >>> SourceMap((3, 2), ((slice(0, 2), slice(0, 2)),)).filled(1, 3)
    array([[ True,  True],
           [False, False]])
    """

    shape: tuple[int, ...]
    parts: tuple[tuple[Axis, ...], ...]

    @classmethod
    def of(cls, values: h5py.Dataset) -> Self | None:
        """The mapping of a view that is not filled everywhere; None for any other data set."""
        if not values.is_virtual or not values.shape or 0 in values.shape:
            return None
        spaces = [source.vspace for source in values.virtual_sources()]
        mapping = cls(values.shape, tuple(part for space in spaces for part in _pieces(space, values.shape)))
        return None if mapping._whole() else mapping

    def filled(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Where rows `start` to `stop` have a source, bool, shape (stop - start, ...)."""
        filled = np.zeros((stop - start, *self.shape[1:]), np.bool_)
        for first, *others in self.parts:
            rows = _clipped(first, start, stop)
            if rows is not None:
                _fill(filled, (rows, *others))
        return filled

    def images(self) -> NDArray[np.bool_]:
        """Whether each image (the last two axes) is filled anywhere, bool, shape `shape[:-2]`."""
        filled = np.zeros(self.shape[:-2], np.bool_)
        for part in self.parts:
            _fill(filled, part[:-2])
        return filled

    def _whole(self) -> bool:
        """Whether every place is filled, as far as that takes no more memory than the starts of rows."""
        if any(_full(part, self.shape) for part in self.parts):
            return True
        step = max(1, int(2**26 // max(1, int(np.prod(self.shape[1:], dtype=np.int64)))))
        if all(_full(part[1:], self.shape[1:]) for part in self.parts):
            rows = np.zeros(self.shape[0], np.bool_)
            for part in self.parts:
                rows[part[0]] = True
            return bool(rows.all())
        return all(self.filled(row, min(row + step, self.shape[0])).all() for row in range(0, self.shape[0], step))


def _full(part: tuple[Axis, ...], shape: tuple[int, ...]) -> bool:
    return all(
        isinstance(axis, slice) and axis.start == 0 and axis.stop >= length
        for axis, length in zip(part, shape, strict=True)
    )


def _clipped(axis: Axis, start: int, stop: int) -> Axis | None:
    """The places of an axis from `start` to `stop`, counted from there; None where there are none."""
    if isinstance(axis, slice):
        first, last = max(axis.start, start), min(axis.stop, stop)
        return slice(first - start, last - start) if first < last else None
    inside = axis[(axis >= start) & (axis < stop)] - start
    return inside if len(inside) else None


def _fill(filled: NDArray[np.bool_], part: tuple[Axis, ...]) -> None:
    if all(isinstance(axis, slice) for axis in part):
        filled[part] = True
        return
    places = [np.arange(axis.start, axis.stop) if isinstance(axis, slice) else axis for axis in part]
    filled[np.ix_(*places)] = True


def _pieces(space: h5py.h5s.SpaceID, shape: tuple[int, ...]) -> Iterator[tuple[Axis, ...]]:
    """The places that a selection consists of."""
    kind = space.get_select_type()
    if kind == h5py.h5s.SEL_ALL:
        yield tuple(slice(0, length) for length in shape)
    elif kind == h5py.h5s.SEL_POINTS:
        for point in space.get_select_elem_pointlist():
            yield tuple(slice(int(place), int(place) + 1) for place in point)
    elif kind == h5py.h5s.SEL_HYPERSLABS and space.is_regular_hyperslab():
        yield tuple(
            _places(int(start), int(stride), int(count), int(block), length)
            for start, stride, count, block, length in zip(*space.get_regular_hyperslab(), shape, strict=True)
        )
    elif kind == h5py.h5s.SEL_HYPERSLABS:
        for first, last in space.get_select_hyper_blocklist():
            yield tuple(slice(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))


def _places(start: int, stride: int, count: int, block: int, length: int) -> Axis:
    """The places of one axis of a regular selection; an unlimited one goes to the end of the axis."""
    if count < 0 or block < 0 or count > length:
        count = 1 if block < 0 or block > length else -(-(length - start) // stride)
    if block < 0 or block > length:
        block = length - start
    if count == 1 or stride == block:
        return slice(start, min(start + count * block, length))
    places = (start + stride * np.arange(count)[:, None] + np.arange(block)).ravel()
    return places[places < length].astype(np.int64)
