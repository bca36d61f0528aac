"""What a notebook shows while something runs: a progress bar per piece of work, and notices below it."""

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
    """Progress bars in a Jupyter kernel; in a script, notices in the log `airybench` and nothing on the screen."""
    return NotebookReporter() if in_notebook() else LogReporter()


class LogReporter:
    """A reporter for scripts: notices go to the Python log `airybench` at level INFO."""

    def notify(self, text: str) -> None:
        """Log one line."""
        LOG.info(text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Log when the work begins to make progress and when it ends."""
        started: list[float] = []

        def update(done: int, total: int) -> None:
            if not started:
                started.append(time.monotonic())
                LOG.info("%s: %d of %d", title, done, total)

        yield update
        if started:
            LOG.info("%s: done after %.0f s", title, time.monotonic() - started[0])

    def result(self, result: object) -> None:
        """Results are returned to the caller, not logged."""


class NotebookReporter:
    """A reporter for Jupyter: one HTML progress bar per piece of work, redrawn in place; no widgets are needed."""

    def notify(self, text: str) -> None:
        """Show one line below the cell."""
        from IPython.display import HTML, display

        display(HTML(f"<small>{html.escape(text)}</small>"))

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """A bar that appears with the first call and stays, full, after the last."""
        bar = Bar(title)
        yield bar.update
        bar.close()

    def result(self, result: object) -> None:
        """Results are returned to the caller, who shows them."""


class Bar:
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
            text: what is being done, after the bar.
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
        from IPython.display import HTML, display

        self._drawn = now
        done, total, text = self._state
        page = HTML(
            f"<div>{html.escape(self._title)} <progress value='{done}' max='{max(total, 1)}' "
            f"style='width: 16em; vertical-align: middle'></progress> {done} of {total}, "
            f"{now - self._began:.0f} s {html.escape(text)}</div>"
        )
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)
