"""One training as a run of its own: the trial of a sweep without the sweep."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from airybench.config import Objective, TrialConfig
from airybench.data.datasets.catalog import display_name
from airybench.errors import TrackingError, TrialError
from airybench.inference.evaluate import scores_on_test
from airybench.inference.majority import majority_scores
from airybench.networks.timm_models import require_buildable
from airybench.paths import data_folder, sole_owner
from airybench.reporter import Reporter
from airybench.tracking.model import logged_model
from airybench.tracking.predictions import predictions
from airybench.tracking.register import ModelScore, Registered, check_name, register
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, check, connect, tracking_uri
from airybench.training.checkpoint import EVERY
from airybench.training.distributed import ranks, require_gpus
from airybench.training.epoch import Epoch
from airybench.training.loop import train
from airybench.trial.execute import execute
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

SCOPE = "train"
"""Folder of the checkpoints of single trainings."""


@dataclass(frozen=True)
class Training:
    """What a training came to.

    Attributes:
        title: what was trained.
        val: metrics on val at the best epoch.
        test: metrics on test, as logged, with `/low` and `/high`.
        majority: metrics of the majority baseline.
        model_uri: the MLflow model.
        run_id: its run.
        tracking_uri: where it is.
        unscored: classes that test has only with, or only without; macro values leave them out.
        registered: the model in the registry, where it was asked for.
    """

    title: str
    val: dict[str, float]
    test: dict[str, float]
    majority: dict[str, float]
    model_uri: str
    run_id: str
    tracking_uri: str
    unscored: tuple[str, ...]
    registered: Registered | None = None


def train_one(
    config: TrialConfig,
    dataset: str,
    reporter: Reporter,
    *,
    device: torch.device,
    uri: str | None = None,
    fresh: bool = False,
    every: float = EVERY,
    sync_bn: bool = False,
    register_as: str | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Training | None:
    """Train one configuration as a tracked run; under `mlflow run`, as the run that it made.

    Interrupted or killed, the same configuration on the same data goes on from its last checkpoint, in the same run.
    Started by `torchrun`, the processes share the training.

    Args:
        config: what to train.
        dataset: name or path.
        reporter: receives notices and progress.
        device: where to train.
        uri: tracking URI asked for, if any.
        fresh: begin anew even where a checkpoint is left.
        every: seconds between two checkpoints at least.
        sync_bn: batch-norm statistics over all processes, on GPUs.
        register_as: name of a registered model that this one becomes a version of.
        on_epoch: called after each look at val.

    Returns:
        What it came to; None in the processes that only take part.

    Raises:
        TrialError: the training failed; its run says so.
        StudyError: the same training is being run by another process.
    """
    display_name(dataset)
    if register_as is not None:
        check_name(register_as)
    data_folder()
    require_buildable(config.network, config.data.image_size)
    chosen = tracking_uri(uri)
    check(chosen, existing=bool(os.environ.get("MLFLOW_RUN_ID")))
    require_gpus(sync_bn, device)
    with ranks(device) as (who, own):
        source = prepare(dataset, config, own, reporter)
        who.require(min(config.training.batch_size, len(source.training_rows(config.data))))
        config = config.replace(source.logged)
        checkpoints = source.checkpoints(config, SCOPE, every=every, notify=reporter.notify)
        if not who.lead:
            data = source.loaded(config.data, config.input_scaling)
            train(config, data, own, checkpoints=checkpoints, ranks=who, sync_bn=sync_bn)
            return None
        with sole_owner(checkpoints.folder, config.title, what="training", remedy="change its --seed"):
            if fresh:
                checkpoints.clear()
            checkpoints.require_ours()
            run = _run(config, source, connect(chosen), checkpoints.folder, reporter)
            with run.ending():
                try:
                    outcome = execute(
                        config, source, run, metric="macro_ap", direction="max", on_epoch=on_epoch,
                        checkpoints=checkpoints, ranks=who, sync_bn=sync_bn,
                    )  # fmt: skip
                except TrialError:
                    checkpoints.clear()  # it would fail again; what fails from outside may go on
                    raise
                kept = predictions(run, "test")
                test, majority = scores_on_test(kept), majority_scores(source.store, source.split)
                run.metrics(test | majority)
                model_uri = logged_model(run, source.store.read_images(source.split.test[:2]))
                merit = ModelScore(Objective(), outcome.value, source.provenance(config))
                registered = register(run.tracking, register_as, model_uri, run.run_id, merit) if register_as else None
            checkpoints.clear()
    return Training(
        config.title, outcome.scores, test, majority, model_uri, run.run_id, run.tracking.uri, kept.unscored, registered
    )  # fmt: skip


def _run(config: TrialConfig, source: PreparedDataset, tracking: Tracking, folder: Path, reporter: Reporter) -> Run:
    """The run that `mlflow run` made, the one that a checkpoint was trained in, or a new one; noted beside it."""
    note = folder / "run.json"
    joined = os.environ.get("MLFLOW_RUN_ID")
    left: dict[str, str] = {}
    with suppress(OSError, ValueError):
        left = json.loads(note.read_text(encoding="utf-8"))
    run: Run | None = None
    if joined:
        run = Run.join(tracking, joined, config.title, "train", source.provenance(config).tags())
    elif left.get("tracking_uri") == tracking.uri:
        with suppress(TrackingError):  # it may have been deleted meanwhile; the checkpoint is as good
            run = Run.join(tracking, left["run_id"], config.title, "train", source.provenance(config).tags())
    if run is None:
        run = Run.create(tracking, config.title, "train", source.provenance(config).tags())
    if left:
        reporter.notify(f"{config.title}: an unfinished training of it is there; going on (--fresh begins anew)")
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"run_id": run.run_id, "tracking_uri": tracking.uri}), encoding="utf-8")
    return run
