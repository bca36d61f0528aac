"""The record of a study as a file that travels with its runs."""

import os
import shutil
from pathlib import Path

import optuna

from airybench.sweep.journal import open_journal
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.storage import JournalFolder
from airybench.tracking.store import Tracking


def write_journal(study: SavedStudy, path: Path) -> None:
    """Write a study as a journal, whatever it is stored in.

    Args:
        study: to be written.
        path: a new file in an existing folder.
    """
    if isinstance(study.storage, JournalFolder):
        shutil.copyfile(study.storage.path(study.name), path)
        return
    optuna.copy_study(
        from_study_name=study.name, from_storage=study.storage.optuna_storage(study.name),
        to_storage=open_journal(path), to_study_name=study.name,
    )  # fmt: skip
    for lock in path.parent.glob(f"{path.stem}.*lock"):
        lock.unlink()


def receive_journal(name: str, journal: Path, folder: Path, tracking: Tracking) -> bool:
    """Take a study into a folder of journals; returns whether it was not there yet.

    Args:
        name: `NAME@D`.
        journal: whose runs have the ids that they have in the store.
        folder: of journals.
        tracking: the store and the experiment of its runs.
    """
    home = JournalFolder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with home.session(name):
        if home.path(name).exists():
            return False
        study = optuna.load_study(study_name=name, storage=open_journal(journal))
        study.set_user_attr("tracking_uri", tracking.uri)
        study.set_user_attr("experiment_id", tracking.experiment_id)
        unfinished = home.path(name).with_suffix(".unfinished")
        shutil.copyfile(journal, unfinished)
        os.replace(unfinished, home.path(name))
    return True
