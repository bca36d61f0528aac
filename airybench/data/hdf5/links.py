"""Data sets whose bytes are really present: links followed, views checked, every further file known by name."""

from enum import Enum
from pathlib import Path

import h5py

from airybench.errors import DataError

_MOST_LINKS = 16


class _Route(Enum):
    """How the way through groups and links to a key ends."""

    WHOLE = "at the key"
    MISSING = "before the key, without any link"
    BROKEN = "at a link to a file or key that does not exist"


def resolve(
    path: Path,
    file: h5py.File,
    key: str,
    *,
    layout: str = "by the keys given",
    remedy: str = "give the key of a data set",
) -> tuple[h5py.Dataset, set[str]]:
    """A data set, and the names of the other files that its bytes come from.

    External links are followed to files of the same folder only, read-only as the file itself is.

    Args:
        path: the file, for messages.
        file: the same, open.
        key: of the data set.
        layout: why the key is expected, such as `as in CXIDB deposit 94`.
        remedy: what to do when it is missing.

    Raises:
        DataError: missing, a dead or outward link, a group, or a view of files that are missing.
    """
    others, route = _follow(path, file, key, 0)
    found = file.get(key) if route is _Route.WHOLE else None
    if found is None:
        why = "is missing" if route is _Route.MISSING else "links to a file or key that is not there"
        raise DataError(f"{path}: /{key} {why}; expected {layout}", remedy)
    if not isinstance(found, h5py.Dataset):
        raise DataError(f"{path}: /{key} is a group, a data set is expected {layout}")
    return found, others | _view_sources(path, Path(found.file.filename), key, found)


def _follow(path: Path, file: h5py.File, key: str, links: int) -> tuple[set[str], _Route]:
    """Walk through groups and links to a key.

    Args:
        path: the file that the walk has reached.
        file: the same, open.
        key: what is left of the way.
        links: how many were followed so far.

    Returns:
        Names of the files that external links lead to, and how the way ends.
    """
    if links > _MOST_LINKS:
        raise DataError(f"{path}: /{key} links to itself", "link it to a data set")
    group, parts = file, [part for part in key.split("/") if part]
    for number, part in enumerate(parts):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        rest = "/".join(parts[number + 1 :])
        if link is None:
            return set(), _Route.BROKEN if links else _Route.MISSING
        if isinstance(link, h5py.SoftLink):
            target = link.path if link.path.startswith("/") else f"{group.name}/{link.path}"
            return _follow(path, group.file, f"{target}/{rest}", links + 1)
        if isinstance(link, h5py.ExternalLink):
            return _follow_outside(path, key, link, rest, links)
        group = group[part]
    return set(), _Route.WHOLE


def _follow_outside(path: Path, key: str, link: h5py.ExternalLink, rest: str, links: int) -> tuple[set[str], _Route]:
    """Walk on in the file that an external link leads to."""
    other = _neighbour(path, key, link.filename)
    if not other.is_file():
        return set(), _Route.BROKEN
    with h5py.File(other, "r", locking="best-effort") as file:
        more, route = _follow(other, file, f"{link.path}/{rest}", links + 1)
    return {other.name} | more, route


def _neighbour(path: Path, key: str, name: str) -> Path:
    """A file in the folder of this one, by the name that a link gives.

    Raises:
        DataError: the name leads out of the folder.
    """
    other = path.parent / name
    if other.resolve().parent not in (path.parent.resolve(), path.resolve().parent):
        raise DataError(
            f"{path}: /{key} links to {name}, outside the folder of this file; only links to files of the same folder "
            f"are followed",
            "put it there and link it by its name",
        )
    return other


def _view_sources(path: Path, home: Path, key: str, values: h5py.Dataset) -> set[str]:
    """Names of the files that a view, or an externally stored data set, reads.

    HDF5 returns fill values where such a file is missing, so each is looked for.

    Args:
        path: the file that messages name.
        home: the file that holds the data set, and beside which its sources lie.
        key: of the data set, for messages.
        values: the data set.

    Raises:
        DataError: a source is missing or cannot be read.
    """
    names = _source_names(path, key, values)
    others, missing = set(names), []
    for name, inner in names.items():
        if not (home.parent / name).is_file():
            missing.append(name)
        elif inner:
            try:
                with h5py.File(home.parent / name, "r", locking="best-effort") as file:
                    others |= _view_sources(home.parent / name, home.parent / name, inner, file[inner])
            except (OSError, KeyError, RuntimeError):
                missing.append(f"{name} (/{inner.lstrip('/')} cannot be read there)")
    if missing:
        which, remedy = ("is", "put it there") if len(missing) == 1 else ("are", "put them there")
        raise DataError(f"{path}: /{key} is a view of {', '.join(sorted(missing))}, which {which} missing", remedy)
    return others


def _source_names(path: Path, key: str, values: h5py.Dataset) -> dict[str, str]:
    """Keys in other files by file name; the key is empty for raw bytes."""
    if values.is_virtual:
        return {source.file_name: source.dset_name for source in values.virtual_sources() if source.file_name != "."}
    names = [str(item[0]) for item in values.external or ()]
    for name in names:
        _neighbour(path, key, name)
    return dict.fromkeys(names, "")
