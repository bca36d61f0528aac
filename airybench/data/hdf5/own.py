"""Files that airybench writes itself: each data set lies in the file, with bytes of its own."""

from pathlib import Path

import h5py

from airybench.errors import DataError


def require_own(path: Path, file: h5py.File, key: str, *, remedy: str) -> None:
    """Refuse a key at which another program put a link, a view, bytes of another file, or nothing at all.

    A link could lead to another file, and a view of itself ends the process that reads it. What is missing is no
    matter here.

    Args:
        path: the file, for messages.
        file: the same, open.
        key: of a data set or group.
        remedy: what to do about it.

    Raises:
        DataError: there is such a thing on the way to the key, or at its end.
    """
    item, way = file, ""
    for part in key.split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if link is None:
            return
        way = f"{way}/{part}"
        if not isinstance(link, h5py.HardLink):
            raise DataError(f"{path}: {way} is a link, the data set itself is expected", remedy)
        item = item[part]
    if not isinstance(item, h5py.Dataset):
        return
    found = ""
    if item.is_virtual:
        found = "a view of other data sets"
    elif item.external:
        found = "stored outside this file"
    elif item.shape is None:
        found = f"an empty data set ({item.dtype}, no values)"
    if found:
        raise DataError(f"{path}: {way} is {found}, values of its own are expected", remedy)


def require_all_own(path: Path, file: h5py.File, *, remedy: str) -> None:
    """The same for everything in a file, two groups deep at most, which no file of this program exceeds.

    Args:
        path: the file, for messages.
        file: the same, open.
        remedy: what to do about it.

    Raises:
        DataError: as `require_own`.
    """
    for name in file:
        require_own(path, file, name, remedy=remedy)
        if isinstance(file[name], h5py.Group):
            for inner in file[name]:
                require_own(path, file, f"{name}/{inner}", remedy=remedy)
