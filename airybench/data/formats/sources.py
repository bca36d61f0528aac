"""From the files and folders that a user names to the files that are read, and the format that reads them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from airybench.data.formats.eiger import without_parts
from airybench.data.formats.format import Format, recognising
from airybench.data.formats.picture_listing import KINDS
from airybench.data.formats.unrecognised import unrecognised
from airybench.data.hdf5.tree import natural
from airybench.data.reading.options import SourceOptions
from airybench.errors import DataError, unknown
from airybench.reporter import Reporter

SUFFIXES = (".h5", ".hdf5", ".hdf", ".cxi", ".nxs")
"""Files of a folder that are looked at."""

DEEPEST = 3
"""Folders below the one that is named, in which files are looked for where it has none itself."""

_NAMED, _SEARCHED = 3, 10_000
_PLAIN = ("rawdata", "raw", "data", "proc")  # folders whose name tells nothing


def chosen(
    paths: Sequence[Path], options: SourceOptions, formats: Sequence[Format], reporter: Reporter
) -> tuple[Format, list[Path]]:
    """The format of a source, and the files to read in order.

    Of several files, and of those in a folder, all of one kind are read: the kind of most of them. The others are
    named.

    Args:
        paths: files or folders.
        options: how they are to be read; a kind given there comes before what is recognised.
        formats: in the order in which they are asked.
        reporter: receives a notice about files that are skipped.

    Raises:
        ConfigError: no such kind.
        DataError: a path is missing, or of no known format.
    """
    kinds = [one.KIND for one in formats]
    if options.kind is not None and options.kind not in kinds:
        raise unknown("kind", options.kind, kinds)
    if options.kind is not None:
        formats = [one for one in formats if options.kind == one.KIND]
    found: dict[Path, Format | None] = {}
    for path in in_order(paths):
        one = recognising(formats, path, options)
        if one is None and path.is_dir():
            found |= {file: recognising(formats, file, options) for file in files_in(path)}
        else:
            found[path] = one
    known = [one for one in found.values() if one is not None]
    if not known:
        if options.kind is not None:
            return formats[0], list(found)  # which says what is missing
        raise unrecognised(next(iter(found)), list(found), options)
    kind = _commonest(known)
    one = next(one for one in known if kind == one.KIND)
    alike = [path for path, of in found.items() if of is not None and kind == of.KIND]
    if len(alike) < len(found):
        skipped = [path for path in found if path not in set(alike)]
        reporter.notify(f"{_listed(skipped)}: skipped, of another kind than the rest ({one.TITLE})")
    return one, without_parts(alike)


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Files in natural order where they come as a shell lists them; otherwise as they were named.

    >>> [str(path) for path in in_order([Path("run_10.h5"), Path("run_9.h5")])]
    ['run_9.h5', 'run_10.h5']
    >>> [str(path) for path in in_order([Path("b.h5"), Path("a.h5")])]
    ['b.h5', 'a.h5']
    """
    if [str(path) for path in paths] != sorted(str(path) for path in paths):
        return list(paths)
    return sorted(paths, key=lambda path: natural(str(path)))


def named_by(paths: Sequence[Path], files: Sequence[Path], options: SourceOptions) -> SourceOptions:
    """The options with a name for the data set: that of a folder, where the files of one are read.

    Args:
        paths: as the user gave them.
        files: that are read.
        options: whose name comes first.
    """
    if options.name is not None or len(paths) > 1 or list(files) == list(paths):
        return options
    folder = paths[0].resolve()
    return replace(options, name=folder.parent.name if folder.name in _PLAIN else folder.name)


def files_in(folder: Path) -> list[Path]:
    """The HDF5 files of a folder in natural order; where it has none itself, of the folders below it.

    Raises:
        DataError: there is none.
    """
    pattern = "*"
    for _ in range(DEEPEST + 1):
        files = [path for path in folder.glob(pattern) if path.suffix.lower() in SUFFIXES and path.is_file()]
        files = [path for path in files if not path.name.startswith(".")]
        if files:
            return sorted(files, key=lambda path: natural(str(path)))
        pattern += "/*"
    deep = next((path for path in islice(folder.rglob("*"), _SEARCHED) if path.suffix.lower() in KINDS), None)
    if deep is not None:
        raise DataError(
            f"{folder}: pictures such as {deep.relative_to(folder)} are further down than one sub-folder",
            "give the folder above those of the classes or runs",
        )
    raise DataError(
        f"{folder}: neither a folder of pictures nor one with files {', '.join(SUFFIXES)}, down to {DEEPEST} folders "
        f"below it",
        "name the files",
    )


def _commonest(known: Sequence[Format]) -> str:
    """The kind of most files, the first of equals; a store is a result, and read only where there is nothing else."""
    counts = Counter(one.KIND for one in known if one.KIND != "store")
    return counts.most_common(1)[0][0] if counts else known[0].KIND


def _listed(paths: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in paths[:_NAMED])
    return names if len(paths) <= _NAMED else f"{names} and {len(paths) - _NAMED} more"
