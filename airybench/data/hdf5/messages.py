"""Python values over a pipe between two processes that trust each other; arrays go as bytes, without a copy."""

import pickle
import select
import struct
import sys
from contextlib import suppress
from typing import IO, Any

import numpy as np

_HEAD = struct.Struct("<QI")
_WAITS = sys.platform != "win32"  # where `select` takes sockets only
_WIDE = 1 << 20
_SIZE = struct.Struct("<Q")


class SilentError(Exception):
    """Nothing came for too long."""


def send(pipe: IO[bytes], value: Any) -> None:
    """Write a value.

    Args:
        pipe: unbuffered or not; it is flushed.
        value: anything that can be pickled.

    Raises:
        BrokenPipeError: the other process has ended.
    """
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    sizes = b"".join(_SIZE.pack(one.nbytes) for one in raw)
    _write(pipe, _HEAD.pack(len(body), len(raw)) + sizes + body)
    for one in raw:
        _write(pipe, one)
    pipe.flush()


def receive(pipe: IO[bytes], seconds: float | None = None) -> Any:
    """Read a value.

    Args:
        pipe: unbuffered.
        seconds: to wait for its beginning, and for every further piece.

    Raises:
        EOFError: the other process has ended, before a value or in the middle of one.
        SilentError: nothing came within that time.
    """
    size, count = _HEAD.unpack(_read(pipe, _HEAD.size, seconds))
    sizes = [_SIZE.unpack(_read(pipe, _SIZE.size, seconds))[0] for _ in range(count)]
    body = _read(pipe, size, seconds)
    return pickle.loads(body, buffers=[_read(pipe, one, seconds) for one in sizes])


def widen(pipe: IO[bytes]) -> None:
    """Have a pipe hold more, where the system can: fewer turns between the two processes."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _WIDE)


def _write(pipe: IO[bytes], piece: bytes | memoryview) -> None:
    view = memoryview(piece).cast("B")
    while len(view):
        view = view[pipe.write(view) or 0 :]


def _read(pipe: IO[bytes], size: int, seconds: float | None) -> memoryview:
    found = np.empty(size, np.uint8).data  # not cleared first, as a bytearray is
    view = found
    while len(view):
        if seconds is not None and _WAITS and not select.select([pipe], [], [], seconds)[0]:
            raise SilentError
        got = pipe.readinto(view)  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        view = view[got:]
    return found
