"""What a notebook shows while a job runs: progress bars and notices; a script gets a log instead."""

import html
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airybench.reporter import Progress, Reporter

LOG = logging.getLogger("airybench")
REDRAW_SECONDS = 0.2


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel, whose front end shows HTML."""
    if "IPython" not in sys.modules:
        return False
    shell: Any = sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def default_reporter() -> Reporter:
    """Progress bars in a Jupyter kernel; in a script, lines in the Python log `airybench`."""
    return NotebookReporter() if in_notebook() else LogReporter()


class LogReporter:
    """Writes notices to the Python log `airybench` at level INFO, and nothing to the screen."""

    def notify(self, text: str) -> None:
        """Log one line."""
        LOG.info("%s", text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Log how long the work took, where there was any."""
        began = time.monotonic()
        totals: list[int] = []
        yield lambda done, total: totals.append(total)
        if totals:
            LOG.info("%s: %d done after %.0f s", title, totals[-1], time.monotonic() - began)

    def result(self, result: object) -> None:
        """Results are returned to the caller, not logged."""


class NotebookReporter:
    """Shows one HTML progress bar per piece of work, redrawn in place; Jupyter needs no extension for it."""

    def notify(self, text: str) -> None:
        """Show one line below the cell."""
        show_text(text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """A bar that appears with the first call."""
        bar = ProgressBar(title)
        yield bar.update
        bar.close()

    def result(self, result: object) -> None:
        """Results are returned to the caller, who shows them."""


class ProgressBar:
    """An HTML progress bar in the output of the running cell.

    Args:
        title: text before the bar.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = self._drawn = time.monotonic()
        self._handle: Any = None
        self._state = (0, 0, "")

    def update(self, done: int, total: int, text: str = "") -> None:
        """Draw the bar, at most five times a second.

        Args:
            done: how much is done.
            total: how much there is in all.
            text: what is being done, shown after the bar.
        """
        self._state = (done, total, text)
        now = time.monotonic()
        if self._handle is None or now - self._drawn >= REDRAW_SECONDS or done >= total:
            self._draw(now)

    def close(self) -> None:
        """Draw the last state."""
        if self._handle is not None:
            self._draw(time.monotonic())

    def _draw(self, now: float) -> None:
        self._drawn = now
        done, total, text = self._state
        parts = [
            html.escape(self._title),
            f"<progress value='{done}' max='{max(total, 1)}' style='width: 14em; vertical-align: middle'></progress>",
            f"{done} of {total}, {now - self._began:.0f} s",
            html.escape(text),
        ]
        page = f"<div>{' '.join(part for part in parts if part)}</div>"
        if self._handle is None:
            self._handle = _display(page)
        else:
            _display(page, self._handle)


def show_text(text: str) -> None:
    """Show one line of text in the output of the running cell."""
    _display(f"<div>{html.escape(text)}</div>")


def _display(page: str, handle: Any = None) -> Any:
    """Show HTML in the output of the running cell, in place of what a handle shows if there is one."""
    from IPython.display import HTML, display

    if handle is None:
        return display(HTML(page), display_id=True)
    handle.update(HTML(page))
    return handle
