"""Logged models copied with the run that logged them."""

import tempfile
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.entities import Run as MlflowRun
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from airybench.tracking.copied_ids import CopiedIds
from airybench.tracking.search import models_of_run
from airybench.tracking.tags import Tag


def copy_models(run: MlflowRun, source: MlflowClient, target: MlflowClient, ids: CopiedIds) -> int:
    """Copy the models that a run logged, each once, with files, tags, parameters and scores.

    Args:
        run: in the source.
        source: where it is.
        target: where its copy is.
        ids: what copies are called; the models are added.

    Returns:
        How many models were copied now.
    """
    made = 0
    for model in models_of_run(source, run.info.experiment_id, run.info.run_id):
        copy = _existing(target, run, model, ids) or target.create_logged_model(
            ids.experiments[run.info.experiment_id], name=model.name, source_run_id=ids.runs[run.info.run_id],
            params=dict(model.params or {}), tags={Tag.ORIGIN: model.model_id}, model_type=model.model_type or None,
        )  # fmt: skip
        ids.models[model.model_id] = copy.model_id
        if str(copy.status) != "READY":
            _fill(model, copy, source, target, ids)
            made += 1
        tags = {key: ids.in_text(str(value)) for key, value in (model.tags or {}).items() if key != Tag.ORIGIN}
        target.set_logged_model_tags(copy.model_id, tags)
        _copy_scores(run, model, copy, target, ids)
    outputs = [one for one in (run.outputs.model_outputs if run.outputs else []) if one.model_id in ids.models]
    if outputs:
        known = target.get_run(ids.runs[run.info.run_id]).outputs
        there = {one.model_id for one in (known.model_outputs if known else [])}
        new = [LoggedModelOutput(ids.models[one.model_id], one.step) for one in outputs]
        target.log_outputs(ids.runs[run.info.run_id], [one for one in new if one.model_id not in there])
    return made


def _existing(target: MlflowClient, run: MlflowRun, model: LoggedModel, ids: CopiedIds) -> LoggedModel | None:
    """The copy of a model that was made before, whole or not."""
    copies = models_of_run(target, ids.experiments[run.info.experiment_id], ids.runs[run.info.run_id])
    return next((one for one in copies if (one.tags or {}).get(Tag.ORIGIN) == model.model_id), None)


def _fill(model: LoggedModel, copy: LoggedModel, source: MlflowClient, target: MlflowClient, ids: CopiedIds) -> None:
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        files = get_artifact_repository(model.artifact_location, source.tracking_uri)
        if files.list_artifacts():
            files.download_artifacts("", folder)
            ids.in_files(Path(folder))
            target.log_model_artifacts(copy.model_id, folder)
    target.finalize_logged_model(copy.model_id, "READY")


def _copy_scores(run: MlflowRun, model: LoggedModel, copy: LoggedModel, target: MlflowClient, ids: CopiedIds) -> None:
    """The metrics that the page of a model shows."""
    own = [one for one in model.metrics or [] if one.run_id == run.info.run_id]
    run_id = ids.runs[run.info.run_id]
    metrics = [
        Metric(one.key, one.value, one.timestamp, one.step, model_id=copy.model_id, run_id=run_id,
               dataset_name=one.dataset_name, dataset_digest=one.dataset_digest)
        for one in own
    ]  # fmt: skip
    if metrics:
        target.log_batch(run_id, metrics=metrics)
