"""HDF5 files opened and written so that whatever goes wrong is one clear line."""

import errno
import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from airybench.data.hdf5.inspection import require_sound
from airybench.data.hdf5.listing import FAULTS, being_written, text_of
from airybench.errors import DataError
from airybench.paths import VARIABLE

_AGAIN = "copy, make or import it again"
_RECENT = 60
"""Seconds since the last change of a file that may still be being written."""

_REMEDY = f"choose another folder with --output or {VARIABLE}"


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; any error of HDF5 becomes one clear line.

    A file that this process did not make is opened by the inspector first, so that one that crashes HDF5 is an error
    as well. A file that another program writes in SWMR mode is read as far as it is written; `require_written` is the
    place to refuse it.

    Raises:
        DataError: the file is missing, no HDF5, truncated, damaged, or locked by a program that writes it.
    """
    require_file(path)
    require_sound(path)
    try:
        with _opened(path) as file:
            yield file
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read this file", "ask its owner") from error
    except FAULTS as error:
        raise explained_fault(path, text_of(error)) from error


def require_file(path: Path) -> None:
    """Refuse what is no file.

    Raises:
        DataError: the path is missing, a folder, a pipe or a device.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a pipe or a device"
        raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: {found}, a file is expected")


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r", locking="best-effort")
    except OSError as error:
        if not being_written(str(error)):
            raise
        try:
            return h5py.File(path, "r", swmr=True)
        except OSError:
            raise error from None


def explained_fault(path: Path, text: str) -> DataError:
    """The error for a file that HDF5 does not open or read.

    Args:
        path: the file.
        text: what HDF5 says, one line.
    """
    if "signature not found" in text:
        return DataError(f"{path}: not an HDF5 file", "a store ends in .h5, a deposit in .cxi")
    if "too many links" in text:
        return DataError(f"{path}: a link in it leads back to itself", "name a data set that is there")
    if being_written(text):
        return DataError(
            f"{path}: is being written by another program, or was left open by one that was killed",
            "wait for it with --wait SECONDS; for one that was killed, h5clear -s FILE frees the file",
        )
    if "truncated" in text:
        age = time.time() - path.stat().st_mtime if path.exists() else math.inf
        still = "; it changed within the last minute and may still be being written: --wait SECONDS waits for it"
        return DataError(f"{path}: truncated HDF5 file ({text}){still * (age < _RECENT)}", _AGAIN)
    return DataError(f"{path}: damaged HDF5 file ({text})", _AGAIN)


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
        said = re.search(r"errno = (\d+)", str(error))  # in the second line of what HDF5 says
        number = getattr(error, "errno", None) or (int(said[1]) if said else None)
        why = os.strerror(number) if number else str(error).split("\n")[0]
        remedy = f"free some space, or {_REMEDY}" if number in (errno.ENOSPC, errno.EDQUOT) else _REMEDY
        raise DataError(f"{path}: cannot write this {what} ({why})", remedy) from error
