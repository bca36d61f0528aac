"""All that an HDF5 file holds, as plain values for JSON, with a probe of every data set; run by the inspector.

Whatever a foreign file can do to a program, it does here: a damaged header, a decoder that crashes, a view that reads
itself, a circle of groups.
"""

import os
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that files of the field are compressed with)
import numpy as np

from airybench.data.hdf5.links import resolve, target
from airybench.errors import DataError

MOST_CHILDREN = 64
"""Children of one group that are listed in full; of further ones only the names are."""

_MOST_ITEMS = 20_000
_MOST_DEPTH = 32
_MOST_NAMES = 1_000_000
_SMALL = 1024
"""Values of an attribute that is listed."""

_LARGE_CHUNK = 1 << 28
"""Bytes of a chunk that is not probed."""

_FLAT, _FLAT_BYTES = 2, 1 << 26
"""Axes and bytes of a column or a mask of one image."""

FAULTS = (OSError, LookupError, RuntimeError, ValueError, TypeError, MemoryError, ArithmeticError, AttributeError)
"""With any of these h5py meets what is damaged."""

_SAFE_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_SZIP,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
    h5py.h5z.FILTER_LZF,
}
"""What HDF5 and h5py decode themselves; a damaged chunk is an error there, while bitshuffle crashes on some."""


def list_file(path: Path, at: Callable[[str], None]) -> dict[str, Any]:
    """List a file.

    Args:
        path: the file.
        at: called with the key of each item before it is touched.

    Returns:
        `datasets`, `children` and `attributes` as `FileTree` has them; `others`, the paths of the further files that
        bytes come from; `live`, whether another program writes the file in SWMR mode; `error` in place of all these
        where the file cannot be opened.
    """
    live = False
    try:
        file = h5py.File(path, "r", locking="best-effort")
    except FAULTS as error:
        if not being_written(str(error)):
            return {"error": text_of(error)}
        try:
            file, live = h5py.File(path, "r", swmr=True), True
        except FAULTS:
            return {"error": text_of(error)}
    with file:
        listing = _Listing(path, file, at)
        listing.group(file, "", "", ())
    return {
        "datasets": listing.datasets,
        "children": listing.children,
        "attributes": listing.attributes,
        "others": sorted(listing.others),
        "live": live,
    }


def being_written(text: str) -> bool:
    """Whether an error of HDF5 says that another program has the file open for writing."""
    return "unable to lock file" in text or "already open for" in text


def text_of(error: BaseException) -> str:
    """An error of HDF5 as one line."""
    return " ".join(str(error).split()) or type(error).__name__


class _Listing:
    """What was found so far."""

    def __init__(self, path: Path, file: h5py.File, at: Callable[[str], None]) -> None:
        self._path, self._file, self._at = path, file, at
        self._items = 0
        self.datasets: dict[str, dict[str, Any]] = {}
        self.children: dict[str, list[str]] = {}
        self.attributes: dict[str, dict[str, Any]] = {}
        self.others: set[str] = set()

    def group(self, group: h5py.Group, key: str, real: str, above: tuple[h5py.Group, ...]) -> None:
        """List a group and all that is below it; `real` is its key where no soft links are on the way."""
        self._at(key)
        attributes = _attributes(group)
        if attributes:
            self.attributes[key] = attributes
        if group in above or len(above) > _MOST_DEPTH or self._items > _MOST_ITEMS:
            return
        try:
            names = list(islice(group, _MOST_NAMES))
        except FAULTS:
            return
        self.children[key] = names
        for name in names[:MOST_CHILDREN]:
            self._items += 1
            self._item(name, f"{key}/{name}".strip("/"), f"{real}/{name}".strip("/"), (*above, group))

    def _item(self, name: str, key: str, real: str, above: tuple[h5py.Group, ...]) -> None:
        self._at(key)
        group = above[-1]
        files: set[str] = set()
        try:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.HardLink):
                item = group[name]
                if isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
                    del item
                    item, files = resolve(self._path, self._file, key)
            elif not isinstance(link, h5py.SoftLink | h5py.ExternalLink):
                return
            else:
                item, files = self._linked(key)
                real = target(self._file, real) if isinstance(link, h5py.SoftLink) else key
        except DataError as error:
            self.datasets[key] = _faulty(key, error.found)
            return
        except FAULTS as error:
            self.datasets[key] = _faulty(key, f"cannot be read ({text_of(error)})")
            return
        self.others |= {str(self._path.parent / one) for one in files}
        if isinstance(item, h5py.Group):
            self.group(item, key, real, above)
        elif isinstance(item, h5py.Dataset):
            self.datasets[key] = {"key": key, "target": real, **_described(item)}

    def _linked(self, key: str) -> tuple[Any, set[str]]:
        """What a link leads to, a group or a data set; files that lie elsewhere are not opened."""
        try:
            return resolve(self._path, self._file, key)
        except DataError as error:
            if "is a group" not in error.found:
                raise
            return self._file[key], set()


