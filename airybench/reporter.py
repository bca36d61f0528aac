"""Where long work reports to: one-line notices, progress bars, and results as they come."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


class Reporter(Protocol):
    """Receives what a job has to say while it runs; the command line prints it, a notebook shows bars."""

    def notify(self, text: str) -> None:
        """One line that the user should know."""

    def progress(self, title: str) -> AbstractContextManager[Progress]:
        """A progress bar for one piece of work; nothing is shown before its first call."""

    def result(self, result: object) -> None:
        """One of several results is ready while the rest is still running."""


class SilentReporter:
    """A reporter that says nothing."""

    def notify(self, text: str) -> None:
        """Drop the line."""

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Yield a function that does nothing."""
        yield lambda done, total: None

    def result(self, result: object) -> None:
        """Drop the result."""


SILENT: Reporter = SilentReporter()
"""The default of everything that reports."""


def time_text(seconds: float) -> str:
    """A duration in the unit that reads best, for a notice.

    >>> time_text(90), time_text(600), time_text(9000)
    ('90 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
