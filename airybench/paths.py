"""Where stores live when no path is given: `$AIRYBENCH_DATA`, else the user data folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from platformdirs import user_data_dir

from airybench.errors import DataError

VARIABLE = "AIRYBENCH_DATA"
"""Environment variable that names the data folder."""


def data_folder() -> Path:
    """The folder for stores and studies, made when it is not there.

    Raises:
        DataError: it cannot be made or written.
    """
    chosen = os.environ.get(VARIABLE)
    folder = Path(chosen).expanduser().absolute() if chosen else Path(user_data_dir("airybench"))
    return writable(folder, f"set {VARIABLE} to a folder that you may write")


def checkpoint_folder(scope: str) -> Path:
    """Where the checkpoints of a study, or of single trainings, lie; not made."""
    return data_folder() / "checkpoints" / scope


def writable(folder: Path, remedy: str) -> Path:
    """That folder, made when it is not there.

    Raises:
        DataError: it cannot be made or written; the message ends with `remedy`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot make this folder ({error.strerror}); {remedy}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder}: no permission to write in this folder; {remedy}")
    return folder


def require_free(folder: Path, needed: int) -> None:
    """Refuse to begin what the disk cannot hold.

    Args:
        folder: an existing folder on the disk in question.
        needed: bytes.

    Raises:
        DataError: less than `needed` is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"{folder}: {free / 1e9:.2f} GB free, up to {needed / 1e9:.2f} GB needed; free some space, ask for fewer "
            f"shots, or choose another disk with --output or {VARIABLE}"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of one file in the making, in a folder made if need be; whoever comes second waits.

    The lock dies with its holder, and one process may take it again inside itself.

    Raises:
        DataError: the lock cannot be taken in that folder.
    """
    writable(path.parent, f"choose another folder with --output or {VARIABLE}")
    lock = FileLock(path.with_name(f".{path.name}.lock"), is_singleton=True)
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        raise DataError(f"{path}: cannot lock this file for writing ({error}); choose another folder") from error
    try:
        yield
    finally:
        lock.release()
