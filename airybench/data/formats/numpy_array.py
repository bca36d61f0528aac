"""Arrays in NPY and NPZ files, read in stretches, never unpickled."""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from airybench.errors import DataError

_PIECE = 1 << 24
_DAMAGE = (
    *(OSError, ValueError, EOFError, LookupError, MemoryError, ArithmeticError, TypeError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What NumPy and zipfile raise on damaged files."""


@dataclass(frozen=True)
class NumpyArray:
    """One array of a file.

    Attributes:
        path: the file.
        member: its name in an NPZ file; empty for the one array of an NPY file.
        shape: of the array.
        dtype: of its values.
        fortran: whether its columns are stored one after the other.
    """

    path: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False

    @property
    def words(self) -> str:
        """For messages."""
        return f"{self.member or self.path.name} {self.dtype} {self.shape}"

    def all(self) -> NDArray[Any]:
        """The whole array."""
        return self.read(0, self.shape[0]) if self.shape else self._whole()

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Entries along the first axis from `start` to before `stop`.

        Raises:
            DataError: the file is damaged, or the array holds Python objects.
        """
        self.require_plain()
        if not self.member:
            with _readable(self.path):
                return np.array(np.load(self.path, mmap_mode="r", allow_pickle=False)[start:stop])
        if self.fortran or not self.shape:
            return self._whole()[start:stop]
        size = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        with _readable(self.path), zipfile.ZipFile(self.path) as archive, archive.open(f"{self.member}.npy") as file:
            _header(file)
            file.seek(start * size, 1)
            content = bytearray((stop - start) * size)
            view, done = memoryview(content), 0
            while done < len(content):
                got = file.read(min(_PIECE, len(content) - done))
                if not got:
                    raise EOFError("it ends too early")
                view[done : done + len(got)] = got
                done += len(got)
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])

    def _whole(self) -> NDArray[Any]:
        self.require_plain()
        with _readable(self.path):
            loaded = np.load(self.path, allow_pickle=False)
            if not self.member:
                return np.asarray(loaded)
            with loaded:
                return np.asarray(loaded[self.member])

    def require_plain(self) -> None:
        """Refuse an array of Python objects.

        Raises:
            DataError: it holds some.
        """
        if self.dtype.hasobject:
            what = f"{self.path}: {self.member or 'the array'} holds Python objects, which can run code when read"
            raise DataError(what, "save numbers, or text with .astype(str)")


def numpy_arrays(path: Path) -> dict[str, NumpyArray]:
    """The arrays of an NPZ file by name, or the one of an NPY file by the name of the file.

    Raises:
        DataError: the file is damaged, or its one array holds Python objects.
    """
    with _readable(path):
        if path.open("rb").read(6) == npy.MAGIC_PREFIX:
            with path.open("rb") as file:
                shape, fortran, dtype = _header(file)
            array = NumpyArray(path, "", shape, dtype, fortran)
            array.require_plain()
            np.load(path, mmap_mode="r", allow_pickle=False)  # refuses a file that is shorter than its header says
            return {path.stem: array}
        arrays = {}
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".npy"):
                    with archive.open(name) as file:
                        shape, fortran, dtype = _header(file)
                        due = 0 if dtype.hasobject else math.prod(shape) * dtype.itemsize
                        if archive.getinfo(name).file_size < file.tell() + due:
                            raise ValueError(f"{name} is shorter than its header says")
                    member = name.removesuffix(".npy")
                    arrays[member] = NumpyArray(path, member, shape, dtype, fortran)
    if not arrays:
        raise DataError(f"{path}: holds no array", "give a file that numpy.savez wrote")
    return arrays


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype; the file stands at the first value afterwards."""
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"version {version} of the format is not known")
    return read(file)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what NumPy and zipfile meet in damaged files into one line."""
    try:
        yield
    except _DAMAGE as error:
        why = str(error).split("\n")[0] or type(error).__name__
        raise DataError(f"{path}: truncated or damaged NumPy file ({why})", "get a whole copy") from error
    except (RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "save it with numpy.savez") from error
