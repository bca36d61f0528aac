"""One HDF5 file with images, a CXI file or a plain one: everything in it but the images."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import file_tree
from airybench.data.reading.columns import Columns, matching_keys
from airybench.data.reading.energy_column import energy_of
from airybench.data.reading.identifiers import identifiers, rows_of, without_event
from airybench.data.reading.label_numbers import numbers_or_doubts
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.data.reading.parts import Images, find_images
from airybench.data.reading.selection import Kept, select
from airybench.data.reading.shot_source import LeftOut
from airybench.data.reading.stack_images import StackImages, gaps_differ
from airybench.data.reading.stack_mask import check_convention, find_masks, whole_mask
from airybench.data.store.ids import ShotIds
from airybench.errors import ConfigError, DataError
from airybench.reporter import Reporter

_COLUMN_KINDS = "iufSO"


class NoShotLeftError(DataError):
    """All shots of a file are left out; of several files the others are read.

    Args:
        path: the file.
        left_out: why.
        count: number of its frames.
    """

    def __init__(self, path: Path, left_out: tuple[LeftOut, ...], count: int) -> None:
        reasons = "; ".join(f"{one.count} {one.reason}" for one in left_out)
        super().__init__(f"{path}: no shot is left ({reasons})", "select less strictly, or give other --ids")
        self.left_out, self.count = left_out, count


@dataclass(frozen=True)
class StackFile:
    """The columns of a file with N shots.

    Attributes:
        images: where the images are.
        found: the same, with what messages and people are told.
        ids: int64 or text, shape (N,).
        numbered: whether those are only the numbers of the frames.
        photon_energy: eV, float32, shape (N,); None when the file does not say.
        energy_words: where it comes from, for people.
        labels: shape (N, C) or (N,), numbers or words; None when the file has none.
        groups: whole numbers or text, shape (N,); None when the file has none.
        events: by name, each of shape (N,).
        files: names of the files that its bytes come from.
        left_out: shots that are not among the N.
        unmapped: share of the pixels that are in no source of a view.
    """

    images: StackImages
    found: Images
    ids: ShotIds
    numbered: bool
    photon_energy: NDArray[np.float32] | None = None
    energy_words: str = ""
    labels: NDArray[np.int64 | np.str_] | None = None
    groups: ShotIds | None = None
    events: dict[str, NDArray[Any]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unmapped: float = 0.0

    @property
    def path(self) -> Path:
        """The file."""
        return self.images.path

    @property
    def count(self) -> int:
        """Number of shots N."""
        return self.images.count


def read_stack_file(
    path: Path,
    keys: StackKeys,
    options: SourceOptions,
    reporter: Reporter,
    *,
    first: int = 0,
) -> StackFile:
    """Read and check everything but the images.

    Args:
        path: the file.
        keys: where things are in it.
        options: how frames become images, and which shots are taken.
        reporter: receives notices.
        first: number of the first frame, where the file has no ids.

    Raises:
        ConfigError: keys contradict each other.
        DataError: a key is missing, or holds impossible values.
    """
    if not keys.images:
        raise ConfigError(f"{path}: no key of the images; give --images KEY")
    with open_hdf5(path) as file:
        columns = Columns(path, file)
        found = find_images(columns, keys.images, options.frames, _lengths(columns, keys, options))
        if options.swmr:
            found = _written(columns, found, keys, options, reporter)
        columns.frames, columns.padded = found.count, found.padded
        ids, void = _ids(columns, keys, found, first)
        kept = Kept(ids)
        kept.leave_out("without an event (padding)", void)
        kept.leave_out("without data (in no source of the view)", found.empty())
        _by_ids(columns, keys, found, kept)
        select(columns, options.selection, kept)
        if found.incomplete:
            kept.left_out.append(LeftOut("without an image (incomplete)", found.incomplete))
        frames = np.flatnonzero(kept.taken)
        if not len(frames):
            raise NoShotLeftError(path, tuple(kept.left_out), found.count)
        energy, words = energy_of(columns, keys, frames, reporter)
        images, unmapped = _stack_images(columns, keys, found, frames, reporter)
        return StackFile(
            images=images,
            found=found,
            ids=ids[frames],
            numbered=not keys.ids and found.names is None and _frame_numbers(columns, found) is None,
            photon_energy=energy,
            energy_words=words,
            labels=_labels(columns, keys.labels, frames) if keys.labels else None,
            groups=_groups(columns, keys, frames),
            events=_events(columns, keys, frames),
            files=(path.name, *sorted(columns.files)),
            left_out=tuple(kept.left_out),
            unmapped=unmapped,
        )


def _written(columns: Columns, found: Images, keys: StackKeys, options: SourceOptions, reporter: Reporter) -> Images:
    """The images as far as all columns of a growing file are written, which happens one after the other."""
    lengths = _named_lengths(columns, keys, options) - {1}
    if len(found.parts) > 1:
        return found
    common = min({found.count} | lengths)
    if not common:
        raise DataError(f"{columns.path}: not all columns of a first shot are written", "wait with --wait SECONDS")
    columns.growing = True
    if lengths - {found.count}:
        reporter.notify(
            f"{columns.path.name}: {found.count} images and columns of {min(lengths)} to {max(lengths)} entries are "
            f"written by now; the first {common} shots are read"
        )
    return replace(found, parts=(replace(found.parts[0], count=common),))


def _lengths(columns: Columns, keys: StackKeys, options: SourceOptions) -> set[int]:
    """Lengths of the columns that belong to the images; of all columns of the file where no key names one."""
    lengths = _named_lengths(columns, keys, options)
    if _named(keys, options) or not keys.images:
        return lengths - {0, 1}
    shapes = [node.shape for node in file_tree(columns.path).datasets.values() if len(node.shape) == 1]
    return {shape[0] for shape in shapes} - {0, 1}


def _named(keys: StackKeys, options: SourceOptions) -> list[str]:
    """Keys of columns."""
    named = [*keys.ids, *keys.events, *options.selection.keep, *options.selection.drop]
    return named + [key for key in (keys.labels, keys.energy, keys.wavelength, keys.groups, keys.column_ids) if key]


def _named_lengths(columns: Columns, keys: StackKeys, options: SourceOptions) -> set[int]:
    """Lengths of the columns that a key names."""
    lengths = set()
    for pattern in _named(keys, options):
        present = [columns.file.get(key) for key in matching_keys(columns.file, pattern)[0]]
        sets = [one for one in present if isinstance(one, h5py.Dataset) and one.shape]
        if sets:
            lengths.add(sum(len(one) for one in sets))
    return lengths


def _ids(columns: Columns, keys: StackKeys, found: Images, first: int) -> tuple[ShotIds, NDArray[np.bool_]]:
    """Identifiers of all frames, and which of them hold no event."""
    if found.names is not None:
        # The name tells which image it is; a list of ids that is longer, or in another order, is one of columns.
        listed = keys.column_ids or (keys.ids[0] if len(keys.ids) == 1 else None)
        if listed:
            values = identifiers([(columns.where(listed), columns.raw(listed, "--ids", _COLUMN_KINDS))])
            order = rows_of(found.names, values)
            if (order >= 0).any() or keys.column_ids:
                columns.order, columns.listed = order, len(values)
                return found.names, np.zeros(found.count, bool)
        if not keys.ids:
            return found.names, np.zeros(found.count, bool)
    if not keys.ids:
        numbers: ShotIds | None = _frame_numbers(columns, found)
        if numbers is None:
            numbers = np.arange(first, first + found.count, dtype=np.int64)
        return numbers, np.zeros(found.count, bool)
    parts = [(columns.where(key), columns.column(key, "--ids", _COLUMN_KINDS)) for key in keys.ids]
    return identifiers(parts), without_event(parts)


def _frame_numbers(columns: Columns, found: Images) -> NDArray[np.int64] | None:
    """Numbers of the frames by the attribute that Eiger detectors give each part; None where a part has none."""
    lows = [columns.data(part.key, "--images").attrs.get("image_nr_low") for part in found.parts]
    if not all(isinstance(low, (int, np.integer)) and 0 <= low < 1 << 62 for low in lows):  # else damage
        return None
    numbers = [int(low) + np.arange(part.count) for low, part in zip(lows, found.parts, strict=True)]
    joined = np.concatenate(numbers)
    return joined if len(np.unique(joined)) == len(joined) else None


def _by_ids(columns: Columns, keys: StackKeys, found: Images, kept: Kept) -> None:
    """Match columns that have ids of their own, and leave out what is in only one of the two."""
    key = keys.column_ids
    if columns.order is None and key:
        values = identifiers([(columns.where(key), columns.raw(key, "--ids", _COLUMN_KINDS))])
        columns.order, columns.listed = rows_of(kept.ids, values), len(values)
    if columns.order is None:
        return
    key = key or keys.ids[0]
    listed = identifiers([(columns.where(key), columns.raw(key, "--ids", _COLUMN_KINDS))])
    kept.leave_out(f"that /{key.strip('/')} does not list", columns.order < 0)
    have = np.zeros(len(listed), bool)
    have[columns.order[columns.order >= 0]] = True
    without = [str(one) for one in listed[~have].tolist() if str(one) not in set(found.incomplete)]
    if without:
        kept.left_out.append(LeftOut(f"in /{key.strip('/')} without an image", tuple(without)))


def _stack_images(
    columns: Columns, keys: StackKeys, found: Images, frames: NDArray[np.int64], reporter: Reporter
) -> tuple[StackImages, float]:
    """Where the images are and what of them is good, and the share of the pixels that no source holds."""
    framing, axis = found.framing, -1 if found.framing.last else 0
    good, parts = framing.covered(), found.parts
    gaps = [0.0 if part.coverage is None else part.coverage.missing() * part.count for part in parts]
    if parts[0].coverage is not None and not gaps_differ(parts, framing):
        held = parts[0].coverage.part(axis, int(frames[0]), int(frames[0]) + 1)
        if held is not None:
            good = _both(good, framing.images(framing.pick(np.moveaxis(held, axis, 0)))[0])
        parts = (replace(parts[0], coverage=None),)
    masks = None
    if keys.mask:
        masks = find_masks(columns, keys.mask, str(keys.mask_convention), framing)
        check_convention(masks, columns, reporter)
        if not masks.each:
            good, masks = _both(good, whole_mask(masks)), None
    return StackImages(columns.path, parts, framing, frames, good, masks), sum(gaps) / found.count


def _both(one: NDArray[np.bool_] | None, other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return other if one is None else one & other


def _groups(columns: Columns, keys: StackKeys, frames: NDArray[np.int64]) -> ShotIds | None:
    """Runs by key; a key may also stand where the way to group is said."""
    key = keys.groups
    if key is None and keys.group_by and keys.group_by.strip("/") in columns.file:
        key = keys.group_by
    if key is None:
        return None
    return identifiers([(columns.where(key), columns.column(key, "--groups", _COLUMN_KINDS, scalar=True))])[frames]


def _events(columns: Columns, keys: StackKeys, frames: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Further identifiers, by the last part of their keys; by whole keys where those repeat."""
    ends = [key.rpartition("/")[2] for key in keys.events]
    events = {}
    for key, end in zip(keys.events, ends, strict=True):
        name = end if ends.count(end) == 1 else key.strip("/").replace("/", "_")
        values = columns.column(key, "--events", "biufSO", scalar=True)[frames]
        events[name] = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
    return events


def _labels(columns: Columns, key: str, frames: NDArray[np.int64]) -> NDArray[np.int64 | np.str_]:
    """Label vectors (N, C), class numbers (N,) or words (N,), checked as far as one file can be."""
    values = columns.table(key, "--labels", "biufSO")[frames]
    if values.dtype.kind in "USO":
        return np.asarray(values, np.str_)
    if values.ndim == 2 and values.shape[1] == 1 and (values > 1).any():
        values = values[:, 0]  # one column of class numbers, not of one class
    return numbers_or_doubts(values, columns.where(key), lambda row: f"entry {frames[row]}")


def linked_paths(files: Sequence[StackFile]) -> list[Path]:
    """The files that the bytes come from, beside those that were named."""
    names = {file.path.parent / name for file in files for name in file.files[1:]}
    names |= {file.images.masks.path for file in files if file.images.masks is not None}
    return sorted(path for path in names - {file.path for file in files} if path.is_file())
