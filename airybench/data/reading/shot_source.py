"""What every format yields: the columns of a source, and a reader of its counts."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.tally import Tally
from airybench.data.store.ids import ShotIds
from airybench.data.store.left_out import LeftOut as LeftOut
from airybench.data.store.left_out import Note
from airybench.errors import DataError


@dataclass(frozen=True)
class Block:
    """Some shots, one after the other.

    Attributes:
        counts: uint16, shape (n, H, W).
        good: valid pixels, bool, shape (n, H, W); None where the mask of the source holds for all shots.
        tally: what is peculiar about the values in the source; None where they are counts already.
    """

    counts: NDArray[np.uint16]
    good: NDArray[np.bool_] | None = None
    tally: Tally | None = None


class ShotReader(ABC):
    """Reads the counts of a source. It holds no open file, so that it can be pickled for another process."""

    @property
    def risky(self) -> bool:
        """Whether a damaged file could crash the process that reads it."""
        return False

    @property
    def shot_bytes(self) -> int:
        """Bytes of a shot in the source, about; 0 where reading it is no work worth another process."""
        return 0

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Rows cut where `blocks` begins a new block.

        Args:
            rows: see `blocks`.
        """
        yield rows

    @abstractmethod
    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """Read some shots in fixed memory.

        Args:
            rows: of the source, rising, shape (n,).

        Yields:
            Those shots in order, a few at a time.

        Raises:
            DataError: the file is damaged, or a value is not a plain count.
        """

    def __call__(self, start: int, stop: int) -> NDArray[np.uint16]:
        """Counts of the shots from `start` to before `stop`, uint16, shape (stop - start, H, W).

        Raises:
            DataError: no such stretch, or see `blocks`.
        """
        if not 0 <= start < stop:
            raise DataError(f"shots {start} to {stop} are no stretch", "give 0 <= start < stop")
        return self.stretch(start, stop)

    def stretch(self, start: int, stop: int) -> NDArray[np.uint16]:
        """The same without the check; a format that reads a whole stretch faster overrides it."""
        read = [block.counts for block in self.blocks(np.arange(start, stop))]
        return read[0] if len(read) == 1 else np.concatenate(read)


@dataclass(frozen=True)
class ShotSource:
    """A source of N shots, labelled or not: everything about them has been read except their counts.

    A new format fills in `paths`, `ids`, `image_shape`, `read` and `identity`; the rest is optional.

    Attributes:
        paths: the files; more than one only for stacks.
        ids: int64 or text, shape (N,).
        image_shape: (H, W) of the counts, pixels.
        read: reader of the counts.
        identity: digest that changes when the content, or the way it is read, does.
        block: shots that are stored together, of which none is read without the others.
        name: data set they belong to.
        kind: what a store records as its source, such as `cxidb-94`.
        class_names: names of the label columns, C of them; empty when unlabelled.
        labels: 0 or 1, uint8, shape (N, C); None when unlabelled.
        label_kind: `multilabel` or `multiclass`.
        photon_energy: eV, float32, shape (N,); None when unknown.
        groups: run or file of each shot, int32, shape (N,); None when unknown.
        events: further identifiers by name, each of shape (N,).
        mask: pixels that are valid in every shot, bool, shape (H, W); None for all, or where each shot has its own.
        counts_rule: how values become counts, in words.
        binning: width of the blocks that were averaged, pixels.
        detector_shape: (H, W) before binning, pixels.
        files: names of all files that the bytes come from.
        place: what to call a row in messages.
        recognised: the format in words, such as `Eiger / NXmx master`.
        choices: what was taken for what, by the name of the part: `images`, `ids`, `energy`, `mask`, ..., for people.
        left_out: shots that are not among the N, and why.
        notes: what else a store records about its import, by name.
        not_imported: why it is not to be imported into a store, and what to do instead; empty where it may be.
    """

    paths: tuple[Path, ...]
    ids: ShotIds
    image_shape: tuple[int, int]
    read: ShotReader
    identity: str
    block: int = 1
    name: str = ""
    kind: str = ""
    class_names: tuple[str, ...] = ()
    labels: NDArray[np.uint8] | None = None
    label_kind: str = "multilabel"
    photon_energy: NDArray[np.float32] | None = None
    groups: NDArray[np.int32] | None = None
    events: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    mask: NDArray[np.bool_] | None = None
    counts_rule: str = ""
    binning: int = 1
    detector_shape: tuple[int, int] | None = None
    files: tuple[str, ...] = ()
    place: Callable[[int], str] = "entry {}".format
    recognised: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    notes: Mapping[str, Note] = field(default_factory=dict)
    not_imported: str = ""

    @property
    def path(self) -> Path:
        """The first file, which messages name."""
        return self.paths[0]

    @property
    def count(self) -> int:
        """Number of shots N."""
        return len(self.ids)

    def columns(self, rows: slice) -> dict[str, Any]:
        """The columns of some rows, named as `StoreWriter.append` takes them."""
        return {
            "ids": self.ids[rows],
            "photon_energy": None if self.photon_energy is None else self.photon_energy[rows],
            "labels": None if self.labels is None else self.labels[rows],
            "groups": None if self.groups is None else self.groups[rows],
            "events": {key: values[rows] for key, values in self.events.items()},
        }

    def select(self, rows: NDArray[np.int64]) -> Self:
        """The same source with some of its shots only.

        Args:
            rows: rising, shape (n,).
        """

        def some(column: NDArray[Any] | None) -> Any:
            return None if column is None else column[rows]

        return replace(
            self,
            ids=self.ids[rows],
            read=_SelectedReader(self.read, rows),
            identity=hashlib.sha256(self.identity.encode() + rows.tobytes()).hexdigest(),
            block=1,
            labels=some(self.labels),
            photon_energy=some(self.photon_energy),
            groups=some(self.groups),
            events={key: values[rows] for key, values in self.events.items()},
            place=lambda row: self.place(int(rows[row])),
        )

    def require_unique_ids(self) -> None:
        """Refuse ids that repeat.

        Raises:
            DataError: naming the first id that does, and two of its places.
        """
        values, counts = np.unique(self.ids, return_counts=True)
        if (counts > 1).any():
            repeated = values[counts > 1][0]
            first, second = (self.place(int(row)) for row in np.flatnonzero(self.ids == repeated)[:2])
            raise DataError(
                f"{self.path}: id {repeated} is in {first} and in {second}; each shot needs its own, give other "
                f"ids or drop one of them"
            )


