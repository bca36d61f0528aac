"""Sources whose frames are not in HDF5 stacks: a format says how frames are read, the rest is the same for all."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.binning import binned_mask
from airybench.data.reading.conversion import Conversion, RawImage
from airybench.data.reading.options import SourceOptions
from airybench.data.reading.photon_energy import fixed_energy
from airybench.data.reading.selection import refuse_columns
from airybench.data.reading.shot_source import (
    Block,
    LeftOut,
    ShotReader,
    ShotSource,
    file_identity,
    joined_column,
    located,
    rows_by_part,
)
from airybench.data.store.ids import as_ids, joined_ids
from airybench.data.store.labels import kind_of_labels
from airybench.errors import DataError
from airybench.reporter import Reporter

_BYTES = 64e6
_MOST = 512


class Frames(ABC):
    """Reads the frames of one source. It holds no open file, so that it can be pickled for another process."""

    @property
    def risky(self) -> bool:
        """Whether a damaged file could crash the process that reads it."""
        return False

    @abstractmethod
    def images(self, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        """Read some frames, one after the other.

        Args:
            rows: rising, shape (n,).

        Raises:
            DataError: naming the file and the frame that cannot be read.
        """


@dataclass(frozen=True)
class FramePart:
    """One file, folder or run with N frames.

    Attributes:
        path: for messages.
        frames: reads the frames.
        count: N.
        shape: (H, W) of a frame, pixels.
        ids: integers or text, shape (N,); None where the source has none.
        photon_energy: eV, shape (N,); None when unknown.
        labels: 0 or 1, uint8, shape (N, C); None when unlabelled.
        class_names: C names.
        groups: int32, shape (N,); None where the source has none.
        events: further identifiers by name, each of shape (N,).
        good: pixels that are good in every frame, bool, shape (H, W); None for all.
        masked: whether each frame has a mask of its own.
        mask_words: how masks are read, in words that the counts rule begins with.
        itemsize: of a pixel, bytes.
        block: frames that are read together at least.
        files: all files that the bytes come from; their names, sizes and times are part of the identity.
        left_out: frames that are not among the N, and why.
    """

    path: Path
    frames: Frames
    count: int
    shape: tuple[int, int]
    ids: NDArray[Any] | None = None
    photon_energy: NDArray[Any] | None = None
    labels: NDArray[np.uint8] | None = None
    class_names: tuple[str, ...] = ()
    groups: NDArray[np.int32] | None = None
    events: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    good: NDArray[np.bool_] | None = None
    masked: bool = False
    mask_words: str = ""
    itemsize: int = 2
    block: int = 1
    files: tuple[Path, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class FrameReader(ShotReader):
    """Converts the frames of some parts, block by block.

    Attributes:
        parts: path, frames and number of frames of each.
        conversion: from frames to counts.
        block: frames that are held in memory together.
        masked: whether each frame has a mask of its own.
    """

    parts: tuple[tuple[Path, Frames, int], ...]
    conversion: Conversion
    block: int
    masked: bool

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`."""
        return any(frames.risky for _, frames, _ in self.parts)

    @property
    def shot_bytes(self) -> int:
        """See `ShotReader.shot_bytes`."""
        return int(np.prod(self.conversion.detector_shape)) * 2

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        start = 0
        for _, inside in rows_by_part(rows, [count for _, _, count in self.parts]):
            for first in range(0, len(inside), self.block):
                yield rows[start + first : start + min(first + self.block, len(inside))]
            start += len(inside)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        for number, inside in rows_by_part(rows, [count for _, _, count in self.parts]):
            path, frames, _ = self.parts[number]
            for start in range(0, len(inside), self.block):
                some = inside[start : start + self.block]
                yield self.conversion.block(path, frames.images(some), len(some), masked=self.masked)


