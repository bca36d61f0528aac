"""One training as a run of its own: the trial of a sweep without the sweep."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import torch

from airybench.analysis.conclude import hand_over, majority_scores, predictions, test_scores, unscored
from airybench.analysis.source import News, prepare
from airybench.config import TrialConfig
from airybench.data.catalog import label
from airybench.data.folder import data_folder
from airybench.errors import explained
from airybench.sweep.trial import execute
from airybench.tracking.register import Merit, Registered, check_name, register
from airybench.tracking.run import Run
from airybench.tracking.store import check, connect, tracking_uri
from airybench.training.loop import Epoch


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
    news: News,
    *,
    device: torch.device,
    uri: str | None = None,
    register_as: str | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Training:
    """Train one configuration as a tracked run; under `mlflow run`, as the run that it made.

    Raises:
        TrialError: the training failed; its run says so.
    """
    label(dataset)
    if register_as is not None:
        check_name(register_as)
    data_folder()
    chosen, joined = tracking_uri(uri), os.environ.get("MLFLOW_RUN_ID")
    check(chosen, existing=bool(joined))
    source = prepare(dataset, config, device, news)
    config = config.replace(source.logged)
    tracking = connect(chosen)
    if joined:
        run = Run.join(tracking, joined, config.title, "train", source.tags())
    else:
        run = Run.create(tracking, config.title, "train", source.tags())
    try:
        outcome = execute(config, source, run, metric="macro_ap", direction="max", on_epoch=on_epoch)
        test, majority = test_scores(predictions(run, "test")), majority_scores(source)
        run.metrics(test | majority)
        model_uri = hand_over(run, source)
        merit = Merit("macro_ap", "max", outcome.value, **source.identity())
        registered = register(tracking, register_as, model_uri, run.run_id, merit) if register_as else None
    except KeyboardInterrupt:
        run.end("interrupted")
        raise
    except BaseException as error:
        kind, reason = explained(error)
        run.end("failed", {"airybench.failure": kind, "airybench.reason": reason[:500]})
        raise
    run.end("finished")
    missing = unscored(source, test)
    return Training(
        config.title, outcome.scores, test, majority, model_uri, run.run_id, tracking.uri, missing, registered
    )
