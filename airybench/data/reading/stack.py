"""Stacks of images, CXI files of the form entry_1/data_1/data and plain HDF5 ones, one file or several."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.reading.binning import binned_mask
from airybench.data.reading.conversion import Conversion, RawImage, readable
from airybench.data.reading.masks import CONVENTIONS, good_pixels
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import Block, ShotReader, ShotSource, file_identity
from airybench.data.reading.stack_file import StackFile, StackImages, read_stack_file
from airybench.data.store.labels import kind_of_labels, named_once
from airybench.errors import ConfigError, DataError, unknown
from airybench.reporter import Reporter


def read_stack(
    paths: Sequence[Path],
    options: SourceOptions,
    reporter: Reporter,
    known: Callable[[Path], StackKeys] = lambda path: StackKeys(),
    recognised: str = "",
) -> ShotSource:
    """Read and check everything but the images of one file or several.

    Args:
        paths: the files; with several, their number is the group where no key gives one.
        options: keys, the rule by which values become counts, and class names.
        reporter: receives notices.
        known: the keys that the format of a file tells; those of `options` come before them.
        recognised: the format in words.

    Raises:
        ConfigError: options contradict each other.
        DataError: a source breaks a rule; the message names file, key and entry.
    """
    _check_options(options)
    if len({path.resolve() for path in paths}) < len(paths):
        raise DataError("a source was given twice", "name each file once")
    keys = replace(options.keys, labels=None) if options.labels.ignore else options.keys
    each = [keys.completed(known(path)) for path in paths]
    keys = each[0]
    files = [read_stack_file(path, own, reporter) for path, own in zip(paths, each, strict=True)]
    _require_alike(files)
    conversion = Conversion.of(files[0].images.shape, options.rule, options.factor)
    convention = keys.mask_convention if keys.mask else None
    labels, class_names = _labels(files, keys, options.labels)
    return ShotSource(
        paths=tuple(paths),
        ids=_ids(files, reporter),
        image_shape=conversion.image_shape,
        read=StackReader(tuple(file.images for file in files), conversion, convention),
        identity=file_identity(paths, keys, conversion.rule, conversion.factor),
        block=files[0].images.block,
        name=options.name or files[0].path.stem,
        kind="stack",
        class_names=class_names,
        labels=labels,
        label_kind="multilabel" if labels is None else kind_of_labels(labels, class_names),
        photon_energy=_joined([file.photon_energy for file in files]),
        groups=_groups(files),
        events=_events(files),
        mask=_shared_mask(files, conversion),
        counts_rule=conversion.rule.words(conversion.factor, convention or ""),
        binning=conversion.factor,
        detector_shape=conversion.detector_shape,
        files=tuple(chain.from_iterable(file.files for file in files)),
        place=lambda row: _place(files, row),
        recognised=recognised,
    )


@dataclass(frozen=True)
class StackReader(ShotReader):
    """Reads the images of some files, block by block.

    Attributes:
        files: where the images are.
        conversion: from images to counts.
        convention: what the values of masks mean; None without masks.
    """

    files: tuple[StackImages, ...]
    conversion: Conversion
    convention: str | None

    @property
    def masked(self) -> bool:
        """Whether each shot has a mask of its own."""
        return self.conversion.rule.masks or any(images.masks for images in self.files)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        bounds = np.cumsum([0, *(images.count for images in self.files)])
        for images, (first, stop) in zip(self.files, pairwise(bounds), strict=True):
            inside = rows[(rows >= first) & (rows < stop)] - first
            if len(inside):
                yield from self._blocks_of(images, inside)

    def _blocks_of(self, images: StackImages, rows: NDArray[np.int64]) -> Iterator[Block]:
        with open_hdf5(images.path) as file:
            stack, _ = resolve(images.path, file, images.key)
            masks = resolve(images.path, file, images.masks)[0] if images.masks else None
            for some in np.split(rows, np.flatnonzero(np.diff(rows // images.block)) + 1):
                raw = self._images(images, stack, masks, some)
                yield self.conversion.block(images.path, raw, len(some), masked=self.masked)

    def _images(
        self, images: StackImages, stack: h5py.Dataset, masks: h5py.Dataset | None, rows: NDArray[np.int64]
    ) -> Iterator[RawImage]:
        first, stop = int(rows[0]), int(rows[-1]) + 1
        values = _read(images.path, images.key, stack, first, stop)
        flags = None if masks is None else _read(images.path, str(images.masks), masks, first, stop)
        for row in rows - first:
            good = images.good if flags is None else good_pixels(flags[row], str(self.convention))
            yield f"/{images.key} entry {first + row}", values[row], good


def _read(path: Path, key: str, data: h5py.Dataset, first: int, stop: int) -> NDArray[Any]:
    with readable(path, f"/{key} entries {first} to {stop - 1}"):
        return np.asarray(data[first:stop] if data.ndim == 3 else data[()][None])


def _check_options(options: SourceOptions) -> None:
    """Refuse options that contradict each other."""
    keys, labels = options.keys, options.labels
    if keys.mask_convention is not None and keys.mask_convention not in CONVENTIONS:
        raise unknown("mask convention", keys.mask_convention, CONVENTIONS)
    if keys.mask and keys.mask_convention is None:
        raise ConfigError(
            f"--mask needs --mask-convention, one of {', '.join(CONVENTIONS)}: masks contradict each other"
        )
    if keys.labels and labels.csv:
        raise ConfigError("--labels and --labels-csv were both given; one is enough")
    if labels.class_names and not keys.labels and not labels.csv:
        raise ConfigError("--class-names were given without labels; give --labels KEY or --labels-csv FILE")


def _require_alike(files: Sequence[StackFile]) -> None:
    """Refuse files of other image shapes or other columns than the first."""
    first = files[0]
    for file in files[1:]:
        if file.images.shape != first.images.shape:
            raise DataError(
                f"{file.path}: images are {file.images.shape}, in {first.path.name} {first.images.shape}",
                "import them separately",
            )
        if (file.ids is None) != (first.ids is None) or file.events.keys() != first.events.keys():
            raise DataError(f"{file.path}: has other columns than {first.path.name}", "import them separately")


def _ids(files: Sequence[StackFile], reporter: Reporter) -> NDArray[np.int64]:
    ids = _joined([file.ids for file in files])
    if ids is None:
        reporter.notify("no ids: shots are numbered from 0 in file order; --ids KEY takes the source's own")
        return np.arange(sum(file.count for file in files), dtype=np.int64)
    return ids


def _groups(files: Sequence[StackFile]) -> NDArray[np.int32]:
    """Groups by key; else the number of the file, from 1, where there are several."""
    numbers = range(1, len(files) + 1) if len(files) > 1 else (0,)
    return np.concatenate(
        [
            np.full(file.count, number, np.int32) if file.groups is None else file.groups
            for number, file in zip(numbers, files, strict=True)
        ]
    )


def _events(files: Sequence[StackFile]) -> dict[str, NDArray[Any]]:
    """Further identifiers of all files, by name."""
    return {name: np.concatenate([file.events[name] for file in files]) for name in files[0].events}


def _joined(parts: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    """One column out of those of all files; None when a file has none."""
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if len(present) == len(parts) else None


def _place(files: Sequence[StackFile], row: int) -> str:
    """What to call a row of all files in messages."""
    for file in files:
        if row < file.count:
            break
        row -= file.count
    return f"{file.path.name} entry {row}"


def _labels(
    files: Sequence[StackFile], keys: StackKeys, options: LabelOptions
) -> tuple[NDArray[np.uint8] | None, tuple[str, ...]]:
    """Labels (N, C) of all files and their C class names; none without a key."""
    if not keys.labels:
        return None, ()
    names, where = options.class_names, f"{files[0].path}: /{keys.labels}"
    if names is None:
        raise ConfigError(f"{where} needs names for its labels; give --class-names A,B,...")
    parts = [file.labels for file in files if file.labels is not None]
    if len({part.shape[1:] for part in parts}) > 1:
        raise DataError(
            f"{where} has another number of labels than the same key of another file", "import them separately"
        )
    values = np.concatenate(parts)
    if values.ndim == 1:
        if values.max() >= len(names):
            row = int(values.argmax())
            raise DataError(
                f"{where}: {_place(files, row)} is class {values[row]}, {len(names)} class names were given"
            )
        values = np.eye(len(names), dtype=np.int64)[values]
    return values.astype(np.uint8), named_once(values.shape[1], names, where)


def _shared_mask(files: Sequence[StackFile], conversion: Conversion) -> NDArray[np.bool_] | None:
    """The one mask of all shots of all files as it is stored; None when there is no such mask."""
    first = files[0].images.good
    if first is None or conversion.rule.masks:
        return None
    for file in files[1:]:
        if file.images.good is None or (file.images.good != first).any():
            raise DataError(f"{file.path}: has another mask than {files[0].path.name}", "import them separately")
    return binned_mask(first, conversion.factor)
