"""The images of one file as an ordered list of parts: one stack, several joined ones, or one data set a shot."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.tree import WILDCARDS
from airybench.data.reading.columns import Columns, matching_keys
from airybench.data.reading.coverage import Coverage, coverage_of
from airybench.data.reading.frames import Framing, expected_dims, framing_of
from airybench.data.reading.identifiers import JOINT, ids_of_names
from airybench.data.reading.options import FrameOptions
from airybench.data.store.ids import ShotIds
from airybench.errors import DataError, MissingOptionError

IMAGES = "--images"
_BYTES = 64e6
_MOST = 512
_MOST_SHOTS = 50_000_000  # whose columns take some gigabytes


class NoImageError(DataError):
    """A file holds no image, as of a run without a hit; of several files the others are read."""


@dataclass(frozen=True)
class Part:
    """One data set of images.

    Attributes:
        key: of the data set.
        count: number of its frames, without padding.
        stacked: whether it has an axis of shots.
        block: frames that are read together.
        coverage: what of it is in some source, where it is a view with gaps.
    """

    key: str
    count: int
    stacked: bool
    block: int
    coverage: Coverage | None = None


@dataclass(frozen=True)
class Images:
    """All images of a file.

    Attributes:
        parts: in order.
        framing: how their frames become images.
        dtype: of the first part, as NumPy writes it.
        padded: number of frames with padding.
        names: identifiers that the names of the parts give, where each is one image.
        incomplete: names of parts without images.
        shape: of all frames, for people.
    """

    parts: tuple[Part, ...]
    framing: Framing
    dtype: str
    padded: int
    names: ShotIds | None = None
    incomplete: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of frames, without padding."""
        return sum(part.count for part in self.parts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all frames together."""
        return (self.count, *self.framing.raw)

    def empty(self) -> NDArray[np.bool_]:
        """Frames of which no part is in any source, shape (N,)."""
        axis = -1 if self.framing.last else 0
        return np.concatenate(
            [
                np.zeros(part.count, bool) if part.coverage is None else part.coverage.empty(axis)[: part.count]
                for part in self.parts
            ]
        )


def find_images(columns: Columns, pattern: str, options: FrameOptions, lengths: Collection[int]) -> Images:
    """Find the images of a file.

    Args:
        columns: of the file.
        pattern: key, with or without wildcards.
        options: how a frame becomes an image, and where the shots are.
        lengths: of the columns that belong to the images, by which the axis of the shots is told.

    Raises:
        DataError: no images, parts of different shapes, or an axis of shots that has to be asked for.
    """
    present, missing = matching_keys(columns.file, pattern)
    wild = any(letter in pattern for letter in WILDCARDS) and present != [pattern.strip("/")]
    if not present:
        raise _none(columns, pattern, missing)
    found: list[tuple[str, h5py.Dataset]] = []
    void: list[tuple[str, h5py.Dataset]] = []
    for key in present:
        data = columns.data(key, IMAGES)
        _require_numbers(columns, key, data)
        (void if wild and 0 in data.shape else found).append((key, data))
    if not found:
        raise NoImageError(f"{columns.where(pattern)} holds no image", "leave this file out")
    single = [(wild and data.ndim == expected_dims(options)) or data.ndim == 2 for _, data in found]
    last = _last(columns, found, single, options, lengths)
    framing = _framing(columns, found, single, options, last=last)
    counts = [1 if one else _true_count(columns, key, data, last, alone=len(found) == 1)
              for one, (key, data) in zip(single, found, strict=True)]  # fmt: skip
    parts = tuple(
        Part(key, count, not one, _block(data, framing), _coverage(data, one))
        for (key, data), one, count in zip(found, single, counts, strict=True)
    )
    if sum(counts) > _MOST_SHOTS:
        raise DataError(
            f"{columns.where(pattern)} has {sum(counts)} shots, at most {_MOST_SHOTS} are read at once",
            "get a whole copy, or import it in parts",
        )
    if not sum(counts):
        raise NoImageError(f"{columns.where(pattern)} holds no image", "leave this file out")
    return Images(
        parts,
        framing,
        str(found[0][1].dtype),
        sum(1 if one else data.shape[-1 if last else 0] for one, (_, data) in zip(single, found, strict=True)),
        _names(pattern, [key for key, _ in found]) if wild and all(single) else None,
        tuple(map(str, _names(pattern, [*missing, *(key for key, _ in void)]))) if missing or void else (),
    )


def _none(columns: Columns, pattern: str, missing: Sequence[str]) -> DataError:
    if missing:
        return DataError(f"{columns.where(pattern)}: {len(missing)} groups, none with images", "leave this file out")
    return DataError(f"{columns.where(pattern)} is the name of no data set", f"give another {IMAGES}")


def _require_numbers(columns: Columns, key: str, data: h5py.Dataset) -> None:
    if data.shape is None or data.dtype.kind not in "biuf":
        raise DataError(f"{columns.where(key)} is {data.dtype}, numbers are expected", "give the key of the images")
    if data.ndim < 2 or (data.ndim == 2 and 0 in data.shape):
        raise DataError(f"{columns.where(key)} has shape {data.shape}, a stack (N, H, W) is expected")


def _framing(
    columns: Columns,
    found: Sequence[tuple[str, h5py.Dataset]],
    single: Sequence[bool],
    options: FrameOptions,
    *,
    last: bool,
) -> Framing:
    """How the frames of all parts become images; parts of other shapes than the first are refused."""
    frames = [
        data.shape if one else data.shape[:-1] if last else data.shape[1:]
        for one, (_, data) in zip(single, found, strict=True)
    ]
    for frame, (key, _) in zip(frames, found, strict=True):
        if frame != frames[0]:
            raise DataError(
                f"{columns.where(key)} has images of shape {frame}, /{found[0][0]} of {frames[0]}",
                "import them separately",
            )
    if 0 in frames[0]:
        raise DataError(f"{columns.where(found[0][0])} has images of shape {frames[0]}, pixels are expected")
    return framing_of(columns.where(found[0][0]), frames[0], options, last=last)


def _last(
    columns: Columns,
    found: Sequence[tuple[str, h5py.Dataset]],
    single: Sequence[bool],
    options: FrameOptions,
    lengths: Collection[int],
) -> bool:
    """Whether the axis of the shots is the last one; a shape that speaks for that is asked about."""
    if options.axis is not None or all(single):
        return options.axis == "last"
    ends = [sum(data.shape[axis] for _, data in found) for axis in (0, -1)]
    key, data = found[0]
    if ends[0] in lengths:
        return False
    if ends[1] in lengths:
        raise MissingOptionError(
            f"{columns.where(key)} has shape {data.shape}: the columns have {ends[1]} entries, the length of its last "
            f"axis",
            "--axis last",
            "give --axis last if the shots are along it, --axis first otherwise",
        )
    first, second, third = data.shape[0], data.shape[-2], data.shape[-1]
    if data.ndim == 3 and not lengths and _elongation(second, third) > 4 * _elongation(first, second):
        raise MissingOptionError(
            f"{columns.where(key)} has shape {data.shape}: {first} images of {second} x {third} px, or {third} of "
            f"{first} x {second} px",
            "--axis last",
            "give --axis first or --axis last, whichever holds the shots",
        )
    return False


def _elongation(height: int, width: int) -> float:
    return max(height, width) / max(1, min(height, width))


def _true_count(columns: Columns, key: str, data: h5py.Dataset, last: bool, *, alone: bool) -> int:
    """Frames without padding: the attribute numEvents of the stack, or of a group above it."""
    padded = int(data.shape[-1 if last else 0])
    above = range(1, key.count("/") + 1) if alone else ()
    groups = [columns.file[key.rsplit("/", up)[0]] for up in above]
    for holder in (data, *groups, *([columns.file] if alone else [])):
        if "numEvents" in holder.attrs:
            value = np.asarray(holder.attrs["numEvents"]).reshape(-1)
            if value.size != 1 or value.dtype.kind not in "iu" or not 0 <= int(value[0]) <= padded:
                raise DataError(
                    f"{columns.where(key)}: numEvents is {value.tolist()}, expected 0 to {padded}, the length of the "
                    f"stack",
                    "get a whole copy",
                )
            return int(value[0])
    return padded


def _coverage(data: h5py.Dataset, single: bool) -> Coverage | None:
    held = coverage_of(data)
    return held.with_shots() if held is not None and single else held


def _block(data: h5py.Dataset, framing: Framing) -> int:
    """Frames that are read together: whole chunks, of about 64 MB."""
    stacked = data.ndim > len(framing.raw)
    per_chunk = data.chunks[-1 if framing.last else 0] if stacked and data.chunks else 1
    size = int(np.prod(framing.kept)) * data.dtype.itemsize
    block = max(1, int(_BYTES // size))
    return max(1, min(block // per_chunk * per_chunk or min(per_chunk, 4 * block), _MOST))


def _names(pattern: str, keys: Sequence[str]) -> ShotIds:
    """What the last wildcard stands for in each key; all of them, joined, where that repeats."""
    form = re.compile("/".join(_expression(part) for part in pattern.split("/") if part))
    texts = [match.groups() if (match := form.fullmatch(key)) else (key,) for key in keys]
    ends = [text[-1] for text in texts]
    return ids_of_names(ends if len(set(ends)) == len(ends) else [JOINT.join(text) for text in texts])


def _expression(part: str) -> str:
    """A part of a pattern as a regular expression, with a group for each wildcard."""
    pieces = re.split(r"(\*|\?|\[[^]]*\])", part)
    return "".join(
        {"*": "([^/]*)", "?": "([^/])"}.get(
            piece, f"({piece.replace('[!', '[^')})" if piece[:1] == "[" else re.escape(piece)
        )
        for piece in pieces
    )
