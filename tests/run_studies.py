"""Studies of a few attributes, whose runs are in a store; nothing is trained."""

from pathlib import Path

import optuna

from airybench.sweep.journal import open_journal
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking
from airybench.tracking.tags import Tag


def recorded_study(folder: Path, name: str, tracking: Tracking, uri: str = "") -> tuple[Run, Run]:
    """Write a study with one trial as a journal, and its runs; returns the runs of both.

    Args:
        folder: of journals.
        name: `NAME@D`.
        tracking: where the runs are made.
        uri: what the study says instead of the store that they are in.
    """
    parent = Run.create(tracking, name, "sweep", {Tag.STUDY: name})
    trial = Run.create(tracking, f"trial of {name}", "trial", {Tag.STUDY: name}, parent=parent.run_id)
    trial.end("finished")
    parent.end("finished")
    study = optuna.create_study(study_name=name, storage=open_journal(folder / f"{name}.journal"), direction="maximize")
    for key, value in {
        "definition": {"base": {"data": {}}}, "tracking_uri": uri or tracking.uri, "parent_run_id": parent.run_id,
        "experiment_id": tracking.experiment_id,
    }.items():  # fmt: skip
        study.set_user_attr(key, value)
    asked = study.ask()
    asked.set_user_attr("run_id", trial.run_id)
    study.tell(asked, 0.5)
    return parent, trial
