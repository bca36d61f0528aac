"""What a file or folder is, without importing it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airybench.data.formats.asking import further_questions
from airybench.data.formats.dispatch import open_recognised, recognised
from airybench.data.formats.hdf5_format import HDF5Format
from airybench.data.formats.sources import named_by
from airybench.data.formats.summary import facts_of
from airybench.data.labelling.label_table import labelled
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.data.reading.questions import questions
from airybench.errors import DataError, MissingOptionError
from airybench.reporter import SILENT, SilentReporter


class _Notices(SilentReporter):
    """Keeps notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notify(self, text: str) -> None:
        """Keep a line."""
        self.notices.append(text)


def describe_source(paths: Sequence[Path], options: SourceOptions = DEFAULT_OPTIONS) -> dict[str, Any]:
    """What a source is, what was chosen in it and what is missing for an import; nothing is written.

    Args:
        paths: files or folders.
        options: how they are to be read.

    Returns:
        Plain values. `missing` lists what only the user knows, `option` what to add to the command for all of it.

    Raises:
        ConfigError: options contradict each other.
        DataError: a file is missing, damaged, or of no known kind.
    """
    kept = _Notices()
    one, files = recognised(paths, options, kept)
    facts: dict[str, Any] = {
        "path": str(paths[0]),
        "kind": one.KIND,
        "recognised": one.TITLE,
        "files": [str(path) for path in files],
        "missing": [],
        "option": None,
    }
    try:
        source = open_recognised(one, files, named_by(paths, files, options), kept)
    except MissingOptionError as error:
        if isinstance(one, HDF5Format):
            facts["choices"] = one.choices(files[0], options)
        named = lambda answered: open_recognised(one, files, named_by(paths, files, answered), SILENT)  # noqa: E731
        return _missing(facts, further_questions(error, options, named)) | {"notices": kept.notices}
    if not source.not_imported:
        source = labelled(source, options.labels, kept)
    facts |= facts_of(source)
    asked: list[DataError] = []
    try:
        if not source.not_imported:
            asked.extend(questions(source))
    except DataError as error:
        asked.append(error)
    return _missing(facts, asked) | {"notices": kept.notices}


def _missing(facts: dict[str, Any], asked: Sequence[DataError]) -> dict[str, Any]:
    """Facts with what an import would ask for, and what to add to its command."""
    options = [error.option for error in asked if isinstance(error, MissingOptionError)]
    return facts | {"missing": [str(error) for error in asked], "option": " ".join(dict.fromkeys(options)) or None}
