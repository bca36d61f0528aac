"""The journal file of a study: locked by the process that writes it, and repaired after a kill."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from airybench.errors import StorageError, StudyError
from airybench.paths import refuse_special

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError, RuntimeError)
"""Optuna, or the code that reads its values, meets a damaged line with one of these; deep ones give RuntimeError."""


class ProcessLock:
    """A lock that the operating system frees when its process dies; Optuna's own would block for 30 s after a kill."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Free the lock."""
        self._lock.release()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The lock as a block."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


class JournalFile(JournalFileBackend):
    """Optuna's file, synced to disk after every line; in a `deferred_sync` block only once, at its end."""

    def __init__(self, path: Path, lock: ProcessLock) -> None:
        super().__init__(str(path), lock_obj=lock)  # type: ignore[arg-type]
        self._path = path
        self._write_lock = lock
        self._syncs = True

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines, all or none: with half of one in its midst, Optuna could never read the journal again.

        Raises:
            StorageError: the disk is full, or the file cannot be written.
        """
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        with self._write_lock.locked():
            before = self._path.stat().st_size if self._path.exists() else 0
            try:
                with self._path.open("ab", buffering=0) as file:
                    while lines:  # a disk that is all but full takes a part
                        lines = lines[file.write(lines) :]
                    if self._syncs:
                        os.fsync(file.fileno())
            except BaseException as error:
                with suppress(OSError):
                    os.truncate(self._path, before)
                if isinstance(error, OSError):
                    raise _unwritable(self._path, error) from error
                raise

    @contextmanager
    def deferred_sync(self) -> Iterator[None]:
        """Sync once, at the end of the block: for lines that a power cut may lose together."""
        self._syncs = False
        try:
            yield
        finally:
            self._syncs = True
            try:
                with self._path.open("ab") as file:
                    os.fsync(file.fileno())
            except OSError as error:
                raise _unwritable(self._path, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"journal {path} cannot be written ({error.strerror or error}); free some space or mend the disk, then the "
        "same command resumes the study"
    )


def open_journal(path: Path) -> JournalStorage:
    """Open or create a journal.

    Raises:
        StudyError: the file cannot be read as a journal.
    """
    refuse_special(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = ProcessLock(path.with_suffix(".write-lock"))
    with lock.locked():  # a line that another process is writing at this moment is not torn
        repair(path)
    try:
        return JournalStorage(JournalFile(path, lock))
    except UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StudyError(f"journal {path} is damaged ({reason}); move it away to start again") from None


def repair(path: Path) -> None:
    """Cut a last line that a kill left torn, keeping a copy: with a line appended to it, Optuna could not read it."""
    if not path.exists() or path.stat().st_size == 0:
        return
    content = path.read_bytes()
    if content.endswith(b"\n"):
        return
    shutil.copyfile(path, path.with_suffix(".torn"))
    with path.open("r+b") as file:
        file.truncate(content.rfind(b"\n") + 1)


@contextmanager
def deferred_sync(storage: object) -> Iterator[None]:
    """`JournalFile.deferred_sync` where the storage is a journal; nothing special with another storage."""
    backend = getattr(storage, "_backend", None)
    if isinstance(backend, JournalFile):
        with backend.deferred_sync():
            yield
    else:
        yield
