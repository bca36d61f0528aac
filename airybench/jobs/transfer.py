"""Runs and studies copied from one tracking store to another."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airybench.errors import StudyError, TrackingError, unknown
from airybench.passwords import hidden
from airybench.paths import data_folder
from airybench.reporter import SILENT, Reporter
from airybench.study_name import StudyName
from airybench.sweep.carried import receive_journal, write_journal
from airybench.sweep.look_up import list_studies
from airybench.tracking.copied_ids import CopiedIds
from airybench.tracking.copied_registered import copy_registered
from airybench.tracking.find import studies as studies_in
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, check, connect, reopen
from airybench.tracking.tags import Tag
from airybench.tracking.transfer import Copied, copy_runs, runs_to_copy

CARRIED = "study"
"""Artifact folder of a study's run that holds its journal."""


@dataclass(frozen=True)
class Transferred:
    """What was copied.

    Attributes:
        runs: how many.
        registered: `models:/NAME/VERSION` of the registered models among them, in the target.
        studies: those whose records travelled with their runs.
    """

    runs: Copied
    registered: tuple[str, ...]
    studies: tuple[str, ...]


def push(source: str, target: str, wanted: Sequence[str] = (), storage: str | None = None,
         reporter: Reporter = SILENT) -> Transferred:  # fmt: skip
    """Copy runs to another store; the record of each study goes along as an artifact of its run.

    Args:
        source: URI of the store that holds the runs.
        target: URI of the other one.
        wanted: `NAME@D` or NAME of the studies; all runs where it is empty.
        storage: where studies are kept.
        reporter: receives progress.

    Raises:
        StudyError: no such study in the source.
        TrackingError: a store does not answer, or both are the same.
    """
    check(target, option="--to")
    copied, registered, ids, there = _copy(source, target, wanted, reporter)
    known = {one.name: one for one in list_studies(storage) if not one.problem}
    carried = []
    for name, run in there.items():
        study = known.get(name)
        if study is None or ids.runs.get(str(study.attributes.get("parent_run_id"))) != run.run_id:
            continue
        with run.artifacts(CARRIED) as folder:
            write_journal(study, folder / f"{name}.journal")
            ids.in_files(folder)
        carried.append(name)
    return Transferred(copied, registered, tuple(carried))


def pull(source: str, target: str, wanted: Sequence[str] = (), reporter: Reporter = SILENT) -> Transferred:
    """Copy runs from another store into this one, and the records of their studies into the data folder.

    A study that is in the data folder already stays as it is.

    Args:
        source: URI of the other store.
        target: URI of the store that receives the runs.
        wanted: as for `push`.
        reporter: receives progress.

    Raises:
        StudyError: no such study in the source.
        TrackingError: a store does not answer, or both are the same.
    """
    check(source, option="--from")
    check(target)
    copied, registered, _, there = _copy(source, target, wanted, reporter)
    received = []
    for name, run in there.items():
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            try:
                journal = run.fetch(f"{CARRIED}/{name}.journal", Path(folder))
            except TrackingError:
                reporter.notify(f"{name}: pushed without its record, so that studies and report do not know it here")
                continue
            if receive_journal(name, journal, data_folder() / "studies", run.tracking):
                received.append(name)
            else:
                reporter.notify(f"{name}: a study of that name is here already, and stays as it is")
    return Transferred(copied, registered, tuple(received))


def _copy(
    source: str, target: str, wanted: Sequence[str], reporter: Reporter
) -> tuple[Copied, tuple[str, ...], CopiedIds, dict[str, Run]]:
    """Copy the runs and registered models; returns also the runs of the studies in the target."""
    if source == target:
        raise TrackingError(f"{hidden(source)} is both where runs are and where they are to go; name another store")
    names = _names(reopen(source), wanted)
    runs = runs_to_copy(source, names)
    if not runs:
        raise StudyError(f"no runs of airybench are in {hidden(source)}; run a sweep first, or name another store")
    tracking = connect(target)
    copied, ids = copy_runs(source, target, runs, reporter)
    parents = {run.data.tags[Tag.STUDY]: run for run in runs if run.data.tags.get(Tag.KIND) == "sweep"}
    there = {
        name: Run(Tracking(tracking.uri, ids.experiments[run.info.experiment_id]), ids.runs[run.info.run_id])
        for name, run in parents.items()
    }
    return copied, tuple(copy_registered(source, tracking, ids)), ids, there


def _names(source: Tracking, wanted: Sequence[str]) -> list[str]:
    """Full names of the studies that are wanted."""
    known = studies_in(source) if wanted else []
    found: list[str] = []
    for name in wanted:
        matching = [full for full in known if StudyName.parse(full).matches(name)]
        if not matching:
            raise unknown("study", name, known or ["none in this store"], error=StudyError)
        found += matching
    return list(dict.fromkeys(found))
