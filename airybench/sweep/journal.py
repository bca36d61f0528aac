"""The journal of a study on disk: locked by its holder, mended after a kill."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from airybench.errors import StudyError


class HeldLock:
    """A lock that the operating system frees when its holder dies; Optuna's own would block 30 s after a kill."""

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
    def held(self) -> Iterator[None]:
        """The lock as a block."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


class JournalFile(JournalFileBackend):
    """Optuna's file, which waits for the disk after every line; in a block of `unhurried` it waits once, at its end."""

    def __init__(self, path: Path, lock: HeldLock) -> None:
        super().__init__(str(path), lock_obj=lock)  # type: ignore[arg-type]
        self._path = path
        self._held = lock
        self._waits = True

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines."""
        if self._waits:
            super().append_logs(logs)
            return
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        with self._held.held(), self._path.open("ab") as file:
            file.write(lines)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """A block whose lines may be lost together in a power cut: a short one, or a queue that is filled anew."""
        self._waits = False
        try:
            yield
        finally:
            self._waits = True
            with self._path.open("ab") as file:
                os.fsync(file.fileno())


def open_journal(path: Path) -> JournalStorage:
    """Open or create a journal.

    Raises:
        StudyError: the file cannot be read as a journal.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = HeldLock(path.with_suffix(".write-lock"))
    with lock.held():  # a line that another process is just writing is not torn
        mend(path)
    try:
        return JournalStorage(JournalFile(path, lock))
    except (ValueError, KeyError) as error:
        raise StudyError(f"journal {path} is damaged ({error}); move it away to start anew") from None


def mend(path: Path) -> None:
    """Cut a last line that a kill left torn, keeping a copy: one append behind it would make the journal unreadable."""
    if not path.exists() or path.stat().st_size == 0:
        return
    content = path.read_bytes()
    if content.endswith(b"\n"):
        return
    shutil.copyfile(path, path.with_suffix(".torn"))
    with path.open("r+b") as file:
        file.truncate(content.rfind(b"\n") + 1)


@contextmanager
def unhurried(storage: object) -> Iterator[None]:
    """`JournalFile.unhurried` of a journal; nothing special of another storage."""
    backend = getattr(storage, "_backend", None)
    if isinstance(backend, JournalFile):
        with backend.unhurried():
            yield
    else:
        yield
