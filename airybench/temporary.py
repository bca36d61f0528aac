"""Temporary files of a command: in a folder of its own, which the next command removes where this one is killed."""

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows frees no file of a killed process either, but has no such locks
    fcntl = None  # type: ignore[assignment]

PREFIX = "airybench-"
NEW = ".airybench-"
"""Of a folder that is not locked yet."""

LOCK = ".lock"
LOCKED_AFTER_SECONDS = 60.0
LONGEST = 74
"""Characters of its first path: sockets in it, as processes use them, have names of at most 107 bytes."""


def use_own_folder() -> Path | None:
    """Give this process, and those that it starts, a folder for temporary files, which is removed at its end.

    Folders of killed processes are removed as well. MLflow and torch write to it like this package.

    Returns:
        The folder; None where none can be made or locked, and files go where they would have gone anyway.
    """
    if fcntl is None:
        return None
    folder = None
    try:
        base = Path(tempfile.gettempdir())
        _remove_abandoned(base)
        folder = Path(tempfile.mkdtemp(prefix=NEW, dir=base))
        if len(str(folder)) > LONGEST:
            raise OSError("the path is too long for the sockets of worker processes")
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)  # held until the process has ended
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = folder.rename(folder.with_name(PREFIX + folder.name.removeprefix(NEW)))
    except OSError:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        return None
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked process ends before the one that it came from
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(base: Path) -> None:
    """Remove the folders whose lock is free: the processes that held them have ended."""
    for folder in base.glob(f"{PREFIX}*"):
        _remove_if_free(folder)
    for folder in base.glob(f"{NEW}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > LOCKED_AFTER_SECONDS:  # its process has had the time to lock it
                _remove_if_free(folder)
                folder.rmdir()  # one without a lock has nothing else either


def _remove_if_free(folder: Path) -> None:
    with suppress(OSError):
        lock = os.open(folder / LOCK, os.O_RDWR)
        try:
            if os.fstat(lock).st_uid == os.getuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
