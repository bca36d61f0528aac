"""The program's side of the inspector: a process that opens a foreign file first, so that a crash is one line."""

import atexit
import json
import multiprocessing
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airybench.data.hdf5.child import LIMIT, death, seconds_allowed, start, stop
from airybench.data.hdf5.listing import fingerprint
from airybench.errors import DataError

Listing = Mapping[str, Any]
"""What `listing.list_file` returns."""


class Inspector:
    """The process, started on first use and again after a crash."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, path: Path) -> Listing:
        """List a file.

        Raises:
            DataError: the file crashes the process, or takes longer than the limit.
        """
        with self._lock:
            process = self._running()
            late = threading.Event()
            timer = threading.Timer(seconds_allowed(), _end, (process, late))
            timer.daemon = True
            timer.start()
            at, answer = "", None
            try:
                answer, at = _exchange(process, path)
            finally:
                timer.cancel()
                if answer is None:  # it died, or this call was broken off
                    self._stop()
            if answer is not None:
                return answer
        raise _killed(path, at, process.returncode, late=late.is_set())

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def forget(self) -> None:
        """Leave the process to the parent, after a fork."""
        self.__init__()  # type: ignore[misc]

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._process = start("airybench.data.hdf5.inspector", bufsize=-1, environment={})
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            stop(process)


def _end(process: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    process.kill()


def _exchange(process: "subprocess.Popen[bytes]", path: Path) -> tuple[Listing | None, str]:
    """Send a request and read the answer, None when the process dies before; and the last key that it named."""
    at = ""
    if process.stdin is None or process.stdout is None:
        return None, at
    try:
        process.stdin.write(json.dumps({"path": str(path.absolute())}).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            answer = json.loads(line)
            if "at" not in answer:
                return answer, at
            at = answer["at"]
    except (BrokenPipeError, ValueError):
        pass  # it died in the middle of a line
    return None, at


def _killed(path: Path, at: str, code: int, *, late: bool) -> DataError:
    """The error for a file that the process did not survive."""
    if late:
        return DataError(
            f"{path}: not listed within {seconds_allowed():g} s (it got to /{at})",
            f"get a whole copy, or give it longer with {LIMIT}=600",
        )
    return DataError(
        f"{path}: reading /{at} crashes the HDF5 library ({death(code)}); the file is damaged", "get a whole copy"
    )


_INSPECTOR = Inspector()
atexit.register(_INSPECTOR.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_INSPECTOR.forget)

_TRUSTS: list[bool] = []
_OWN: set[tuple[int, ...]] = set()
_Known = tuple[tuple[int, ...], tuple[tuple[str, tuple[int, ...]], ...], Listing]
_MOST_KNOWN = 500_000
"""Names in all listings that are kept: those of a run of thousands of small files fit."""


class _Listings:
    """Listings by the name of their file; of too many the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._names = 0

    def get(self, name: str) -> _Known | None:
        """What is known of a file."""
        return self._known.get(name)

    def keep(self, name: str, known: _Known) -> None:
        """Remember what a file holds."""
        self._drop(name)
        self._known[name] = known
        self._names += _names_in(known[2])
        while self._names > _MOST_KNOWN and len(self._known) > 1:
            self._drop(next(iter(self._known)))

    def _drop(self, name: str) -> None:
        known = self._known.pop(name, None)
        if known is not None:
            self._names -= _names_in(known[2])


def _names_in(listing: Listing) -> int:
    return 1 + len(listing["datasets"]) + sum(map(len, listing["children"].values()))


_KNOWN = _Listings()


def inspect(path: Path) -> Listing:
    """What a file holds, found out by the inspector's process; a file that has not changed is not looked at again.

    Raises:
        DataError: the file crashes that process, or hangs it.
    """
    name, own = str(path.absolute()), fingerprint(path)
    known = _KNOWN.get(name)
    if known and known[0] == own and all(fingerprint(other) == print_ for other, print_ in known[1]):
        return known[2]
    listing = _INSPECTOR.ask(path)
    if "error" not in listing and not listing["live"]:
        _KNOWN.keep(name, (own, tuple((other, fingerprint(other)) for other in listing["others"]), listing))
    return listing


def made_here(path: Path) -> None:
    """Note that this process wrote a file, which therefore needs no inspection."""
    _OWN.add(fingerprint(path))


def trust_all() -> None:
    """Open files uninspected from now on: this process exists to crash in place of another one."""
    _TRUSTS.append(True)


def require_sound(path: Path) -> None:
    """Have a file inspected before this process opens it.

    Files of its own are exempt. Worker processes read what the process that started them has had inspected.

    Raises:
        DataError: the file crashes the inspector, or hangs it.
    """
    if not _TRUSTS and multiprocessing.parent_process() is None and fingerprint(path) not in _OWN:
        inspect(path)
