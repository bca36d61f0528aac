"""Data sets whose bytes are really there: links followed, views checked, every further file known by name."""

from pathlib import Path

import h5py

from airybench.errors import DataError

_HOPS = 16


def resolve(
    path: Path, file: h5py.File, key: str, *, layout: str = "", remedy: str = ""
) -> tuple[h5py.Dataset, set[str]]:
    """A data set, and the names of the other files that its bytes come from.

    External links are followed to files of the same folder only, read-only as the file itself is.

    Args:
        path: the file, for messages.
        file: the same, open.
        key: of the data set.
        layout: what says that the key should be there, such as `as in CXIDB deposit 94`.
        remedy: what to do when it is not.

    Raises:
        DataError: missing, a dead or outward link, a group, or a view of files that are not there.
    """
    expected, remedy = f"expected {layout or 'by the keys given'}", remedy or "give the key of a data set"
    others, whole = _links(path, file, key, 0)
    at = file.get(key) if whole else None
    if at is None:
        why = "is missing" if whole is None else "links to a file or key that is not there"
        raise DataError(f"{path}: /{key} {why}; {expected}, {remedy}")
    if not isinstance(at, h5py.Dataset):
        raise DataError(f"{path}: /{key} is a group, a data set is {expected}")
    home = Path(at.file.filename)
    return at, others | _sources(path, home, key, at)


def _links(path: Path, file: h5py.File, key: str, hops: int) -> tuple[set[str], bool | None]:
    """Files behind the external links on the way, and whether the way is whole (True), ends (None) or dangles."""
    if hops > _HOPS:
        raise DataError(f"{path}: /{key} links to itself; link it to a data set")
    at, parts = file, [part for part in key.split("/") if part]
    for number, part in enumerate(parts):
        link = at.get(part, getlink=True) if isinstance(at, h5py.Group) else None
        if link is None:
            return set(), None if hops == 0 else False
        rest = "/".join(parts[number + 1 :])
        if isinstance(link, h5py.SoftLink):
            target = link.path if link.path.startswith("/") else f"{at.name}/{link.path}"
            return _links(path, at.file, f"{target}/{rest}", hops + 1)
        if isinstance(link, h5py.ExternalLink):
            other = _neighbour(path, key, link.filename)
            if not other.is_file():
                return set(), False
            with h5py.File(other, "r", locking="best-effort") as far:
                more, whole = _links(other, far, f"{link.path}/{rest}", hops + 1)
            return {other.name} | more, whole
        at = at[part]
    return set(), True


def _neighbour(path: Path, key: str, name: str) -> Path:
    other = path.parent / name
    if other.resolve().parent not in (path.parent.resolve(), path.resolve().parent):
        raise DataError(
            f"{path}: /{key} links to {name}, outside the folder of this file; only links to files of the same folder "
            f"are followed: put it there and link it by its name"
        )
    return other


def _sources(path: Path, home: Path, key: str, values: h5py.Dataset) -> set[str]:
    """Files that a view or an externally stored data set reads; HDF5 hands out fill values where one is missing."""
    names: dict[str, str] = {}
    if values.is_virtual:
        names = {source.file_name: source.dset_name for source in values.virtual_sources() if source.file_name != "."}
    elif values.external:
        names = dict.fromkeys((str(item[0]) for item in values.external), "")
        for name in names:
            _neighbour(path, key, name)
    missing, others = [], set()
    for name, inner in names.items():
        other = home.parent / name
        if not other.is_file():
            missing.append(name)
        elif inner:
            try:
                with h5py.File(other, "r", locking="best-effort") as far:
                    others |= _sources(other, other, inner, far[inner])
            except (OSError, KeyError, RuntimeError):
                missing.append(f"{name} (/{inner.lstrip('/')} cannot be read there)")
        others.add(name)
    if missing:
        which = "which is missing; put it there" if len(missing) == 1 else "which are missing; put them there"
        raise DataError(f"{path}: /{key} is a view of {', '.join(sorted(missing))}, {which}")
    return others
