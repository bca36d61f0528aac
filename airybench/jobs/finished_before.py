"""A sweep whose studies have ended before: recognised before torch and MLflow are loaded; nothing changes."""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from airybench.config import SweepConfig
from airybench.data.datasets.catalog import CATALOG
from airybench.data.store.store import Store
from airybench.errors import AirybenchError
from airybench.paths import data_folder
from airybench.provenance import SIMULATED, Provenance
from airybench.sweep.definition import GROWING, full_name, refuse_early, stored_attributes, with_recorded_precision
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.storage import StudyStorage
from airybench.sweep.trial_queue import TrialQueue
from airybench.tracking.concluded import judged_digest, published_digest
from airybench.tracking.glance import SeenRun, glance
from airybench.tracking.store import RUN_VARIABLE, tracking_uri
from airybench.tracking.tags import Tag

ENDED = {"status": "FINISHED", Tag.STATE: "finished", Tag.FAILED_TRIALS: "0"}
"""What the parent run of a study says in which every trial has a result."""


@dataclass(frozen=True)
class FinishedBefore:
    """A study with nothing left to run.

    Attributes:
        study: its name, `NAME@D`.
        trials: how many have finished, with those of a confirmation.
        metric: the objective.
        winner: name of the winning network.
        metrics: of its parent run, by name.
        model_uri: the winner's MLflow model.
        parent_run: id of the study's run.
        tracking_uri: the tracking store that holds it.
        experiment_id: its MLflow experiment.
    """

    study: str
    trials: int
    metric: str
    winner: str
    metrics: Mapping[str, float]
    model_uri: str
    parent_run: str
    tracking_uri: str
    experiment_id: str


def finished_before(
    sweep: SweepConfig, datasets: Sequence[str], study: str, home: StudyStorage, delta: float, uri: str | None = None
) -> list[FinishedBefore]:
    """The studies of a sweep, where all of them have ended and their runs are as they were left; else none.

    Settings, data, trials and runs are compared; whatever is in doubt is for `run_sweep` to look at, which says what is
    wrong, or mends it.

    Args:
        sweep: what is asked for.
        datasets: names or paths.
        study: NAME.
        home: where studies are kept.
        delta: largest difference that does not matter, for the verdicts.
        uri: `--tracking-uri`, if given.
    """
    if os.environ.get(RUN_VARIABLE):
        return []  # the run that `mlflow run` made is still to be linked to the studies
    found = []
    for dataset in datasets:
        try:
            one = _ended(sweep, dataset, full_name(study, dataset), home, delta, uri)
        except (AirybenchError, sqlite3.Error, OSError, LookupError, TypeError, ValueError):
            return []
        if one is None:
            return []
        found.append(one)
    return found


def _ended(
    sweep: SweepConfig, dataset: str, name: str, home: StudyStorage, delta: float, uri: str | None
) -> FinishedBefore | None:
    known = stored_attributes(home, name)
    if not known.get("parent_run_id") or not known.get("tracking_uri"):
        return None
    if sweep.study.keep and sweep.study.keep != known.get("keep"):
        return None  # other weights are to be kept
    store = str(known["tracking_uri"])
    if uri and tracking_uri(uri) != store:
        return None
    sweep = with_recorded_precision(sweep, known)
    refuse_early(name, known, sweep, dataset)
    if not _same_data(dataset, known):
        return None
    saved = SavedStudy(name, home, known)
    wanted = {key: getattr(sweep.study, key) for key in GROWING}
    recorded = saved.sweep.model_copy(update={"study": saved.sweep.study.model_copy(update=wanted)})
    trials = optuna.load_study(study_name=name, storage=home.optuna_storage(name))
    if TrialQueue(trials, recorded).left() or not saved.finished:
        return None
    return _as_it_was_left(saved, delta, store)


def _as_it_was_left(saved: SavedStudy, delta: float, store: str) -> FinishedBefore | None:
    """The study, where its runs say the same as it does."""
    searched = [trial.run_id for trial in saved.finished]
    runs = searched + [trial.run_id for trial in saved.confirmations]
    parent_run, experiment = str(saved.attributes["parent_run_id"]), str(saved.attributes["experiment_id"])
    metric, origin = saved.sweep.study.metric, saved.provenance
    with glance(store) as look:
        parent = look.run(parent_run)
        if parent is None or look.finished(runs) != len(set(runs)):
            return None
        svm = [
            run_id
            for run_id in look.tagged(experiment, {Tag.BASELINE: "svm"})
            if (run := look.run(run_id)) and _same_shots(Provenance.from_tags(run.tags), origin)
        ]
        expected = {
            **ENDED,
            Tag.PUBLISHED: published_digest(metric, searched),
            Tag.JUDGED: judged_digest(delta, runs, svm),
        }
    if any(_said(parent, key) != value for key, value in expected.items()):
        return None
    return FinishedBefore(
        study=saved.name,
        trials=len(runs),
        metric=metric,
        winner=parent.tags[Tag.WINNER_NAME],
        metrics=parent.metrics,
        model_uri=parent.tags[Tag.MODEL_URI],
        parent_run=parent_run,
        tracking_uri=store,
        experiment_id=experiment,
    )


def _same_shots(one: Provenance, other: Provenance) -> bool:
    return (one.data_sha256, one.split_digest) == (other.data_sha256, other.split_digest)


def _said(parent: SeenRun, key: str) -> str | None:
    return parent.status if key == "status" else parent.tags.get(key)


def _same_data(dataset: str, known: Mapping[str, Any]) -> bool:
    """Whether a data set stands for the very shots of a study, as far as that can be told without making any."""
    path = data_folder() / f"{dataset}.h5" if dataset in CATALOG else Path(dataset).expanduser()
    if dataset in CATALOG and not path.exists():
        return known.get("data_source") == SIMULATED  # count, seed and version, which are compared, say the rest
    return Store.open(path).content_sha256 == str(known["definition"]["data_sha256"])
