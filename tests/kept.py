"""What a study left behind: trials in its journal, runs in the MLflow store beside it."""

from collections.abc import Iterable
from pathlib import Path

import optuna
from mlflow import MlflowClient
from mlflow.entities import Run

from airybench.sweep.journal import open_journal


def trials(data_home: Path, name: str) -> list[optuna.trial.FrozenTrial]:
    """Trials of a study by its full name; none where it has not begun."""
    path = data_home / "studies" / f"{name}.journal"
    if not path.exists():
        return []
    try:
        return optuna.load_study(study_name=name, storage=open_journal(path)).get_trials(deepcopy=False)
    except KeyError:
        return []


def runs_of(folder: Path, study: str) -> tuple[list[Run], list[Run]]:
    """Parents and children of a study in the store of a folder."""
    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("airybench")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], filter_string=f"tags.`airybench.study` = '{study}'")
    parents = [r for r in found if r.data.tags["airybench.kind"] == "sweep"]
    return parents, [r for r in found if r.data.tags["airybench.kind"] == "trial"]


def studies_above(uri: str, runs: Iterable[Run]) -> set[str]:
    """Ids of the parents of the studies that trials belong to, straight or by way of their cells."""
    client, found = MlflowClient(tracking_uri=uri), set()
    for one in runs:
        run = one
        while above := run.data.tags.get("mlflow.parentRunId"):
            run = client.get_run(above)
        found.add(run.info.run_id)
    return found
