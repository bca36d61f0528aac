"""The weights that the run of a training keeps; where they were dropped, why, and how to get them back."""

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from airybench.config import SECTIONS, TrialConfig, neutral_values, recorded_trial
from airybench.config.experiments import load_experiment
from airybench.config.typed import option
from airybench.data.datasets.catalog import CATALOG
from airybench.errors import AirybenchError, TrackingError
from airybench.parsing import read_yaml
from airybench.provenance import Provenance
from airybench.tracking.filters import every, of_study, tag_like
from airybench.tracking.run import Run
from airybench.tracking.search import found_runs
from airybench.tracking.store import Tracking, client_of, driver_uri
from airybench.tracking.tags import Tag

WEIGHTS = "weights"
"""Artifact folder with what load_weights reads."""

_USUAL = "quick"
"""The experiment that `airybench train` starts from."""


def drop_weights(run: Run, reason: str) -> bool:
    """Delete the weights of a run, unless a model was logged from them, which may be registered; all else stays.

    The files go before the tag that says so: a process that dies in between leaves them to the next one.

    Args:
        run: of a finished trial.
        reason: why, in a few words.

    Returns:
        Whether they are gone.

    Raises:
        TrackingError: the store of artifacts does not delete them.
    """
    try:
        found = run.client.get_run(run.run_id)
        tags = found.data.tags
        if Tag.MODEL_URI in tags:
            return False
        get_artifact_repository(found.info.artifact_uri, driver_uri(run.tracking.uri)).delete_artifacts(WEIGHTS)
        if Tag.WEIGHTS not in tags:
            note = f"{tags.get(Tag.NOTE, '')}\n\nIts weights were dropped: {reason}.".strip()
            run.tag({Tag.WEIGHTS: f"dropped: {reason}", Tag.NOTE: note})
    except Exception as error:  # whatever the driver of this store raises, or that it cannot delete
        words = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrackingError(f"weights of run {run.run_id} cannot be deleted: {words}") from error
    return True


def dropped_runs(tracking: Tracking, study: str) -> set[str]:
    """Ids of the runs of a study whose weights were dropped.

    Args:
        tracking: the store, and the experiment of the study.
        study: `NAME@D`.

    Raises:
        TrackingError: the store does not answer.
    """
    wanted = every(of_study(study), tag_like(Tag.WEIGHTS, "dropped%"))
    try:
        found = found_runs(client_of(tracking.uri), [tracking.experiment_id], wanted)
        return {run.info.run_id for run in found}
    except MlflowException as error:
        raise TrackingError(f"runs of {study} cannot be listed: {str(error).splitlines()[0]}") from error


def has_weights(run: Run) -> bool:
    """Whether the weights of a finished training were not dropped.

    Raises:
        TrackingError: there is no such run.
    """
    return Tag.WEIGHTS not in run.tags()


def fetch_weights(run: Run, into: Path) -> Path:
    """Download the weights of a run; returns their folder.

    Raises:
        TrackingError: it has none; where they were dropped, the message says why, and how to get them back.
    """
    try:
        return run.fetch(WEIGHTS, into)
    except TrackingError as error:
        reason = run.tags().get(Tag.WEIGHTS)
        if reason is None:
            raise
        raise TrackingError(
            f"run {run.run_id} has no weights any more ({reason}); train that cell again with: {_again(run)}"
        ) from error


def _again(run: Run) -> str:
    """The command that trains the network of a run again."""
    try:
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            content = read_yaml(run.fetch("config.yaml", Path(folder)))
        simulated = Provenance.from_tags(run.tags()).simulated
        return train_command(recorded_trial(content, simulated=simulated), simulated=simulated)
    except (AirybenchError, OSError, ValueError):
        return "airybench train, and the parameters on the page of the run"


def train_command(config: TrialConfig, *, simulated: bool = True) -> str:
    """The command that trains a network; `PATH` stands for a file, as a run does not know where that lies.

    Args:
        config: of the network, its data and its training.
        simulated: whether the shots are.

    >>> train_command(load_experiment("quick").base.replace({"alpha": 0.5, "seed": 7}))
    'airybench train --dataset helium --alpha 0.5 --seed 7'
    """
    usual, name = load_experiment(_USUAL).base, config.data.dataset
    idle = {"dataset", "every_fold", *neutral_values(config.network.model_dump())}
    if not simulated:
        idle |= {"count", "data_seed", "simulator"}
    given = _different(config, usual, idle)
    # What had no effect before, as the width of a head that a ResNet lacks, has its default until it is given as well.
    given |= _different(config, usual.replace(given), idle)
    words = [option(field, (value,)) for field, value in given.items()]
    return " ".join([f"airybench train --dataset {name if name in CATALOG else 'PATH'}", *words])


def _different(config: TrialConfig, other: TrialConfig, idle: Collection[str]) -> dict[str, Any]:
    """The parameters of a configuration that another has otherwise, by flat name, without the idle ones."""
    return {
        field: getattr(getattr(config, section), field)
        for section, model in SECTIONS.items()
        for field in model.model_fields
        if field not in idle and getattr(getattr(config, section), field) != getattr(getattr(other, section), field)
    }
