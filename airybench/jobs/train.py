"""One training as a run of its own: a trial without a sweep."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from airybench.config import RANKING, TrialConfig
from airybench.data.datasets.catalog import display_name
from airybench.errors import TrackingError, TrialError
from airybench.inference.ceiling import logged_ceiling
from airybench.inference.evaluate import scores_on_test
from airybench.inference.majority import majority_scores
from airybench.jobs.options import DEFAULTS, RunOptions
from airybench.jobs.precision import settled_training
from airybench.networks.timm_models import require_buildable
from airybench.parsing import read_mapping
from airybench.paths import data_folder, sole_owner
from airybench.provenance import Provenance
from airybench.reporter import SILENT, Reporter
from airybench.tracking.model import example_shots, logged_model
from airybench.tracking.model_card import ModelCard
from airybench.tracking.model_name import check_name
from airybench.tracking.predictions import predictions
from airybench.tracking.register import ModelScore, Registered, register
from airybench.tracking.run import Run
from airybench.tracking.target import TrackingTarget
from airybench.training.checkpoint import Checkpoints
from airybench.training.distributed import Ranks, shared_training
from airybench.training.epoch import Epoch
from airybench.training.loop import train
from airybench.trial.execute import execute
from airybench.trial.outcome import Outcome
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

SCOPE = "train"
"""Folder of the checkpoints of single trainings."""


@dataclass(frozen=True)
class Training:
    """The result of a training.

    Attributes:
        title: what was trained.
        val: metrics on val at the best epoch.
        test: metrics on test, as logged, with `/low` and `/high`.
        majority: metrics of the majority baseline.
        ceiling: what the true labels score against the given ones, as `StudySummary.ceiling`.
        model_uri: the MLflow model.
        run_id: its run.
        tracking_uri: the store of that run.
        provenance: configuration, data, split and seed.
        unscored: classes without a positive or without a negative on test; macro values leave them out.
        registered: the model in the registry, where it was asked for.
    """

    title: str
    val: dict[str, float]
    test: dict[str, float]
    majority: dict[str, float]
    model_uri: str
    run_id: str
    tracking_uri: str
    provenance: Provenance
    unscored: tuple[str, ...]
    registered: Registered | None = None
    ceiling: dict[str, float] = field(default_factory=dict)


def run_training(
    config: TrialConfig,
    dataset: str,
    *,
    device: torch.device,
    sync_batch_norm: bool = False,
    options: RunOptions = DEFAULTS,
    reporter: Reporter = SILENT,
) -> Training | None:
    """Train one configuration as a tracked run; under `mlflow run`, as the run that it made.

    Interrupted or killed, the same configuration on the same data resumes from its last checkpoint, in the same run.
    Started by `torchrun`, the processes share the training.

    Args:
        config: what to train.
        dataset: name or path.
        device: where to train.
        sync_batch_norm: compute the statistics of batch norm over all processes, on GPUs.
        options: where it logs, and how it starts and saves.
        reporter: receives notices and progress.

    Returns:
        The result; None in the processes that only take part.

    Raises:
        TrialError: the training failed; its run says why.
        StudyError: another process runs the same training.
    """
    display_name(dataset)
    if options.register_as is not None:
        check_name(options.register_as)
    data_folder()
    require_buildable(config.network, config.data.image_size, config.data.channels)
    target = TrackingTarget.chosen(options.tracking_uri)
    if target.remark:
        reporter.notify(target.remark)
    with shared_training(device, sync_batch_norm=sync_batch_norm) as (ranks, own_device):
        prepared = prepare(dataset, config, own_device, reporter)
        ranks.require(min(config.training.batch_size, len(prepared.training_rows(config.data))))
        config = config.replace(prepared.logged)
        config = ranks.shared(partial(settled_training, config, prepared, SCOPE, options, reporter))
        checkpoints = prepared.checkpoints(config, SCOPE, every=options.checkpoint_every, reporter=reporter)
        if not ranks.lead:
            data = prepared.loaded_for(config)
            train(config, data, own_device, checkpoints=checkpoints, ranks=ranks)
            return None
        with _own_checkpoints(config, checkpoints, fresh=options.fresh):
            run = _run(config, prepared, target, checkpoints.folder, reporter)
            with run.ending():
                outcome = _trained(config, prepared, run, checkpoints, ranks, reporter)
                training = _finished(config, prepared, run, outcome, options.register_as)
            checkpoints.clear()
    return training


@contextmanager
def _own_checkpoints(config: TrialConfig, checkpoints: Checkpoints, *, fresh: bool) -> Iterator[None]:
    """Hold the lock on the folder of the checkpoints, and make sure that they can be resumed from."""
    with sole_owner(checkpoints.folder, config.title, what="training", remedy="change its --seed"):
        if fresh:
            checkpoints.clear()
        checkpoints.require_ours()
        yield


def _trained(
    config: TrialConfig, dataset: PreparedDataset, run: Run, checkpoints: Checkpoints, ranks: Ranks, reporter: Reporter
) -> Outcome:
    with reporter.progress(f"training {config.label}") as progress:

        def on_epoch(epoch: Epoch) -> None:
            progress(epoch.number, config.training.epochs)

        try:
            return execute(config, dataset, run, on_epoch=on_epoch, checkpoints=checkpoints, ranks=ranks)
        except TrialError:
            checkpoints.clear()  # it would fail again; a failure from outside, such as a full disk, may pass
            raise


def _finished(
    config: TrialConfig, dataset: PreparedDataset, run: Run, outcome: Outcome, register_as: str | None
) -> Training:
    """Score the trained network on test, and log and register its model."""
    kept = predictions(run, "test")
    test, majority = scores_on_test(kept), majority_scores(dataset.store, dataset.split)
    ceiling = logged_ceiling(dataset.store, dataset.split)
    run.metrics(test | majority | ceiling)
    card = ModelCard(dataset.name, dataset.summary(), f"{RANKING.metric} {outcome.value:.3f} on val.", test)
    model_uri = logged_model(run, dataset.store.read_images(dataset.split.test[: example_shots(config)]), card)
    origin = dataset.provenance(config)
    score = ModelScore(RANKING, outcome.value, origin)
    registered = register(run.tracking, register_as, model_uri, run.run_id, score) if register_as else None
    return Training(
        title=config.title,
        val=outcome.scores,
        test=test,
        majority=majority,
        ceiling=ceiling,
        model_uri=model_uri,
        run_id=run.run_id,
        tracking_uri=run.tracking.uri,
        provenance=origin,
        unscored=kept.unscored,
        registered=registered,
    )


def _run(
    config: TrialConfig, dataset: PreparedDataset, target: TrackingTarget, folder: Path, reporter: Reporter
) -> Run:
    """The run that `mlflow run` made, the one that a checkpoint was trained in, or a new one.

    A note of it is left beside the checkpoints.
    """
    tracking, tags = target.connect(), dataset.provenance(config).tags()
    note = folder / "run.json"
    left: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        left = read_mapping(note)
    run: Run | None = None
    if not target.joined and left.get("tracking_uri") == tracking.uri and isinstance(left.get("run_id"), str):
        with suppress(TrackingError):  # it may have been deleted meanwhile; the checkpoint is as good
            run = Run.join(tracking, left["run_id"], config.title, "train", tags)
    if run is None:
        run = Run.own(tracking, config.title, "train", tags, target.joined)
    if left:
        reporter.notify(f"{config.title}: resuming its unfinished training (--fresh starts again)")
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"run_id": run.run_id, "tracking_uri": tracking.uri}), encoding="utf-8")
    return run
