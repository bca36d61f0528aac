"""HDF5 files opened and written so that whatever goes wrong is one clear line."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from airybench.errors import DataError
from airybench.paths import VARIABLE

_REMEDY = f"choose another folder with --output or {VARIABLE}"


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; any error of HDF5 becomes one clear line.

    Raises:
        DataError: the file is missing, no HDF5, truncated or damaged.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: a folder, a file is expected")
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            yield file
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read this file", "ask its owner") from error
    except (OSError, LookupError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        # h5py meets damaged headers with any of these.
        text = (str(error) or type(error).__name__).split("\n")[0]
        if "signature not found" in text:
            raise DataError(f"{path}: not an HDF5 file", "a store ends in .h5, a deposit in .cxi") from error
        why = "truncated" if "truncated" in text else "damaged"
        raise DataError(f"{path}: {why} HDF5 file ({text})", "copy, make or import it again") from error


@contextmanager
def writing(path: Path, what: str = "store") -> Iterator[None]:
    """Turn any error of the disk or of HDF5 while a file is written into one clear line.

    Args:
        path: the file.
        what: what to call it in the message.

    Raises:
        DataError: in place of that error.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = getattr(error, "errno", None)
        why = os.strerror(number) if number else str(error).split("\n")[0]
        remedy = f"free some space, or {_REMEDY}" if number in (errno.ENOSPC, errno.EDQUOT) else _REMEDY
        raise DataError(f"{path}: cannot write this {what} ({why})", remedy) from error
