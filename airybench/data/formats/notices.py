"""What is said of many files alike is said once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from airybench.reporter import Reporter, SilentReporter


class _Kept(SilentReporter):
    """Keeps notices, by their text without the file that they begin with.

    Args:
        paths: the files.

    Attributes:
        texts: the first notice of each text, and how often it was said.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._names = {str(path) for path in paths} | {path.name for path in paths}
        self.texts: dict[str, tuple[str, int]] = {}

    def notify(self, text: str) -> None:
        """Keep a line."""
        name, colon, rest = text.partition(": ")
        key = rest if colon and name in self._names else text
        first, count = self.texts.get(key, (text, 0))
        self.texts[key] = first, count + 1


@contextmanager
def said_once(paths: Sequence[Path], reporter: Reporter) -> Iterator[Reporter]:
    """A reporter for the reading of many files, which says what it was told at the end, or before an error.

    Args:
        paths: the files.
        reporter: receives what holds for one file as it is, and what holds for several once.
    """
    kept = _Kept(paths)
    try:
        yield kept
    finally:
        for key, (first, count) in kept.texts.items():
            reporter.notify(first if count == 1 else f"{count} files: {key}")