def _faulty(key: str, fault: str) -> dict[str, Any]:
    return {"key": key, "shape": [], "dtype": "", "target": key, "fault": fault}


def _described(values: h5py.Dataset) -> dict[str, Any]:
    """Shape, dtype, attributes and so on of a data set, and whether its first and last values can be read."""
    try:
        known = {
            "shape": list(values.shape or ()),
            "dtype": str(values.dtype),
            "attributes": _attributes(values),
            "virtual": bool(values.is_virtual),
            "empty": values.shape is None,
            "risky": _risky(values),
        }
    except FAULTS as error:
        return {"shape": [], "dtype": "", "fault": f"cannot be read ({text_of(error)})"}
    try:
        _probe(values, whole=_risky(values) and values.ndim <= _FLAT and values.nbytes <= _FLAT_BYTES)
    except FAULTS as error:
        known["fault"] = f"cannot be read ({text_of(error)})"
    return known


def _risky(values: h5py.Dataset) -> bool:
    """Whether a damaged chunk could crash the decoder; sources of a view are taken as such.

    A checksum over the encoded bytes, as stores have, is tested before they are decoded.
    """
    plist = values.id.get_create_plist()
    filters = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
    if values.is_virtual:
        return True
    return not set(filters) <= _SAFE_FILTERS and filters[-1] != h5py.h5z.FILTER_FLETCHER32


def _probe(values: h5py.Dataset, *, whole: bool) -> None:
    """Read the first value and the last one, with the chunks around them; or all, as the program will itself.

    Images are read by worker processes, but columns and masks by the program, which a damaged chunk may not reach.
    """
    if whole and values.shape is not None and values.size:
        values[()]
        return
    if values.shape is None or 0 in values.shape:
        return
    if values.chunks and np.prod(values.chunks, dtype=float) * values.dtype.itemsize > _LARGE_CHUNK:
        return
    values[(0,) * values.ndim]
    if values.ndim:
        values[tuple(length - 1 for length in values.shape)]


def _attributes(item: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """The small attributes of a group or data set; those that cannot be read are left out."""
    found: dict[str, Any] = {}
    try:
        names = list(islice(item.attrs, _SMALL))
    except FAULTS:
        return found
    for name in names:
        try:
            if np.prod(item.attrs.get_id(name).shape or (), dtype=float) <= _SMALL:
                found[name] = plain(item.attrs[name])
        except FAULTS:
            continue
    return found


def plain(value: Any) -> Any:
    """A value of HDF5 as one for JSON: numbers, text, lists of them; None for an empty one.

    >>> plain(np.array([1, 2], "u2")), plain(np.float32(0.5)), plain(np.bytes_(b"keV")), plain(h5py.Empty("f4"))
    ([1, 2], 0.5, 'keV', None)
    """
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return value if isinstance(value, str | int | float | bool) else None


def fingerprint(path: str | os.PathLike[str]) -> tuple[int, ...]:
    """Numbers that change when a file does; none when there is no such file."""
    try:
        stat = os.stat(path)
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
