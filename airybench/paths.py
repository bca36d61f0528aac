"""Folders and file names: `$AIRYBENCH_DATA` or the user data folder, free space, and locks."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_dir

from airybench.errors import AirybenchError, DataError, StudyError, already_exists

VARIABLE = "AIRYBENCH_DATA"
"""Environment variable that names the data folder."""


def data_folder() -> Path:
    """The folder for stores and studies, made if it does not exist.

    Raises:
        DataError: it cannot be made or written.
    """
    chosen = os.environ.get(VARIABLE)
    folder = Path(chosen).expanduser().absolute() if chosen else Path(user_data_dir("airybench"))
    if not folder.is_absolute():  # a user without a home, as a container may have: ~ stays a tilde
        raise DataError("this user has no home folder", f"set {VARIABLE} to a folder that you may write")
    return writable(folder, f"set {VARIABLE} to a folder that you may write")


def checkpoint_folder(scope: str) -> Path:
    """The folder for checkpoints of a study or of single trainings. It is not made.

    Args:
        scope: name of the study, or of the kind of training.
    """
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
    """A folder that can be written, made if it does not exist.

    Args:
        folder: the folder.
        remedy: what to do if it cannot be made or written.

    Raises:
        DataError: it cannot be made or written; the message ends with the remedy.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot make this folder ({error.strerror}); {remedy}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder}: no permission to write in this folder; {remedy}")
    return folder


def require_new(path: Path, *, force: bool, other_output: bool = True) -> None:
    """Refuse a file to write that exists, or that can never be one.

    Args:
        path: the file.
        force: it may be replaced.
        other_output: whether the command has an option `--output` to name another file with.

    Raises:
        DataError: it exists and may not be replaced, or it is a folder, a device or a pipe.
    """
    refuse_special(path)
    if path.exists() and not force:
        raise already_exists(path, other_output=other_output)
    if path.is_dir():
        raise DataError(f"{path} is a folder, a file is expected; name a file")


def refuse_special(path: Path) -> None:
    """Refuse what is no file: a reader of a pipe would wait for ever, and a file that took its place be in the way.

    Raises:
        DataError: it is a device, a pipe or a socket.
    """
    special = path.exists() and not path.is_file() and not path.is_dir()
    if special or path.absolute().parent == Path("/dev"):  # of links there, such as /dev/stdout, one cannot tell
        raise DataError(f"{path} is a device, a pipe or a socket; name a file")


def free_bytes(folder: Path) -> int:
    """Free space on the disk of a folder, or of the nearest one above that exists."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


OTHER_DISK = f"ask for fewer shots, or choose another disk with --output or {VARIABLE}"


def require_free(folder: Path, needed: int, remedy: str = OTHER_DISK) -> None:
    """Refuse to begin what does not fit on the disk.

    Args:
        folder: an existing folder on the disk in question.
        needed: bytes.
        remedy: what to do besides freeing some space.

    Raises:
        DataError: less than `needed` is free.
    """
    free = free_bytes(folder)
    if free < needed:
        raise DataError(
            f"{folder}: {free / 1e9:.2g} GB free, up to {needed / 1e9:.2g} GB needed; free some space, {remedy}"
        )


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Another name in the same folder, under which a file is written until it is whole; what fails leaves nothing."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def flushed(path: Path) -> None:
    """Write a file, or the names in a folder, through to the disk, so that a loss of power cannot undo it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError) if path.is_dir() else nullcontext():  # some file systems refuse this for a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, busy: AirybenchError | None = None) -> Iterator[None]:
    """Hold the lock of a file while it is made; a second process waits. The folder is made if it does not exist.

    The lock ends with the process that holds it, and that process may take it again while it holds it. Its file, beside
    the other one, is removed by the last that needs it.

    Args:
        path: the file.
        busy: raised at once where another process holds the lock; None waits for it.

    Raises:
        DataError: the lock cannot be taken in that folder, or the name is that of a device.
    """
    refuse_special(path)
    writable(path.parent, f"choose another folder with --output or {VARIABLE}")
    name = lock_file(path)
    lock = FileLock(name, is_singleton=True)
    try:
        while not _taken(lock, name, -1 if busy is None else 0):
            pass
    except Timeout:
        assert busy is not None
        raise busy from None
    except (OSError, NotImplementedError) as error:
        raise DataError(f"{path}: cannot lock this file for writing ({error}); choose another folder") from error
    try:
        yield
    finally:
        if lock.lock_counter == 1:
            with suppress(OSError):
                name.unlink()
        lock.release()


def lock_file(path: Path) -> Path:
    """The lock of a file, see `locked`; one that nobody holds was left by a process that was killed."""
    return path.with_name(f".{path.name}.lock")


def _taken(lock: FileLock, name: Path, seconds: float) -> bool:
    """Wait for a lock; False where its file was removed meanwhile, so that another process may hold a new one.

    The wait lasts as many seconds, for ever where the number is negative.
    A file that stands under its name before and after the wait is the one that was locked in between.
    """
    # The lock waits for ever for a file that cannot be made, as below /proc.
    before = os.open(name, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        lock.acquire(timeout=seconds)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(before), os.stat(name)):
                return True
        lock.release()
        return False
    finally:
        os.close(before)


def in_use(name: str, *, what: str = "study", remedy: str = "choose another --study") -> StudyError:
    """The error for a study, or a training, that another process runs."""
    return StudyError(f"{what} {name} is being run by another process; wait for it, or {remedy}")


@contextmanager
def sole_owner(path: Path, name: str, *, what: str = "study", remedy: str = "choose another --study") -> Iterator[None]:
    """Reserve a study, or a training, for this process.

    Args:
        path: its file or folder; the lock is a file beside it.
        name: its name, for the message.
        what: what it is, for the message.
        remedy: what to do instead of waiting.

    Raises:
        StudyError: another process has reserved it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise in_use(name, what=what, remedy=remedy) from None
    except (OSError, NotImplementedError) as error:
        raise StudyError(f"{path}: cannot lock this {what} ({error}); choose a folder on another disk") from error
    try:
        yield
    finally:
        lock.release()
