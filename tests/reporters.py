"""A reporter that keeps what it is told, for tests to look at."""

from collections.abc import Iterator
from contextlib import contextmanager

from airybench.reporter import Progress


class CollectingReporter:
    """Keeps notices, titles and steps of progress bars, and results.

    Args:
        notices: list to keep the lines in; a new one by default.

    Attributes:
        notices: the lines, in order.
        titles: of the progress bars, in order.
        steps: (done, total) of all bars, in order.
        results: results, in order.
    """

    def __init__(self, notices: list[str] | None = None) -> None:
        self.notices: list[str] = [] if notices is None else notices
        self.titles: list[str] = []
        self.steps: list[tuple[int, int]] = []
        self.results: list[object] = []

    def notify(self, text: str) -> None:
        """Keep a line."""
        self.notices.append(text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Keep the title and the steps."""
        self.titles.append(title)
        yield self.step

    def step(self, done: int, total: int) -> None:
        """Keep a step of a bar."""
        self.steps.append((done, total))

    def result(self, result: object) -> None:
        """Keep a result."""
        self.results.append(result)
