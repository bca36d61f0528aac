"""The file that an export is written to."""

from contextlib import suppress
from pathlib import Path
from typing import Any


class ExportFile:
    """A file that keeps errors of a full disk until they are asked for.

    HDF5 crashes the process at exit when it cannot flush metadata, so these errors are kept from it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self._error: OSError | None = None
        self.seek, self.tell, self.readinto = self._file.seek, self._file.tell, self._file.readinto
        self.read, self.fileno = self._file.read, self._file.fileno

    def write(self, content: Any) -> int:
        """Write, or pretend to after an error; returns the bytes of the content."""
        left = memoryview(content).cast("B")
        size = len(left)
        try:
            while left and not self._error:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._error = error
        return size

    def truncate(self, size: int) -> int:
        """Cut or lengthen the file, or pretend to; returns the size."""
        try:
            return self._file.truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size

    def flush(self) -> None:
        """Write what is buffered, or keep the error."""
        try:
            self._file.flush()
        except OSError as error:
            self._error = self._error or error

    def settle(self) -> None:
        """Raise the first error, if there was one."""
        self.flush()
        if self._error:
            raise self._error

    def close(self) -> None:
        """Close the file, whatever became of it."""
        with suppress(OSError):
            self._file.close()