@dataclass(frozen=True)
class _SelectedReader(ShotReader):
    """Some of the shots of another reader."""

    reader: ShotReader
    rows: NDArray[np.int64]

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`."""
        return self.reader.risky

    @property
    def shot_bytes(self) -> int:
        """See `ShotReader.shot_bytes`."""
        return self.reader.shot_bytes

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        places = self.rows[rows]
        yield from (rows[np.searchsorted(places, piece)] for piece in self.reader.pieces(places))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        yield from self.reader.blocks(self.rows[rows])


def joined_column(parts: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    """One column out of those of all parts of a source; None when a part has none."""
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if len(present) == len(parts) else None


def located(row: int, counts: Sequence[int]) -> tuple[int, int]:
    """The part of a source that holds a row, and the row in it.

    Args:
        row: of the source.
        counts: number of shots of each part.

    >>> located(4, [3, 5])
    (1, 1)
    """
    bounds = np.cumsum([0, *counts])
    part = int(np.searchsorted(bounds, row, side="right")) - 1
    return part, row - int(bounds[part])


def rows_by_part(rows: NDArray[np.int64], counts: Sequence[int]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Rows of a source as rows of its parts, for each part that has some.

    Args:
        rows: of the source, rising, shape (n,).
        counts: number of shots of each part.
    """
    bounds = np.cumsum([0, *counts])
    owners = np.searchsorted(bounds, rows, side="right") - 1
    for inside in np.split(rows, np.flatnonzero(np.diff(owners)) + 1) if len(rows) else ():
        part = int(np.searchsorted(bounds, inside[0], side="right")) - 1
        yield part, inside - bounds[part]


def file_identity(paths: Sequence[Path], *ways: object) -> str:
    """Digest of files by name, size and time of change, and of the ways to read them.

    Args:
        paths: the files.
        ways: options; of a data class only what is not at its default counts, so that options to come change nothing.
    """
    content: list[object] = []
    for path in paths:
        stat = path.resolve().stat()
        content += [path.name, stat.st_size, stat.st_mtime_ns]
    return hashlib.sha256(repr((*content, *map(_said, ways))).encode()).hexdigest()


def _said(way: object) -> object:
    """What a data class holds beside its defaults, by name; anything else as it is."""
    if not is_dataclass(way) or isinstance(way, type):
        return way
    held = {}
    for one in fields(way):
        default = one.default if one.default_factory is MISSING else one.default_factory()
        if (value := getattr(way, one.name)) != default:
            held[one.name] = _said(value)
    return held
