"""What an HDF5 file contains, listed without reading its counts."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from airybench.data.hdf5.inspection import inspect
from airybench.data.hdf5.listing import MOST_CHILDREN
from airybench.data.hdf5.opening import explained_fault, require_file

WILDCARDS = "*?["
"""Letters of a pattern that stand for others; none crosses a slash."""


@dataclass(frozen=True)
class DatasetNode:
    """One data set.

    Attributes:
        key: its name, without a leading slash.
        shape: () for a scalar.
        dtype: as NumPy writes it; `object` for text of variable length.
        attributes: its small ones (`units`, `numEvents`, ...), as plain values.
        target: the key at which it really is, where soft links lead there; otherwise `key`.
        virtual: whether it is a view of other data sets.
        fault: why it cannot be read; empty where it can.
        empty: whether it is a null data set, which has a dtype but no values.
        risky: whether its bytes pass through a decoder that may crash on damaged ones.
    """

    key: str
    shape: tuple[int, ...]
    dtype: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""
    virtual: bool = False
    fault: str = ""
    empty: bool = False
    risky: bool = False

    @property
    def kind(self) -> str:
        """Kind of its values in any byte order, as `numpy.dtype.kind`: u, i and f for numbers, S, U and O for text.

        >>> DatasetNode("images", (4, 9, 9), ">u2").kind
        'u'
        """
        try:
            return np.dtype(self.dtype).kind
        except (TypeError, ValueError, SyntaxError):  # of several fields
            return "V"


@dataclass(frozen=True)
class FileTree:
    """The groups and data sets of one file.

    Attributes:
        path: the file.
        datasets: by key, without a leading slash, in the order of the file.
        children: names of what each group holds, by key of the group; "" is the root. All of them, even where only the
            first MOST_CHILDREN are listed among `datasets`.
        attributes: of each group that has any, by key; small ones, as plain values.
        live: whether another program is writing the file, in SWMR mode.
    """

    path: Path
    datasets: Mapping[str, DatasetNode]
    children: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    live: bool = False

    def first(self, *keys: str) -> str | None:
        """The first of some keys that is a data set, or a link that leads nowhere; None when none is."""
        return next((key for key in keys if self._named(key)), None)

    def matching(self, pattern: str) -> list[str]:
        """Keys of the data sets that a pattern with `*` names, in natural order; `*` does not cross a slash.

        Groups with many children are searched in full.
        """
        keys = expanded(pattern.strip("/").split("/"), lambda key: self.children.get(key, ()))
        return [key for key in keys if self._may_hold(key)]

    def _named(self, key: str) -> bool:
        group, _, name = key.rpartition("/")
        return key not in self.children and name in self.children.get(group, ())

    def _may_hold(self, key: str) -> bool:
        """Whether a key is a data set, or lies in a part of the tree that was not listed in full."""
        if key in self.datasets:
            return True
        group, _, name = key.rpartition("/")
        while group not in self.children and group:
            group, _, name = group.rpartition("/")
        names = self.children.get(group, ())
        return name in names and names.index(name) >= MOST_CHILDREN


def expanded(parts: Sequence[str], names: Callable[[str], Iterable[str]]) -> list[str]:
    """Keys that a pattern can stand for, in natural order; its last part need not be there.

    Args:
        parts: of the pattern, between its slashes.
        names: of what the group of a key holds; "" is the root.

    >>> expanded(["run_*", "data"], lambda key: ["run_10", "run_9", "other"])
    ['run_9/data', 'run_10/data']
    """
    keys = [""]
    for part in parts:
        if any(letter in part for letter in WILDCARDS):
            keys = [
                f"{key}/{name}".strip("/")
                for key in keys
                for name in sorted((name for name in names(key) if fnmatchcase(name, part)), key=natural)
            ]
        else:
            keys = [f"{key}/{part}".strip("/") for key in keys]
    return keys


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key by which `tag_9` comes before `tag_10`.

    >>> sorted(["tag_10", "tag_9"], key=natural)
    ['tag_9', 'tag_10']
    """
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def may_crash(path: Path, keys: Iterable[str]) -> bool:
    """Whether reading some data sets could crash the process that does it.

    Args:
        path: the file.
        keys: of the data sets; one that was not listed could.

    Raises:
        DataError: see `file_tree`.
    """
    known = file_tree(path).datasets
    nodes = [known.get(key.strip("/")) for key in keys]
    return any(node is None or node.risky for node in nodes)


def file_tree(path: Path) -> FileTree:
    """List a file. Another process opens it (see `inspection`), which remembers a file that has not changed.

    Raises:
        DataError: the file is missing, damaged or no HDF5, or it crashes or hangs that process.
    """
    require_file(path)
    listing = inspect(path)
    if "error" in listing:
        raise explained_fault(path, listing["error"])
    datasets = {
        key: DatasetNode(**{**known, "shape": tuple(known["shape"])}) for key, known in listing["datasets"].items()
    }
    children = {key: tuple(names) for key, names in listing["children"].items()}
    return FileTree(path, datasets, children, listing["attributes"], live=listing["live"])
