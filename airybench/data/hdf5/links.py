"""Data sets whose bytes are really present: links followed, views checked, every further file known by name."""

import os
from enum import Enum
from pathlib import Path

import h5py

from airybench.data.hdf5.beside import beside, why_unreadable
from airybench.errors import DataError

_MOST_LINKS = 16
"""Links, and views of views, one after the other."""

_MOST_NAMED = 3
"""Files in one message."""

_ENDLESS = 1 << 62
"""A count or block that goes on as far as there is something is larger."""

_Part = tuple[bool, tuple[int, ...]]
"""What of a data set is read: all of it, and its lengths above 1; or where a part ends along each axis."""


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

    External links, the sources of a view and raw storage in other files are followed to files in the folder of this
    one or below, read-only as the file itself is (see `beside`).

    Args:
        path: the file, for messages.
        file: the same, open.
        key: of the data set.
        layout: why the key is expected, such as `as in CXIDB deposit 94`.
        remedy: what to do when it is missing.

    Raises:
        DataError: missing, a dead or outward link, a group, or a view of itself or of files that cannot be read.
    """
    others, route = _follow(path, file, key, 0)
    found = file.get(key) if route is _Route.WHOLE else None
    if found is None:
        why = "is missing" if route is _Route.MISSING else "links to a file or key that is not there"
        raise DataError(f"{path}: /{key} {why}; expected {layout}", remedy)
    if not isinstance(found, h5py.Dataset):
        raise DataError(f"{path}: /{key} is a group, a data set is expected {layout}")
    others |= _Sources(path, key).of(found)
    return (_with_storage_beside(found) if found.external else found), others


def target(file: h5py.File, key: str, links: int = 0) -> str:
    """The key at which something really is, once all soft links on the way are followed; at most as far as they lead.

    Args:
        file: open.
        key: with or without links on its way.
        links: how many were followed so far.
    """
    parts, way = [part for part in key.split("/") if part], ""
    for number, part in enumerate(parts):
        link = file.get(f"{way}/{part}", getlink=True)
        if isinstance(link, h5py.SoftLink) and links < _MOST_LINKS:
            start = link.path if link.path.startswith("/") else f"{way}/{link.path}"
            return target(file, "/".join([start, *parts[number + 1 :]]), links + 1)
        way = f"{way}/{part}"
    return way.strip("/")


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
    group, parts = file, [part for part in key.split("/") if part]
    if links > _MOST_LINKS:
        raise DataError(f"{path}: /{'/'.join(parts)} links to itself", "link it to a data set")
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
    other = beside(path, key, link.filename)
    if not other.is_file():
        raise DataError(
            f"{path}: /{key} links to a file or key that is not there: {link.filename} is missing", "put it there"
        )
    try:
        with h5py.File(other, "r", locking="best-effort") as file:
            more, route = _follow(other, file, f"{link.path}/{rest}", links + 1)
    except OSError as error:
        why = why_unreadable(other) or f"cannot be read ({str(error).splitlines()[0]})"
        raise DataError(f"{path}: /{key} links to {other.name}, which {why}", "get a whole copy of it") from error
    return {other.name} | more, route


def _with_storage_beside(values: h5py.Dataset) -> h5py.Dataset:
    """The same data set with its raw storage read from beside its file; by default HDF5 takes the current folder."""
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_efile_prefix(b"${ORIGIN}")
    file, name = values.file, values.name.encode()
    values.id.close()  # HDF5 takes no second opinion about a data set that is open
    return h5py.Dataset(h5py.h5d.open(file.id, name, access))


class _Sources:
    """The files that a view, or an externally stored data set, reads; each is looked for, since HDF5 would not say.

    Args:
        path: the file that messages name.
        key: of the data set, for messages.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._done: set[tuple[Path, str]] = set()
        self._faults: dict[str, str] = {}

    def of(self, values: h5py.Dataset) -> set[str]:
        """Names of those files.

        Raises:
            DataError: one is missing, may not be read, lacks the data set, lies outside, or the view reads itself.
        """
        found = self._walk(values, ())
        if self._faults:
            raise self._error()
        return found

    def _error(self) -> DataError:
        """Which sources cannot be read, and why; one reason at a time."""
        reason = self._faults[min(self._faults)]
        names = sorted(name for name, fault in self._faults.items() if fault == reason)
        listed = ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" * (len(names) > _MOST_NAMED))
        if len(names) > 1:
            reason = reason.replace("is ", "are ", 1).replace("has ", "have ", 1)
        it = "it" if len(names) == 1 else "them"
        remedy = f"get a whole copy of {it}"
        if "missing" in reason:
            elsewhere = any(os.path.isabs(name) for name in names)
            remedy = f"copy {it} beside it, or import the folder of the run" if elsewhere else f"put {it} there"
        return DataError(f"{self._path}: /{self._key} is a view of {listed}, which {reason}", remedy)

    def _walk(self, values: h5py.Dataset, above: tuple[tuple[Path, str], ...]) -> set[str]:
        home = Path(values.file.filename)
        here = (home.resolve(), values.name)
        if here in above or len(above) > _MOST_LINKS:
            raise DataError(
                f"{self._path}: /{self._key} is a view that reads itself (by /{values.name.strip('/')} of {home.name})",
                "make it a view of other data sets",
            )
        if here in self._done:
            return set()
        self._done.add(here)
        others: set[str] = set()
        for (name, inner), parts in _named(values).items():
            others |= {os.path.basename(name) if os.path.isabs(name) else name} - {"."}
            if name == ".":
                others |= self._inside(values.file, home.name, inner, parts, (*above, here))
            else:
                others |= self._outside(home, name, inner, parts, (*above, here))
        self._require_bytes(home, values)
        return others

    def _require_bytes(self, home: Path, values: h5py.Dataset) -> None:
        """Refuse raw storage that ends before the values do: HDF5 reads zeros there."""
        left = values.size * values.dtype.itemsize
        for name, offset, size in values.external or ():
            taken, other = min(left, size), beside(home, self._key, str(name))
            left -= taken
            if other.is_file() and other.stat().st_size < offset + taken:
                self._faults.setdefault(str(name), f"has {other.stat().st_size} bytes, {offset + taken} are expected")

    def _outside(
        self, home: Path, name: str, inner: str, parts: set[_Part], above: tuple[tuple[Path, str], ...]
    ) -> set[str]:
        other = beside(home, self._key, name)
        fault = why_unreadable(other) if other.is_file() or not other.exists() else "is no file"
        if not fault and inner:
            try:
                with h5py.File(other, "r", locking="best-effort") as file:
                    return self._inside(file, name, inner, parts, above)
            except (OSError, RuntimeError) as error:
                fault = f"cannot be read ({str(error).splitlines()[0]})"
        if fault:
            self._faults[name] = fault
        return set()

    def _inside(
        self, file: h5py.File, name: str, inner: str, parts: set[_Part], above: tuple[tuple[Path, str], ...]
    ) -> set[str]:
        # On the way to the data set there may be links, which lead no farther than any other.
        others, route = _follow(Path(file.filename), file, inner, 0)
        try:
            item = file[inner] if route is _Route.WHOLE or others else None
        except (KeyError, OSError, RuntimeError):
            item = None
        if isinstance(item, h5py.Dataset) and item.shape is not None:  # HDF5 may crash on a part of an empty space
            if all(_holds(item.shape, one) for one in parts):
                return others | self._walk(item, above)
            # HDF5 takes bytes of other images for those beyond an edge, and may crash on another number of axes.
            self._faults[name] = f"has {item.shape} in data set /{inner.strip('/')}, which the view does not fit"
            return set()
        what = "no data set" if item is None or not isinstance(item, h5py.Dataset) else "nothing in data set"
        self._faults[name] = f"has {what} /{inner.strip('/')}"
        return set()


