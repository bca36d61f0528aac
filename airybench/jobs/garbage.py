"""What is on disk and nothing refers to: journals, checkpoints, unfinished files, folders of runs and models."""

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from airybench.errors import AirybenchError
from airybench.paths import data_folder
from airybench.sweep.look_up import list_studies
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.storage import JournalFolder, open_storage
from airybench.tracking.disk import size_of
from airybench.tracking.glance import glance
from airybench.tracking.leftovers import leftovers
from airybench.tracking.store import local_folder, sqlite_path
from airybench.tracking.studies import delete_runs

OLD_SECONDS = 86400.0
"""An unfinished file that was not written to for a day belongs to nobody any more."""

STUDY = "study whose runs are gone"
RUN, MODEL = "run whose study is gone", "model whose study is gone"
OF_USE = (RUN, MODEL)
"""What may be kept on purpose: a run can be compared, and a model predicts, without their study."""

_WORDS = {
    "deleted run": "run that was deleted in MLflow",
    "deleted model": "model of a run that was deleted in MLflow",
    "unknown run": "run that no tracking store knows",
    "unknown model": "model that no tracking store knows",
    "run without study": RUN,
    "model without study": MODEL,
}
_ENDINGS = (".torn", ".lock", ".write-lock")
_UNSETTLED = ("running", "waiting", "interrupted", "failed")


@dataclass(frozen=True)
class Garbage:
    """Something that nothing refers to.

    Attributes:
        what: in words, one of a few.
        path: of the file or folder.
        bytes: that it takes.
        study: `NAME@D`, where it is of one.
        store: URI of the tracking store that it is in; empty where it is in none.
    """

    what: str
    path: Path
    bytes: int
    study: str = ""
    store: str = ""


def find_garbage(uri: str, storage: str | None = None) -> list[Garbage]:
    """Everything that nothing refers to; the tracking stores are that in use and those of the studies.

    Args:
        uri: of the tracking store in use.
        storage: a folder or a PostgreSQL URL; by default the data folder's.

    Raises:
        StudyError: a study is being run.
        TrackingError: a tracking store cannot be read.
    """
    studies = list_studies(storage)
    with ExitStack() as stack:
        for study in studies:
            stack.enter_context(study.storage.reserved(study.name))
        return list(_all(studies, uri, storage))


def delete_garbage(found: Sequence[Garbage], uri: str, storage: str | None = None) -> int:
    """Delete what was found and is still garbage; returns the bytes that this frees.

    Args:
        found: some of what `find_garbage` gave.
        uri: as there.
        storage: as there.

    Raises:
        StudyError: a study is being run.
        TrackingError: runs cannot be deleted.
    """
    still = {(one.what, one.path) for one in find_garbage(uri, storage)}
    studies = {study.name: study for study in list_studies(storage)}
    freed, unmarked = 0, set()
    for one in found:
        if (one.what, one.path) not in still:
            continue
        if one.what == STUDY:
            studies[one.study].delete()
        elif one.what == RUN:
            unmarked.add((one.store, one.study))
        freed += size_of(one.path) if one.path.exists() else one.bytes
        if one.path.is_dir():
            shutil.rmtree(one.path, ignore_errors=True)
        else:
            one.path.unlink(missing_ok=True)
    for store, study in sorted(unmarked):
        delete_runs(store, None, study)
    return freed


def _all(studies: list[SavedStudy], uri: str, storage: str | None) -> Iterator[Garbage]:
    home, usual = open_storage(storage, data_folder() / "studies"), JournalFolder(data_folder() / "studies")
    names = {study.name for study in studies} | set(usual.names())
    for study in studies:
        if isinstance(home, JournalFolder) and _without_runs(study):
            path = home.path(study.name)
            yield Garbage(STUDY, path, size_of(path), study.name)
    if isinstance(home, JournalFolder):
        for path in _old(home.folder, "*"):
            if path.suffix in _ENDINGS and path.stem not in names:
                yield Garbage("file of a study that is gone", path, size_of(path))
    yield from _checkpoints(studies, names)
    for pattern in (".*.part", "baselines/.partial-*"):
        for path in _old(data_folder(), pattern):
            yield Garbage("unfinished file", path, size_of(path))
    stores = dict.fromkeys([uri, *(str(study.attributes.get("tracking_uri", "")) for study in studies)])
    places = {local_folder(one): one for one in stores if (file := sqlite_path(one)) and file.is_file()}
    for store in places.values():
        for left in leftovers(store, names):
            yield Garbage(_WORDS[left.kind], left.path, left.bytes, left.study, store)


def _without_runs(study: SavedStudy) -> bool:
    """Whether every run of a study is gone, which is known only of a file on this machine."""
    store, parent = str(study.attributes.get("tracking_uri", "")), study.attributes.get("parent_run_id")
    path = sqlite_path(store)
    if study.problem or not parent or path is None or not path.parent.is_dir():
        return False
    if not path.exists():
        return True
    runs = [parent, *(trial["run_id"] for trial in study.trials() if trial["run_id"])]
    with glance(store) as look:
        return all(look.run(str(run_id)) is None for run_id in runs)


def _checkpoints(studies: list[SavedStudy], names: Collection[str]) -> Iterator[Garbage]:
    """Checkpoints of studies that are gone, and of those in which no trial is left that could go on from one."""
    folder = data_folder() / "checkpoints"
    for path in _old(folder, "*@*"):
        if path.name not in names:
            yield Garbage("checkpoints of a study that is gone", path, size_of(path), path.name)
    for study in studies:
        path = folder / study.name
        try:
            unsettled = study.problem or set(study.counts()) & set(_UNSETTLED)
        except AirybenchError:
            continue
        if not unsettled and (size := size_of(path)):  # a sweep leaves its folder, empty
            yield Garbage("checkpoints of trials that have ended", path, size, study.name)


def _old(folder: Path, pattern: str) -> Iterator[Path]:
    """Files and folders that nothing in was written to for a day; no links."""
    for path in sorted(folder.glob(pattern)):
        if path.is_symlink():
            continue
        try:
            last = max(one.stat().st_mtime for one in (path, *(path.rglob("*") if path.is_dir() else ())))
        except OSError:
            continue
        if time.time() - last > OLD_SECONDS:
            yield path
