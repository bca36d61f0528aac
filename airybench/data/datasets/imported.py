"""Files and folders that are no stores, as data sets: each is imported once into the data folder."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from airybench.data.formats.dispatch import import_data, open_source
from airybench.data.formats.store_source import recognises
from airybench.data.reading.options import DEFAULT_OPTIONS
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.store import Store
from airybench.errors import DataError, MissingOptionError
from airybench.paths import data_folder, locked
from airybench.reporter import SILENT, Reporter


def open_file(path: Path, reporter: Reporter = SILENT) -> ShotSource:
    """A store, file or folder as a source; nothing is imported.

    Args:
        path: of any known kind.
        reporter: receives notices.

    Raises:
        DataError: it is missing, damaged or of no known kind, or does not say all that is needed.
    """
    with _asked(path):
        return open_source([path], reporter=reporter)


def imported_once(path: Path, reporter: Reporter, title: str) -> Store:
    """A store as it is; the store of any other file or folder, which is imported again only when it has changed.

    Args:
        path: of any known kind.
        reporter: receives notices and progress.
        title: of the progress bar.

    Raises:
        DataError: it is missing, damaged or of no known kind, does not say all that is needed, or the store cannot be
            made.
    """
    if recognises(path, DEFAULT_OPTIONS):
        return Store.open(path)
    made = data_folder() / f"{path.resolve().stem}-imported-{_key(path)}.h5"
    with locked(made):
        if made.exists():
            store = Store.open(made)
            if not _changed(path, store):
                return store
        reporter.notify(f"importing {path} once, into {made}")
        with _asked(path):
            return import_data([path], made, force=True, reporter=reporter, title=title)


@contextmanager
def _asked(path: Path) -> Iterator[None]:
    """What only the user knows is asked for with the command that imports the source."""
    try:
        yield
    except MissingOptionError as error:
        command = f"airybench data import {quote(str(path))} {error.option}"
        raise MissingOptionError(
            error.found, error.option, f"--dataset takes the store that this makes: {command}"
        ) from error


def _key(path: Path) -> str:
    """Digest of what tells a source by its place, size and time of change."""
    try:
        whole = path.resolve(strict=True)
        files = sorted(one for one in whole.rglob("*") if one.is_file()) if whole.is_dir() else [whole]
        stats = [(str(one), one.stat().st_size, one.stat().st_mtime_ns) for one in files]
    except OSError as error:
        raise DataError(f"{path}: no such file") from error
    parts = ("\0".join(map(str, one)) for one in stats)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _changed(path: Path, store: Store) -> bool:
    """Whether a file beside the source that its bytes come from, such as that of a link, is newer than the store."""
    made = store.path.stat().st_mtime_ns
    others = (path.resolve().parent / name for name in store.source_files)
    return any(other.is_file() and other.stat().st_mtime_ns > made for other in others)
