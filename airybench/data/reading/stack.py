"""Stacks of images in HDF5: CXI files and plain ones, one file or several, one data set or many."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.tree import file_tree
from airybench.data.reading.binning import binned_mask
from airybench.data.reading.choices import choices_of
from airybench.data.reading.contradictions import refuse_idle_keys
from airybench.data.reading.conversion import Conversion
from airybench.data.reading.groups import GROUP_NAME, Groups, by_file, by_folder, by_pattern, numbered
from airybench.data.reading.label_numbers import label_vectors, labels_with_doubt
from airybench.data.reading.label_words import with_labels
from airybench.data.reading.masks import CONVENTIONS
from airybench.data.reading.options import LabelOptions, Selection, SourceOptions, StackKeys
from airybench.data.reading.parts import NoImageError
from airybench.data.reading.selection import merged
from airybench.data.reading.shot_source import ShotSource, file_identity, joined_column, located
from airybench.data.reading.stack_file import NoShotLeftError, StackFile, linked_paths, read_stack_file
from airybench.data.reading.stack_reader import StackReader
from airybench.data.store.ids import joined_ids
from airybench.data.store.labels import kind_of_labels
from airybench.errors import DataError, MissingOptionError
from airybench.reporter import Reporter

_UNAPPLIED = {"scale_factor": 1, "scaling_factor": 1, "add_offset": 0, "offset": 0}
"""Attributes of netCDF and NeXus, and what they are where they change nothing."""


def read_stack(
    paths: Sequence[Path],
    options: SourceOptions,
    reporter: Reporter,
    known: Callable[[Path], StackKeys] = lambda path: StackKeys(),
    selected: Callable[[Path], Selection] | None = None,
    recognised: str = "",
) -> ShotSource:
    """Read and check everything but the images of one file or several.

    Args:
        paths: the files; with several, their number is the group where nothing else gives one.
        options: keys, frames, selection, the rule by which values become counts, and class names.
        reporter: receives notices.
        known: the keys that the format of a file tells; those of `options` come before them.
        selected: which shots of a file are taken; by default those of `options`.
        recognised: the format in words.

    Raises:
        ConfigError: options contradict each other.
        DataError: a source breaks a rule; the message names file, key and entry.
    """
    said = replace(options.keys, labels=None) if options.labels.ignore else options.keys
    each = [said.completed(known(path)) for path in paths]
    keys = each[0]
    _check_options(options, keys, paths[0])
    if len({path.resolve() for path in paths}) < len(paths):
        raise DataError("a source was given twice", "name each file once")
    files: list[StackFile] = []
    empty: list[NoShotLeftError] = []
    void: list[NoImageError] = []
    first = 0
    for path, own in zip(paths, each, strict=True):
        try:
            its = options if selected is None else replace(options, selection=selected(path))
            files.append(read_stack_file(path, own, its, reporter, first=first))
            first += files[-1].found.count
        except NoShotLeftError as error:
            empty.append(error)
            first += error.count
        except NoImageError as error:
            void.append(error)
            if len(paths) > 1:
                reporter.notify(f"{error.found}; this file is left out")
    if not files:
        raise [*empty, *void][0]
    _require_alike(files)
    _say_unapplied(files, reporter)
    conversion = Conversion.of(files[0].images.shape, options.rule, options.factor)
    labels, class_names = _labels(files, keys, options.labels)
    groups, group_names = _groups(files, keys)
    if all(file.numbered for file in files):
        reporter.notify("no ids: shots are numbered from 0 in file order; --ids KEY takes the source's own")
    left_out = merged(
        [*(one for file in files for one in file.left_out), *(one for error in empty for one in error.left_out)]
    )
    mask = _shared_mask(files, conversion)
    energy = joined_column([file.photon_energy for file in files])
    source = ShotSource(
        paths=tuple(paths),
        ids=joined_ids([file.ids for file in files]),
        image_shape=conversion.image_shape,
        read=StackReader(tuple(file.images for file in files), conversion),
        identity=file_identity([*paths, *linked_paths(files), *_geometry(options)], *_ways(options, each, conversion)),
        block=1 if left_out or len(files[0].found.parts) > 1 else files[0].found.parts[0].block,
        name=options.name or files[0].path.stem,
        kind="stack",
        class_names=class_names,
        labels=labels,
        label_kind="multilabel" if labels is None else kind_of_labels(labels, class_names),
        photon_energy=energy,
        groups=groups,
        events=_events(files, group_names),
        mask=mask,
        counts_rule=conversion.rule.words(conversion.factor, _mask_words(keys)),
        binning=conversion.factor,
        detector_shape=conversion.detector_shape,
        files=tuple(dict.fromkeys(chain.from_iterable(file.files for file in files))),
        place=lambda row: _place(files, row),
        recognised=recognised,
        left_out=left_out,
    )
    source = replace(source, choices=choices_of(source, files, keys))
    return _worded(source, files, keys, options.labels, reporter)


def _ways(options: SourceOptions, each: Sequence[StackKeys], conversion: Conversion) -> tuple[object, ...]:
    """All that changes what is read."""
    listed = options.selection.select
    content = listed.read_bytes() if listed is not None and listed.is_file() else None
    rest = replace(options, keys=StackKeys(), rule=conversion.rule, factor=conversion.factor)
    return (*dict.fromkeys(each), replace(rest, labels=LabelOptions(), name=None), content)


def _geometry(options: SourceOptions) -> list[Path]:
    return [] if options.frames.geometry is None else [options.frames.geometry]


def _check_options(options: SourceOptions, known: StackKeys, path: Path) -> None:
    """Refuse options that lack what they need; those that exclude each other were refused before."""
    refuse_idle_keys(known, path)
    if known.mask and known.mask_convention is None:
        raise MissingOptionError(
            f"the mask /{known.mask.strip('/')} may be read in several ways",
            "--mask-convention CONVENTION",
            f"--mask needs --mask-convention, one of {', '.join(CONVENTIONS)}: masks contradict each other",
        )


def _say_unapplied(files: Sequence[StackFile], reporter: Reporter) -> None:
    """A word on attributes by which other programs turn the numbers of the images into values: none is applied."""
    for file in files:
        node = file_tree(file.path).datasets.get(file.images.parts[0].key)
        said = {} if node is None else {name: node.attributes.get(name, usual) for name, usual in _UNAPPLIED.items()}
        odd = [f"{name} {value}" for name, value in said.items() if value not in (_UNAPPLIED[name], [_UNAPPLIED[name]])]
        if odd and node is not None:
            reporter.notify(f"{file.path}: /{node.key} has the attribute {' and '.join(odd)}, which is not applied")


def _require_alike(files: Sequence[StackFile]) -> None:
    """Refuse files of other image shapes or other columns than the first."""
    first = files[0]
    for file in files[1:]:
        if file.images.shape != first.images.shape:
            raise DataError(
                f"{file.path}: images are {file.images.shape}, in {first.path.name} {first.images.shape}",
                "import them separately",
            )
        if file.numbered != first.numbered or file.events.keys() != first.events.keys():
            raise DataError(f"{file.path}: has other columns than {first.path.name}", "import them separately")


def _groups(files: Sequence[StackFile], keys: StackKeys) -> tuple[NDArray[np.int32] | None, NDArray[Any] | None]:
    """Groups by key, folder, file or part of a name; else the number of the file, where there are several."""
    counts = [file.count for file in files]
    by_key = [file.groups for file in files if file.groups is not None]
    found: Groups
    if by_key and len(by_key) == len(files):
        found = numbered(by_key)
    elif by_key:
        raise DataError(f"{files[0].path}: some files have groups and others have none", "give --group-by file")
    elif keys.group_by == "folder":
        found = by_folder([file.path for file in files], counts)
    elif keys.group_by in (None, "file"):
        found = by_file(counts) if len(files) > 1 or keys.group_by else (np.zeros(counts[0], np.int32), None)
    else:
        images = [file.images for file in files]
        names = [[image.parts[int(number)].key for number in image.part_of(image.frames)] for image in images]
        found = by_pattern(str(keys.group_by), [file.path for file in files], names)
    return found


def _events(files: Sequence[StackFile], group_names: NDArray[Any] | None) -> dict[str, NDArray[Any]]:
    """Further identifiers of all files, by name; among them the names of groups that are numbered."""
    events = {name: np.concatenate([file.events[name] for file in files]) for name in files[0].events}
    if group_names is not None and GROUP_NAME not in events:
        events[GROUP_NAME] = np.char.encode(group_names, "utf-8")
    return events


def _place(files: Sequence[StackFile], row: int) -> str:
    """What to call a row of all files in messages."""
    number, row = located(row, [file.count for file in files])
    file = files[number]
    frame = int(file.images.frames[row])
    where = f"entry {frame}" if len(file.images.parts) == 1 else file.images.place(frame)
    return f"{file.path.name} {where}"


def _labels(
    files: Sequence[StackFile], keys: StackKeys, options: LabelOptions
) -> tuple[NDArray[np.uint8] | None, tuple[str, ...]]:
    """Labels (N, C) of all files and their C class names; none without a key."""
    if not keys.labels:
        return None, ()
    where = f"{files[0].path}: /{keys.labels}"
    parts = [file.labels for file in files if file.labels is not None]
    if any(_in_words(part) for part in parts):
        return None, ()  # words become labels once the source is there, see `_worded`
    if len({part.shape[1:] for part in parts}) > 1:
        raise DataError(
            f"{where} has another number of labels than the same key of another file", "import them separately"
        )
    return label_vectors(np.concatenate(parts), options.class_names, where, lambda row: _place(files, row))


def _worded(
    source: ShotSource, files: Sequence[StackFile], keys: StackKeys, options: LabelOptions, reporter: Reporter
) -> ShotSource:
    """The source with the labels that its files hold as words, or with doubts, where they do."""
    parts = [file.labels for file in files if file.labels is not None]
    if not any(_in_words(part) for part in parts):
        return source
    where = f"{files[0].path}: /{keys.labels}"
    return with_labels(source, labels_with_doubt(parts, options, where, source.place), where, reporter)


def _in_words(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind == "U" or bool((labels < 0).any())


def _mask_words(keys: StackKeys) -> str:
    return str(keys.mask_convention) if keys.mask else ""


def _shared_mask(files: Sequence[StackFile], conversion: Conversion) -> NDArray[np.bool_] | None:
    """The one mask of all shots of all files as it is stored; None when there is no such mask."""
    if conversion.rule.masks or any(file.images.own_masks for file in files):
        return None
    first = files[0].images.good
    for file in files[1:]:
        if not np.array_equal(_or_all(file.images.good), _or_all(first)):
            raise DataError(f"{file.path}: has another mask than {files[0].path.name}", "import them separately")
    return None if first is None else binned_mask(first, conversion.factor)


def _or_all(good: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    return np.ones((), bool) if good is None else good
