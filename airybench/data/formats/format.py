"""What a format offers, and the order in which formats are asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from airybench.data.reading.options import SourceOptions
from airybench.data.reading.shot_source import ShotSource
from airybench.reporter import Reporter


class Format(Protocol):
    """What a format offers; a module, or an `HDF5Format` made of one.

    Attributes:
        KIND: what `--kind` names it.
        TITLE: for people.
    """

    KIND: str
    TITLE: str

    def recognises(self, path: Path, options: SourceOptions) -> bool:
        """Whether a file or folder, or what the options say about it, is of this format."""

    def open_source(self, paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
        """Read and check everything but the counts."""


def recognising(formats: Sequence[Format], path: Path, options: SourceOptions) -> Format | None:
    """The first format that recognises a file or folder; None when none does."""
    return next((one for one in formats if one.recognises(path, options)), None)