def _named(values: h5py.Dataset) -> dict[tuple[str, str], set[_Part]]:
    """Names of files, `.` for the own one, of data sets in them (none for raw bytes), and the parts that are read."""
    found: dict[tuple[str, str], set[_Part]] = {}
    if not values.is_virtual:
        return {(str(item[0]), ""): set() for item in values.external or ()}
    for source in values.virtual_sources():
        part = _part(source.src_space, source.vspace)
        found.setdefault((source.file_name, source.dset_name), set()).update([part] if part else [])
    return found


def _part(space: h5py.h5s.SpaceID, place: h5py.h5s.SpaceID) -> _Part | None:
    """What of a data set a view takes; None where it does not say.

    Args:
        space: the part, in the data set.
        place: the same, in the view.
    """
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        sizes = [(count, block) for _, _, count, block in _axes(place)]
        return (
            None
            if not sizes or max(map(max, sizes)) >= _ENDLESS
            else (True, tuple(a * b for a, b in sizes if a * b > 1))
        )
    if axes := _axes(space):
        ends = (
            0 if max(count, block) >= _ENDLESS else (count - 1) * stride + block for _, stride, count, block in axes
        )
        return False, tuple(axis[0] + end for axis, end in zip(axes, ends, strict=True))
    return False, tuple(int(last) + 1 for last in space.get_select_bounds()[1])


def _axes(space: h5py.h5s.SpaceID) -> list[tuple[int, ...]]:
    """Start, stride, count and block along each axis; empty where the selection is no regular one."""
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return [(0, 1, 1, int(length)) for length in space.get_simple_extent_dims()]
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return []
    return [tuple(map(int, axis)) for axis in zip(*space.get_regular_hyperslab(), strict=True)]


def _holds(shape: tuple[int, ...], part: _Part) -> bool:
    """Whether a data set has a part that a view takes."""
    whole, lengths = part
    if whole:
        return tuple(length for length in shape if length > 1) == lengths
    return len(shape) == len(lengths) and all(stop <= length for stop, length in zip(lengths, shape, strict=True))
