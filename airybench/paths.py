"""Where stores live when no path is given: `$AIRYBENCH_DATA`, else the user data folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_dir

from airybench.errors import DataError, StudyError

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


def slug(text: str) -> str:
    """A name as a part of file names and metric keys: letters, digits, and - _ . stay, anything else becomes a dash.

    >>> slug("Spherical/Oblate")
    'Spherical-Oblate'
    """
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text)


def is_plain(name: str) -> bool:
    """Whether a name is one of letters, digits, and - _ . alone, and so needs no `slug`.

    >>> is_plain("run-12"), is_plain("run 12"), is_plain("...")
    (True, False, False)
    """
    return name.replace("-", "").replace("_", "").replace(".", "").isalnum()


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


@contextmanager
def sole_owner(path: Path, name: str, *, what: str = "study", remedy: str = "choose another --study") -> Iterator[None]:
    """Hold a study, or a training, for one process.

    Args:
        path: its file or folder; the lock lies beside it.
        name: what it is called.
        what: what it is.
        remedy: what to do in place of waiting.

    Raises:
        StudyError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudyError(f"{what} {name} is being run by another process; wait for it, or {remedy}") from None
    try:
        yield
    finally:
        lock.release()
