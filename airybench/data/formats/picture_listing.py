"""Which pictures a folder holds, what they are called, and which classes its sub-folders are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.tree import natural
from airybench.errors import ConfigError, DataError

KINDS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".npy": "NPY"}
"""Suffixes of pictures that are read."""

REFUSED = {
    **dict.fromkeys(
        (".jpg", ".jpeg", ".webp", ".gif"), "lose counts when they are saved; save 16-bit PNG, TIFF or NPY"
    ),
    **dict.fromkeys((".cbf", ".edf"), "are not read; convert them to TIFF or NPY, with the package fabio"),
    ".bmp": "hold 8 bits; save 16-bit PNG, TIFF or NPY",
}
"""Suffixes of pictures that are not read, and what to do with them."""

_NAMED = 5


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder, in natural order.

    Attributes:
        files: of one kind.
        folders: names of the sub-folders that they are in, a class or a run each; empty where they are not in any.
        skipped: names of what else is there.
    """

    files: tuple[Path, ...]
    folders: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The number of the sub-folder of each file, shape (n,)."""
        return np.array([self.folders.index(file.parent.name) for file in self.files], np.int64)

    @property
    def skipped_words(self) -> str:
        """What else is there, for a notice."""
        more = len(self.skipped) - _NAMED
        return ", ".join(self.skipped[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def holds_pictures(path: Path) -> bool:
    """Whether a path is a picture, or a folder of pictures or of folders of them."""
    if path.is_file():
        return path.suffix.lower() in KINDS
    if not path.is_dir():
        return False
    names = {inner.suffix.lower() for inner in (*_visible(path), *_below(path)) if inner.is_file()}
    return bool(names & (KINDS.keys() | REFUSED.keys()))


def list_pictures(paths: Sequence[Path], pattern: str | None) -> Listing:
    """The pictures of a folder, or some pictures.

    Args:
        paths: one folder, or files.
        pattern: which names to take, with wildcards; None for all.

    Raises:
        ConfigError: pictures of several kinds are there.
        DataError: there are none.
    """
    if not paths[0].is_dir():
        return _of_one_kind(paths[0].parent, tuple(paths), (), ())
    folder = paths[0]
    if len(paths) > 1:
        raise ConfigError(f"{folder}: one folder at a time, or files; put several below one folder")
    here = _visible(folder)
    files = _pictures(here, pattern)
    if files:
        chosen = set(files)
        skipped = tuple(inner.name for inner in here if inner not in chosen)
        return _of_one_kind(folder, files, (), skipped)
    folders = [inner for inner in here if inner.is_dir() and _pictures(_visible(inner), pattern)]
    below = [inner for one in folders for inner in _visible(one)]
    files = _pictures(below, pattern)
    taken = {*files, *folders}
    skipped = tuple(str(inner.relative_to(folder)) for inner in (*here, *below) if inner not in taken)
    if not files:
        raise _nothing(folder, (*here, *_below(folder)), pattern)
    return _of_one_kind(folder, files, tuple(one.name for one in folders), skipped)


def _visible(folder: Path) -> list[Path]:
    """What is in a folder, in natural order, without hidden files."""
    try:
        inner = [path for path in folder.iterdir() if not path.name.startswith((".", "__"))]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})", "give a folder of pictures") from error
    return sorted(inner, key=lambda path: natural(path.name))


def _below(folder: Path) -> list[Path]:
    return [inner for one in _visible(folder) if one.is_dir() for inner in _visible(one)]


def _pictures(files: Sequence[Path], pattern: str | None) -> tuple[Path, ...]:
    """Those that are pictures; a link that leads nowhere counts, and is refused when it is opened."""
    return tuple(
        file
        for file in files
        if file.suffix.lower() in KINDS and not file.is_dir() and (pattern is None or fnmatchcase(file.name, pattern))
    )


def _of_one_kind(folder: Path, files: tuple[Path, ...], folders: tuple[str, ...], skipped: tuple[str, ...]) -> Listing:
    kinds = Counter(KINDS.get(file.suffix.lower(), file.suffix or "no suffix") for file in files)
    if len(kinds) > 1:
        found = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        raise ConfigError(f"{folder}: holds {found} pictures; name those of one kind with --images '*.tif' or the like")
    return Listing(files, folders, skipped)


def _nothing(folder: Path, files: Sequence[Path], pattern: str | None) -> DataError:
    if pattern is not None:
        return DataError(f"{folder}: no picture is called {pattern}", "PNG, TIFF and NPY are read; correct --images")
    for file in files:
        if file.suffix.lower() in REFUSED:
            return DataError(f"{folder}: {file.suffix} pictures such as {file.name} {REFUSED[file.suffix.lower()]}")
    return DataError(f"{folder}: holds no pictures", "give a folder of PNG, TIFF or NPY files")
