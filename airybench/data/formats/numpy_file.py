"""NPY stacks, and NPZ files whose arrays are named like the keys of HDF5 files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.numpy_array import numpy_arrays
from airybench.data.formats.numpy_columns import NumpyColumns
from airybench.data.formats.numpy_frames import NumpyFrames
from airybench.data.formats.numpy_names import completed_keys, last_axis, lengths_of_columns, name_of_images
from airybench.data.formats.restarting import told_apart
from airybench.data.reading.contradictions import refuse_idle_keys
from airybench.data.reading.frame_source import FramePart, frame_source
from airybench.data.reading.groups import by_path, named_groups
from airybench.data.reading.label_numbers import labels_with_doubt
from airybench.data.reading.label_words import with_labels
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import DataError
from airybench.reporter import Reporter

KIND, TITLE = "numpy", "NumPy file"
NEEDS = "an .npy file with a stack (N, H, W), or an .npz file"

_NPY, _ZIP = b"\x93NUMPY", b"PK"


def recognises(path: Path, options: SourceOptions) -> bool:
    """Whether a file begins, or is called, like one of NumPy."""
    if not path.is_file():
        return False
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return not _one_picture(path, options)
    with path.open("rb") as file:
        return file.read(6) == _NPY


def _one_picture(path: Path, options: SourceOptions) -> bool:
    """Whether an NPY file holds one image and nothing of it is said that only stacks have: its name is its id then."""
    keys = replace(options.keys, images=None, photon_energy=None, group_by=None)
    if path.suffix.lower() != ".npy" or keys != StackKeys() or options.frames != FrameOptions():
        return False
    try:
        [array] = numpy_arrays(path).values()
    except (DataError, ValueError):  # said when the file is opened
        return False
    return len(array.shape) == 2


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Read everything but the images.

    Raises:
        ConfigError: it cannot be known which array is what, or options contradict each other.
        DataError: a file is damaged, or an array breaks a rule.
    """
    choices: dict[str, str] = {}
    opened = [_part(path, options, reporter, choices) for path in paths]
    parts, words = [part for part, _ in opened], [some for _, some in opened if some is not None]
    if options.keys.group_by is not None:
        parts = _grouped(parts, options.keys.group_by)
    source = frame_source(parts, options, reporter, kind="stack", recognised=TITLE, choices=choices)
    by_file = options.keys.group_by in (None, "file") and not options.keys.groups
    if not options.keys.ids:
        source = told_apart(source, paths, by_file=by_file, reporter=reporter)
    return _worded(source, words, options, reporter) if words else source


def _grouped(parts: Sequence[FramePart], way: str) -> list[FramePart]:
    """The parts with their groups by path."""
    counts = [part.count for part in parts]
    numbers, names = by_path(way, [part.path for part in parts], counts)
    grouped, first = [], 0
    for part in parts:
        some = slice(first, first + part.count)
        events = {**part.events, **named_groups((numbers[some], None if names is None else names[some]))}
        grouped.append(replace(part, groups=numbers[some], events=events))
        first += part.count
    return grouped


def _worded(
    source: ShotSource, words: Sequence[NDArray[Any]], options: SourceOptions, reporter: Reporter
) -> ShotSource:
    """The source with labels that its files hold as words, or with doubts."""
    where = f"{source.path}: {options.keys.labels}"
    return with_labels(source, labels_with_doubt(words, options.labels, where, source.place), where, reporter)


def _part(
    path: Path, options: SourceOptions, reporter: Reporter, choices: dict[str, str]
) -> tuple[FramePart, NDArray[Any] | None]:
    """One file, and its labels where they are words."""
    arrays = numpy_arrays(path)
    images = arrays[name_of_images(path, arrays, options.keys.images)]
    keys = replace(options.keys, images=images.member or None)
    last = last_axis(images, options.frames.axis, lengths_of_columns(arrays, images))
    frames = NumpyFrames.of(images, options.frames, last=last)
    count = frames.count
    keys, notes = completed_keys(path, keys, arrays, frames)
    refuse_idle_keys(keys, path)
    for note in notes:
        reporter.notify(note)
    columns = NumpyColumns(path, arrays, keys, count)
    words = columns.words(options.labels)
    labels, class_names = (None, ()) if words is not None else columns.labels(options.labels)
    ids, energy, groups, events = columns.ids(), columns.energy(reporter), columns.groups(), columns.events()
    masks = columns.masks()
    if masks is not None:
        frames = frames.masked_by(masks, keys.mask_convention, reporter)
    told = {name for name in arrays if any(f": {name} " in note for note in notes)}
    told |= columns.used | {images.member or path.stem}
    unused = [array.words for name, array in arrays.items() if name not in told]
    if unused:
        reporter.notify(f"{path.name}: not used: {', '.join(unused)}; --labels, --mask, --energy, --events take such")
    choices.setdefault("images", ", ".join(filter(None, (images.words, frames.framing.words))))
    if energy is not None:
        choices.setdefault("energy", f"{keys.energy or keys.wavelength}, such as {energy[0]:.6g} eV")
    for name in ("ids", "labels", "groups", "mask"):
        key = getattr(keys, name)
        if key:
            choices.setdefault(name, ":".join(key) if isinstance(key, tuple) else key)
    part = FramePart(
        path=path,
        frames=frames,
        count=count,
        shape=frames.shape,
        ids=ids,
        photon_energy=energy,
        labels=labels,
        class_names=class_names,
        groups=groups,
        events=events,
        good=frames.good,
        masked=frames.masks is not None,
        mask_words=f"mask read by the convention {keys.mask_convention}" if keys.mask else "",
        itemsize=images.dtype.itemsize * max(1, int(np.prod(frames.framing.raw) // np.prod(frames.shape))),
        files=(path, *sorted(columns.files)),
    )
    return part, words
