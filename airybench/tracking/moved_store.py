"""The store of a study that was moved together with it, or that stands in the working folder."""

from collections.abc import Iterator
from pathlib import Path

from airybench.tracking.relocation import holds_run
from airybench.tracking.store import sqlite_path, tracking_uri


def present_store(recorded: str, run_id: str, folder: Path) -> str:
    """The store that holds the run of a study.

    Args:
        recorded: URI of the store where the study began.
        run_id: of its run.
        folder: of the data, which may have been moved together with the store.

    Returns:
        The recorded one where it exists or is no SQLite file, else the one in use, or one at the same place relative to
        the folder, if it holds the run; else the recorded one.
    """
    path = sqlite_path(recorded)
    if path is None or path.exists():
        return recorded
    for found in _candidates(path, folder.absolute()):
        if found.is_file() and holds_run(found, run_id):
            return f"sqlite:///{found}"
    return recorded


def _candidates(path: Path, folder: Path) -> Iterator[Path]:
    used = sqlite_path(tracking_uri())
    if used is not None:
        yield used
    ends = [Path(*path.parts[start:]) for start in range(1, len(path.parts))]
    for parent in (folder, *folder.parents):
        yield from (parent / end for end in ends)
