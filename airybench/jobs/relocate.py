"""Studies whose tracking store was moved, brought to it again."""

from collections.abc import Sequence
from dataclasses import dataclass

from airybench.errors import StudyError
from airybench.passwords import hidden
from airybench.sweep.look_up import find_studies, list_studies
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.glance import glance
from airybench.tracking.store import sqlite_path


@dataclass(frozen=True)
class Relocated:
    """A study and its store.

    Attributes:
        study: `NAME@D`.
        before: URI of the store that it logged to, without password.
        now: the same of the store that holds its runs.
    """

    study: str
    before: str
    now: str


def relocate(uri: str, wanted: Sequence[str] = (), storage: str | None = None) -> list[Relocated]:
    """Record in studies that their runs are in a store, where it holds them.

    Args:
        uri: of the store.
        wanted: `NAME@D` or NAME; all studies where it is empty.
        storage: where studies are kept; by default the data folder's journals.

    Returns:
        The studies that are in that store, also those that have been known to be.

    Raises:
        StudyError: no such study, or the store holds the runs of none of them.
        TrackingError: there is no such store, or it does not answer.
    """
    studies = [one for name in wanted for one in find_studies(name, storage)] or list_studies(storage)
    readable = [one for one in studies if not one.problem and one.attributes.get("parent_run_id")]
    found: list[Relocated] = []
    with glance(uri) as store:
        here = [one for one in readable if store.run(str(one.attributes["parent_run_id"])) is not None]
    for study in here:
        before = study.log_to(uri)
        found.append(Relocated(study.name, hidden(before), hidden(uri)))
    if not found:
        names = ", ".join(one.name for one in studies) or "no study"
        raise StudyError(f"{hidden(uri)} holds no run of {names}; name the store that does with --tracking-uri")
    return found


def lost_studies(storage: str | None = None) -> list[SavedStudy]:
    """Studies that logged to a file that is not there."""
    paths = [(one, sqlite_path(str(one.attributes.get("tracking_uri", "")))) for one in list_studies(storage)]
    return [one for one, path in paths if path is not None and not path.exists()]