def frame_source(
    parts: Sequence[FramePart],
    options: SourceOptions,
    reporter: Reporter,
    *,
    kind: str,
    recognised: str,
    choices: Mapping[str, str],
) -> ShotSource:
    """A source out of one part or several.

    Args:
        parts: of equal image shape and equal columns.
        options: rule, binning, name and photon energy; what only a format understands has been dealt with.
        reporter: receives notices.
        kind: what a store records as its source.
        recognised: the format in words.
        choices: what was taken for what.

    Raises:
        ConfigError: the photon energy is impossible, or shots are to be chosen by columns.
        DataError: the parts do not fit together.
    """
    first = parts[0]
    refuse_columns(first.path, options.selection, recognised)
    _require_alike(parts)
    count = sum(part.count for part in parts)
    conversion = Conversion.of(first.shape, options.rule, options.factor)
    masked = any(part.masked for part in parts)
    labels = joined_column([part.labels for part in parts])
    files = tuple(chain.from_iterable(part.files for part in parts))
    ids = [part.ids for part in parts if part.ids is not None]
    if not ids:
        reporter.notify(f"{first.path.name}: no ids; shots are numbered from 0 in their order")
    size = first.shape[0] * first.shape[1] * first.itemsize
    return ShotSource(
        paths=tuple(part.path for part in parts),
        ids=joined_ids([as_ids(some) for some in ids]) if ids else np.arange(count, dtype=np.int64),
        image_shape=conversion.image_shape,
        read=FrameReader(
            tuple((part.path, part.frames, part.count) for part in parts),
            conversion,
            max(first.block, min(int(_BYTES // size), _MOST), 1),
            masked,
        ),
        identity=file_identity(files, options.keys, options.frames, conversion.rule, conversion.factor),
        name=options.name or first.path.stem,
        kind=kind,
        class_names=first.class_names,
        labels=labels,
        label_kind="multilabel" if labels is None else kind_of_labels(labels, first.class_names),
        photon_energy=_energy([part.photon_energy for part in parts], options.keys.photon_energy, count),
        groups=_groups(parts),
        events={name: np.concatenate([part.events[name] for part in parts]) for name in first.events},
        mask=None if masked or conversion.masks or first.good is None else binned_mask(first.good, conversion.factor),
        counts_rule=_rule_words(conversion, first.mask_words),
        binning=conversion.factor,
        detector_shape=first.shape,
        files=tuple(dict.fromkeys(file.name for file in files)),
        place=lambda row: _place(parts, row),
        recognised=recognised,
        choices=choices,
        left_out=tuple(chain.from_iterable(part.left_out for part in parts)),
    )


def _require_alike(parts: Sequence[FramePart]) -> None:
    """Refuse parts of other shapes, masks or columns than the first."""
    first = parts[0]
    if len({part.path.resolve() for part in parts}) < len(parts):
        raise DataError("a source was given twice", "name each file once")
    for part in parts:
        if not part.count:
            raise DataError(f"{part.path}: holds no image", "leave it out")
        if part.shape != first.shape:
            raise DataError(
                f"{part.path}: images are {part.shape}, in {first.path.name} {first.shape}", "import them separately"
            )
        if _columns(part) != _columns(first):
            raise DataError(f"{part.path}: has other columns than {first.path.name}", "import them separately")
        if (part.good is None) != (first.good is None) or np.any(part.good != first.good):
            raise DataError(f"{part.path}: has another mask than {first.path.name}", "import them separately")


def _columns(part: FramePart) -> tuple[object, ...]:
    return part.ids is None, part.labels is None, part.class_names, part.groups is None, set(part.events)


def _energy(parts: Sequence[NDArray[Any] | None], fixed: float | None, count: int) -> NDArray[np.float32] | None:
    """Photon energies in eV: the one of the options for all, or those of the parts."""
    if fixed is not None:
        return fixed_energy(fixed, count)
    joined = joined_column(parts)
    return None if joined is None else joined.astype(np.float32)


def _groups(parts: Sequence[FramePart]) -> NDArray[np.int32]:
    """The groups of the parts; where they have none, the number of the part, from 1, if there are several."""
    numbers = range(1, len(parts) + 1) if len(parts) > 1 else (0,)
    return np.concatenate(
        [
            np.full(part.count, number, np.int32) if part.groups is None else part.groups
            for number, part in zip(numbers, parts, strict=True)
        ]
    )


def _rule_words(conversion: Conversion, mask: str) -> str:
    words = conversion.rule.words(conversion.factor)
    return f"{mask}, masked pixels 0; {words}" if mask else words


def _place(parts: Sequence[FramePart], row: int) -> str:
    """What to call a row of all parts in messages."""
    number, inside = located(row, [part.count for part in parts])
    return f"{parts[number].path.name} image {inside}"
