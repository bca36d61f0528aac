"""Files that another program is still writing: refused, waited for, or read as far as they are written."""

import time
from pathlib import Path

import h5py

from airybench.data.hdf5.inspection import inspect
from airybench.data.hdf5.listing import being_written, fingerprint
from airybench.errors import DataError

_PAUSE = 0.5
"""Seconds between two looks at a file."""

_REST = 2.0
"""Seconds without a change after which a file counts as complete."""


def require_written(path: Path, *, swmr: bool = False, wait: float = 0.0) -> None:
    """Refuse a file that another program is writing, or wait until it is complete.

    Args:
        path: a file of any kind, or a folder, which is not looked into.
        swmr: a file that is written in SWMR mode is taken as it is now.
        wait: seconds to wait until the file is there, can be opened, and no longer changes.

    Raises:
        DataError: it is still being written, or HDF5 does not survive it.
    """
    until, last, since = time.monotonic() + wait, fingerprint(path), time.monotonic()
    while True:
        why, now = _why_not(path, swmr=swmr), fingerprint(path)
        if now != last:
            last, since = now, time.monotonic()
        rests = time.monotonic() - since >= min(_REST, wait) or _old(path)
        if not why and (rests or wait == 0):
            return
        if time.monotonic() >= until:
            break
        time.sleep(min(_PAUSE, max(until - time.monotonic(), 0.01)))
    if wait and path.exists():
        why = f"{why or 'is still growing'} after {wait:g} s"
    elif not path.exists() or why == _LOCKED:
        return  # opening says so
    remedy = "wait longer with --wait SECONDS" if wait else "wait for it with --wait SECONDS"
    raise DataError(f"{path}: {why}", remedy if swmr or why != _LIVE else f"read it as it is with --swmr, or {remedy}")


_LIVE = "is being written by another program (SWMR)"
_LOCKED = "is being written by another program"


def _why_not(path: Path, *, swmr: bool) -> str:
    """Why a file is not complete, in words; empty where nothing says so."""
    if not path.exists():
        return "is not there"
    if not path.is_file() or not h5py.is_hdf5(path):
        return ""
    listing = inspect(path)
    error = listing.get("error", "")
    if being_written(error):
        return _LOCKED
    if "truncated" in error:
        return "is not written to its end"
    return _LIVE if listing.get("live") and not swmr else ""


def _old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > 10 * _REST
    except OSError:
        return False
