"""What a file or folder is, without importing it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from airybench.data.formats.dispatch import open_recognised, recognised
from airybench.data.formats.hdf5_format import HDF5Format
from airybench.data.formats.sources import named_by
from airybench.data.formats.summary import facts_of
from airybench.data.reading.importer import ENERGY_OPTION
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import DataError, MissingOptionError
from airybench.reporter import SilentReporter

_TRIED = 4
"""Shots that are read to see whether their values are counts."""


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
        Plain values. `missing` lists what only the user knows, `option` what to add to the command for the first of it.

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
        return facts | {"notices": kept.notices, "missing": [str(error)], "option": error.option}
    facts |= facts_of(source)
    for text, option in _missing(source):
        facts["missing"].append(text)
        facts["option"] = facts["option"] or option
    return facts | {"notices": kept.notices}


def _missing(source: ShotSource) -> Iterator[tuple[str, str | None]]:
    """What an import would ask for, and the option that answers."""
    if source.not_imported:
        return
    try:
        source.read(0, min(source.count, _TRIED))
    except MissingOptionError as error:
        yield str(error), error.option
    except DataError as error:
        yield str(error), None
    if source.photon_energy is None:
        yield f"no photon energy; give --energy KEY, or {ENERGY_OPTION} for all shots", ENERGY_OPTION
