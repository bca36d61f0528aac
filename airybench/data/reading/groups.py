"""Groups of shots: runs by key, folder, file or a part of a name, numbered, with the names kept."""

import re
from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.tree import natural
from airybench.data.reading.identifiers import ids_of_names
from airybench.data.store.ids import ShotIds, joined_ids
from airybench.errors import ConfigError, DataError

GROUP_NAME = "group_name"
"""Event column that keeps the names of groups that are numbered."""

Groups = tuple[NDArray[np.int32], NDArray[Any] | None]
"""Numbers of the groups, shape (N,), and their names where those are not the numbers."""


def numbered(values: Sequence[ShotIds]) -> Groups:
    """Groups of several files by their own numbers, or by names.

    Args:
        values: group of each shot, for each file; whole numbers or text.

    Returns:
        The numbers themselves where they are whole and fit into 32 bits; otherwise from 1 in natural order, and the
        names.

    >>> numbered([np.array(["run_10", "run_9"])])[0].tolist()
    [2, 1]
    """
    joined = joined_ids(values)
    if joined.dtype.kind in "iu" and (np.abs(joined.astype(np.float64)) <= np.iinfo(np.int32).max).all():
        return joined.astype(np.int32), None
    names = joined.astype("U")
    order = {name: number for number, name in enumerate(sorted(set(names.tolist()), key=natural), 1)}
    return np.array([order[name] for name in names.tolist()], np.int32), names


def by_folder(paths: Sequence[Path], counts: Sequence[int]) -> Groups:
    """One group for all files of a folder, named by what tells the folders apart.

    Args:
        paths: the files.
        counts: number of shots of each.
    """
    folders = [path.resolve().parent for path in paths]
    names = _short(folders)
    return numbered([np.full(count, names[folder], "U256") for folder, count in zip(folders, counts, strict=True)])


def by_file(counts: Sequence[int]) -> Groups:
    """One group for each file, numbered from 1 in the order given.

    Args:
        counts: number of shots of each.
    """
    return np.repeat(np.arange(1, len(counts) + 1, dtype=np.int32), counts), None


def by_path(way: str, paths: Sequence[Path], counts: Sequence[int]) -> Groups:
    """Groups of files whose shots have no keys.

    Args:
        way: `folder`, `file` or a regular expression with one group.
        paths: the files.
        counts: number of shots of each.

    Raises:
        ConfigError: no regular expression with one group.
        DataError: a path does not contain it.
    """
    if way == "folder":
        return by_folder(paths, counts)
    if way == "file":
        return by_file(counts)
    return by_pattern(way, paths, [[path.name] * count for path, count in zip(paths, counts, strict=True)])


def named_groups(found: Groups | None) -> dict[str, NDArray[Any]]:
    """The names of groups that are numbered, as a column of events; none where the numbers are the names.

    Args:
        found: groups, if there are any.
    """
    return {} if found is None or found[1] is None else {GROUP_NAME: np.char.encode(found[1], "utf-8")}


def by_pattern(pattern: str, paths: Sequence[Path], keys: Sequence[Sequence[str]]) -> Groups:
    """Groups by a part of the path of each file, and where that has none of the key of each image.

    Args:
        pattern: regular expression with one group.
        paths: the files.
        keys: of the image of each shot, for each file.

    Raises:
        ConfigError: no regular expression with one group.
        DataError: neither path nor key contains it.
    """
    try:
        form = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"--group-by {pattern!r} is no regular expression ({error})") from error
    if form.groups != 1:
        raise ConfigError(
            f"--group-by {pattern!r} has {form.groups} groups; folder, file, the key of a column or a regular "
            f"expression with one group in brackets is expected, such as 'run_(\\d+)'"
        )
    found: list[str] = []
    for path, some in zip(paths, keys, strict=True):
        whole = form.search(str(path.resolve()))
        for key in some:
            match = whole or form.search(key)
            if match is None or match[1] is None:
                raise DataError(f"{path}: --group-by {pattern!r} is neither in its path nor in /{key}", "give another")
            found.append(match[1])
    return numbered([ids_of_names(found)])


def _short(folders: Sequence[Path]) -> dict[Path, str]:
    """Names of folders without what all of them have in common, at the front and at the end.

    >>> list(_short([Path("/d/Run_001/raw"), Path("/d/Run_002/raw")]).values())
    ['Run_001', 'Run_002']
    """
    distinct = list(dict.fromkeys(folders))
    if len(distinct) == 1:
        return {distinct[0]: distinct[0].name}
    top = len(Path(commonpath(distinct)).parts)
    tails = [list(folder.parts[top:]) for folder in distinct]
    while all(len(tail) > 1 for tail in tails) and len({tail[-1] for tail in tails}) == 1:
        for tail in tails:
            tail.pop()
    return {folder: "/".join(tail) or "." for folder, tail in zip(distinct, tails, strict=True)}
