"""Standard output and error that no reader, closed file or encoding can turn into a traceback."""

import os
import sys
from typing import Any, TextIO

from airybench.errors import EXIT_FAILED, AirybenchError


def settle_streams() -> None:
    """Prepare the streams of this process; called once, before anything is printed.

    A stream that was closed is the null device, so that no file of ours takes its number. Characters that the encoding
    of the terminal lacks are written as codes. Where a reader goes away, as `head` does, the rest is dropped and the
    work goes on.
    """
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # as long as the process
            if stream.fileno() != descriptor:
                os.dup2(stream.fileno(), descriptor)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, _Patient(stream))


def closed(code: int) -> int:
    """Write out what is still held back at the end of a command; returns its exit code.

    Args:
        code: of the command; EXIT_FAILED takes the place of success where its output could not be written.
    """
    try:
        sys.stdout.flush()
    except AirybenchError as error:
        print(f"airybench: {error}", file=sys.stderr)
        return code or EXIT_FAILED
    return code


class _Patient:
    """A stream that drops what its reader no longer takes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, unless the reader is gone."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Flush, unless the reader is gone."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Drop the rest; only a reader that went away has what it wanted."""
        _drop(self._stream)
        if not isinstance(error, BrokenPipeError):
            raise AirybenchError(f"cannot write the output ({error.strerror}); free some space") from None


def _drop(stream: TextIO) -> None:
    """Lead a stream, with what it still holds, to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
