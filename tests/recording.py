"""A reporter that keeps what it was told."""

from collections.abc import Iterator
from contextlib import contextmanager

from airybench.reporter import Progress


class RecordingReporter:
    """Keeps notices, the titles of progress bars, their steps, and results."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.titles: list[str] = []
        self.steps: list[tuple[int, int]] = []
        self.results: list[object] = []

    def notify(self, text: str) -> None:
        """Keep a notice."""
        self.notices.append(text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Keep title and steps."""
        self.titles.append(title)
        yield self.step

    def step(self, done: int, total: int) -> None:
        """Keep a step of a progress bar."""
        self.steps.append((done, total))

    def result(self, result: object) -> None:
        """Keep a result."""
        self.results.append(result)
