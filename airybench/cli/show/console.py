"""Writing to the terminal: notices and progress bars on stderr, JSON on stdout."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from airybench.interrupts import check
from airybench.passwords import hidden
from airybench.reporter import Progress

FIRST_SECONDS, SECONDS = 4.0, 60.0
"""When the first line of a progress is written, and how long after it each further one."""


def notice(text: str) -> None:
    """Write one line to stderr."""
    print(hidden(text), file=sys.stderr, flush=True)


def print_json(content: Any) -> None:
    """Write a result as JSON to stdout; what JSON does not know is written as text."""
    every = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"  # others get the escapes of JSON
    print(json.dumps(content, indent=2, default=str, ensure_ascii=not every))


def interactive() -> bool:
    """Whether stderr is a terminal that can be redrawn."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class ConsoleReporter:
    """A `Reporter` for a terminal: notices and progress bars on stderr, so that stdout holds results alone.

    Args:
        show: prints a result as soon as a job hands one over; by default nothing is printed.
    """

    def __init__(self, show: Callable[[Any], None] = lambda result: None) -> None:
        self._show = show

    def notify(self, text: str) -> None:
        """Write one line to stderr."""
        notice(text)

    def progress(self, title: str) -> AbstractContextManager[Progress]:
        """A progress bar on stderr."""
        return progress_bar(title)

    def result(self, result: Any) -> None:
        """Print a result."""
        self._show(result)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A bar on a terminal, elsewhere a line after four seconds and every minute; yields `progress(done, total)`.

    Nothing is drawn before the first call: work that turns out to be done already leaves no empty bar.
    """
    if not interactive():
        yield _lines(title)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as ProgressBars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    bar = ProgressBars(*columns, console=Console(stderr=True))
    task = bar.add_task(title, total=None)

    def progress(done: int, total: int) -> None:
        check()
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield progress
    finally:
        bar.stop()


def _lines(title: str) -> Progress:
    began = time.monotonic()
    due = began + FIRST_SECONDS

    def progress(done: int, total: int) -> None:
        nonlocal due
        check()
        now = time.monotonic()
        if now >= due or done >= total:
            due = now + SECONDS
            notice(f"{title}: {done}/{total} after {now - began:.0f} s")

    return progress
