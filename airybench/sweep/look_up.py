"""Looking for studies in a storage: all of them, or those that a name stands for."""

import optuna

from airybench.errors import AirybenchError, StudyError, unknown
from airybench.paths import data_folder
from airybench.study_name import StudyName
from airybench.sweep.definition import stored_attributes
from airybench.sweep.saved_studies import SavedStudy, own
from airybench.sweep.storage import open_storage


def list_studies(storage: str | None = None) -> list[SavedStudy]:
    """Every study in a storage; one that cannot be read is listed with its problem.

    Args:
        storage: a folder or a PostgreSQL URL; by default the data folder's.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    home = open_storage(storage, data_folder() / "studies")
    studies = []
    for name in own(home):
        try:
            attributes = stored_attributes(home, name)
            problem = "" if attributes else "holds no study"
        except AirybenchError as error:
            attributes, problem = {}, str(error)
        studies.append(SavedStudy(name, home, attributes, problem))
    return studies


def find_studies(name: str, storage: str | None = None) -> list[SavedStudy]:
    """The study of a full name, or those of NAME on every data set.

    Raises:
        StudyError: there is none of that name.
    """
    studies = {study.name: study for study in list_studies(storage)}
    found = [study for full, study in studies.items() if StudyName.parse(full).matches(name)]
    if not found:
        raise unknown("study", name, studies or ["none yet"], error=StudyError)
    return found


def find_study(name: str, storage: str | None = None) -> SavedStudy:
    """One study by its name; NAME alone where there is one of a single data set.

    Raises:
        StudyError: there is none of that name, or several.
    """
    found = find_studies(name, storage)
    if len(found) > 1:
        raise StudyError(f"study {name} could be {' or '.join(one.name for one in found)}; name one of them")
    return found[0]
