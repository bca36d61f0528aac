"""Columns of one open HDF5 file: one value for each shot, found by key, with wildcards, or by ids of their own."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.tree import WILDCARDS, expanded
from airybench.data.reading.candidates import fitting_keys
from airybench.errors import DataError


def matching_keys(file: h5py.File, pattern: str) -> tuple[list[str], list[str]]:
    """Keys that a pattern names in a file, in natural order.

    Args:
        file: open.
        pattern: key, with or without wildcards; a wildcard does not cross a slash. A key that is there as it is
            written, such as `data[0]`, is itself.

    Returns:
        Keys that are there, and those of which only what the wildcards stand for is.
    """
    parts = [part for part in pattern.split("/") if part]
    wild = [number for number, part in enumerate(parts) if any(letter in part for letter in WILDCARDS)]
    if not wild or _present(file, "/".join(parts)):
        return ["/".join(parts)], []
    keys = expanded(parts[: wild[-1] + 1], lambda key: _names(file, key))
    rest = "/".join(parts[wild[-1] + 1 :])
    whole = [f"{key}/{rest}".strip("/") for key in keys]
    present = [key for key in whole if _present(file, key)]
    return present, [key for key in whole if key not in set(present)]


def _names(file: h5py.File, key: str) -> tuple[str, ...]:
    """Names in a group; none where the key is of no group."""
    group = file.get(key) if key else file
    return tuple(group) if isinstance(group, h5py.Group) else ()


def _present(file: h5py.File, key: str) -> bool:
    """Whether a key is named in a file, be it as a link that leads nowhere."""
    group, _, name = key.rpartition("/")
    parent = file.get(group) if group else file
    return isinstance(parent, h5py.Group) and parent.get(name, getlink=True) is not None


class Columns:
    """Columns of one open file.

    Args:
        path: the file.
        file: the same, open.

    Attributes:
        frames: number of shots of the source, without padding; set once the images are known.
        padded: the same with padding.
        order: row of each shot in columns that have ids of their own, -1 without one; None without such ids.
        listed: length of such columns.
        files: names of the other files that the bytes come from.
        growing: the file is being written, so that columns may be longer than what is there of all.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path, self.file = path, file
        self.frames = self.padded = self.listed = 0
        self.order: NDArray[np.int64] | None = None
        self.files: set[str] = set()
        self.growing = False

    def where(self, key: str) -> str:
        """File and key, for messages."""
        return f"{self.path}: /{key.strip('/')}"

    def data(self, key: str, option: str) -> h5py.Dataset:
        """A data set whose bytes are there; the files that they come from are noted.

        Args:
            key: without wildcards.
            option: of the command line that names it, for the message that lists what would fit.

        Raises:
            DataError: missing, or its bytes are.
        """
        key = key.strip("/")
        if not _present(self.file, key):
            fitting = fitting_keys(self.path, option, self.frames, self.padded)
            remedy = (
                f"these would fit: {', '.join(fitting)}; type {option} KEY" if fitting else f"give another {option}"
            )
            raise DataError(f"{self.where(key)} is missing", remedy)
        values, files = resolve(self.path, self.file, key)
        self.files |= files
        return values

    def every(self, pattern: str, option: str) -> list[tuple[str, h5py.Dataset]]:
        """The data sets that a key with or without wildcards names, in natural order.

        Raises:
            DataError: there is none.
        """
        present, _ = matching_keys(self.file, pattern)
        if not present:
            raise DataError(f"{self.where(pattern)} is the name of no data set", f"give another {option}")
        return [(key, self.data(key, option)) for key in present]

    def raw(self, key: str, option: str, kinds: str) -> NDArray[Any]:
        """All values of a column as one row, whatever their number.

        Args:
            key: with or without wildcards.
            option: of the command line that names it.
            kinds: letters of the dtypes that are of use; O for text of variable length.

        Raises:
            DataError: no such key, another dtype, or more than one long axis.
        """
        pieces = []
        for name, data in self.every(key, option):
            text = h5py.check_string_dtype(data.dtype) is not None
            if data.dtype.kind not in kinds or (data.dtype.kind == "O" and not text) or data.shape is None:
                raise self._useless(name, data, option)
            if sum(size != 1 for size in data.shape) > 1:
                raise self._misfit(name, data.shape)
            values = np.asarray(data[()]).reshape(-1)
            pieces.append(_text(values) if text else values)
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def column(self, key: str, option: str, kinds: str, *, scalar: bool = False) -> NDArray[Any]:
        """One value for each shot.

        Args:
            key: with or without wildcards; shape (N,), (N, 1) or, of columns with ids of their own, (M,).
            option: of the command line that names it.
            kinds: letters of the dtypes that are of use; O for text of variable length.
            scalar: whether one value may stand for all shots.

        Raises:
            DataError: see `raw`, or another number of values.
        """
        values = self.raw(key, option, kinds)
        if scalar and len(values) == 1:
            return np.repeat(values, self.frames)
        rows = self._rows(len(values))
        if rows is None:
            raise self._misfit(key, values.shape)
        return values[rows]

    def table(self, key: str, option: str, kinds: str) -> NDArray[Any]:
        """One row for each shot, shape (N,) or (N, C).

        Raises:
            DataError: no such key, another dtype or shape.
        """
        if len(matching_keys(self.file, key)[0]) != 1:
            return self.column(key, option, kinds)
        data = self.every(key, option)[0][1]
        if data.ndim != 2:
            return self.column(key, option, kinds)
        if data.dtype.kind not in kinds:
            raise self._useless(key, data, option)
        rows = self._rows(len(data))
        if rows is None:
            raise self._misfit(key, data.shape)
        return np.asarray(data[()][rows])

    def _rows(self, length: int) -> NDArray[np.int64] | slice | None:
        """Which entries of a column belong to the shots, in their order; None where its length fits none.

        Ids of their own come first: a list may be as long as the images and yet lack some of them.
        """
        if self.order is not None and length == self.listed:
            return np.maximum(self.order, 0)
        fits = length in (self.frames, self.padded) or (self.growing and length > self.frames)
        return slice(self.frames) if fits else None

    def attribute(self, key: str, names: tuple[str, ...]) -> Any:
        """The first of some attributes of a data set; None without any."""
        data = self.every(key, "")[0][1]
        return next((data.attrs[name] for name in names if name in data.attrs), None)

    def _useless(self, key: str, data: h5py.Dataset, option: str) -> DataError:
        return DataError(f"{self.where(key)} is {data.dtype}, which is of no use here", f"give another {option}")

    def _misfit(self, key: str, shape: tuple[int, ...]) -> DataError:
        return DataError(
            f"{self.where(key)} has shape {shape}, one entry for each of the {self.frames} images is expected",
            "give another key, or leave it out; of energies, --photon-energy EV is one for all",
        )


def _text(values: NDArray[Any]) -> NDArray[np.str_]:
    """Text as NumPy's `U`, without blanks around it; bytes that are no UTF-8 are read as Latin-1.

    >>> _text(np.array([b"a ", b""], object)).tolist()
    ['a', '']
    """
    return np.array([(_decoded(one) if isinstance(one, bytes) else str(one)).strip("\0 \t\r\n") for one in values], "U")


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
