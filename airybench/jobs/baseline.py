"""What is reached without a network, as runs beside those of the networks: the majority, and support vectors."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from airybench.config import DataConfig, TrialConfig
from airybench.config.baseline import BaselineConfig
from airybench.data.datasets.catalog import display_name
from airybench.data.loading.loaded import LoadedSplit
from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save
from airybench.inference.evaluate import scores_on_test
from airybench.inference.majority import majority_logits
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder
from airybench.physics.features import features
from airybench.reporter import Reporter
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, check, connect, tracking_uri
from airybench.training.metrics import decide, score
from airybench.training.support_vectors import fit
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

TITLES = {"majority": "majority", "svm": "features + PCA + SVM"}


@dataclass(frozen=True)
class Baseline:
    """What a baseline came to.

    Attributes:
        name: `majority` or `svm`.
        val: metrics on val.
        test: metrics on test, as logged, with `/low` and `/high`.
        chosen: what cross-validation chose, empty for the majority.
        run_id: its run.
        tracking_uri: where it is.
        data_source: `simulated`, or where the data came from.
        unscored: classes that test has only with, or only without; macro values leave them out.
    """

    name: str
    val: dict[str, float]
    test: dict[str, float]
    chosen: dict[str, float]
    run_id: str
    tracking_uri: str
    data_source: str
    unscored: tuple[str, ...]


@dataclass(frozen=True)
class _Answers:
    """Logits of val and test, and what was chosen and measured on the way."""

    val: NDArray[np.float64]
    test: NDArray[np.float64]
    chosen: dict[str, float]


def run_baselines(
    config: TrialConfig,
    rule: BaselineConfig,
    dataset: str,
    reporter: Reporter,
    *,
    device: torch.device,
    uri: str | None = None,
) -> list[Baseline]:
    """Score the majority and the support vectors on the split of the networks, each as a run of its own.

    Under `mlflow run` the run that MLflow made is that of the support vectors, where its parameters chose something;
    the majority's stands beside it, so that each run holds the scores of one answer and can be compared as it is.

    Args:
        config: its data part says which shots are seen at which size, with what noise, and which fraction trains; its
            seed deals the folds.
        rule: what is searched.
        dataset: a name or path.
        reporter: receives notices and progress.
        device: where features are computed.
        uri: tracking URI asked for, if any.

    Raises:
        AirybenchError: the data or the tracking store cannot be used.
    """
    display_name(dataset)
    data_folder()
    chosen, joined = tracking_uri(uri), os.environ.get("MLFLOW_RUN_ID")
    check(chosen, existing=bool(joined))
    # The features are made of counts on the detector, whatever a network would be shown.
    config = config.replace({"log_activation": True, "input": "image", "input_scaling": "counts"})
    source = prepare(dataset, config, device, reporter)
    config = config.replace(source.logged)
    tracking = connect(chosen)
    found = [_tracked("majority", config, rule, source, _majority, tracking, None)]
    found.append(_tracked("svm", config, rule, source, _support_vectors, tracking, joined))
    return found


def _tracked(
    name: str,
    config: TrialConfig,
    rule: BaselineConfig,
    source: PreparedDataset,
    answer: Callable[[TrialConfig, BaselineConfig, PreparedDataset], _Answers],
    tracking: Tracking,
    joined: str | None,
) -> Baseline:
    title = TITLES[name] + config.label.removeprefix(config.network.title)
    tags = {"airybench.baseline": name, **source.provenance().tags()}
    run = Run.own(tracking, title, "baseline", tags, joined)
    with run.ending():
        began = time.monotonic()
        answers = answer(config, rule, source)
        seconds = time.monotonic() - began
        run.params(_params(name, config, rule, answers))
        data = source.loaded(config.data, "counts")
        val, test = (
            _predictions(logits, part, source) for logits, part in ((answers.val, data.val), (answers.test, data.test))
        )
        scores = score(torch.from_numpy(val.logits), torch.from_numpy(val.labels), val.class_names, val.label_kind)
        scored = scores_on_test(test)
        facts = {"trial/seconds": seconds, "trial/training_shots": float(len(data.train))}
        cross_validated = {key: value for key, value in answers.chosen.items() if key.startswith("cv/")}
        run.metrics(scores.flat("val") | scores.flat("best") | scored | facts | cross_validated)
        _keep(run, title, config, rule, val, test, scores.f1)
    return Baseline(
        name, dict(scores.values), scored, answers.chosen, run.run_id, tracking.uri, source.store.source, test.unscored
    )


def _majority(config: TrialConfig, rule: BaselineConfig, source: PreparedDataset) -> _Answers:
    data = source.loaded(config.data, "counts")
    training = data.train.labels.cpu()
    val, test = (majority_logits(training, len(part)).numpy() for part in (data.val, data.test))
    return _Answers(val, test, {})


def _support_vectors(config: TrialConfig, rule: BaselineConfig, source: PreparedDataset) -> _Answers:
    data = source.loaded(config.data, "counts")
    machine = fit(
        _features(data.train),
        data.train.labels.cpu().numpy().astype(np.uint8),
        rule,
        data.class_names,
        data.label_kind,
        config.training.seed,
    )
    return _Answers(machine.logits(_features(data.val)), machine.logits(_features(data.test)), machine.chosen)


def _features(part: LoadedSplit) -> NDArray[np.float64]:
    with torch.no_grad():
        found = torch.cat([features(batch.squeeze(1)).cpu() for batch in part.evaluation_batches()])
    return found.double().numpy()


def _params(name: str, config: TrialConfig, rule: BaselineConfig, answers: _Answers) -> dict[str, object]:
    """The parameters of the data as networks log them, and those of the baseline; a network has none here."""
    everything = config.params()
    params: dict[str, object] = {key: everything[key] for key in DataConfig.model_fields}
    params |= {"arch": name, "seed": config.training.seed}
    if name == "svm":
        params |= {f"{key}_grid": ",".join(f"{value:g}" for value in getattr(rule, key)) for key in ("c", "gamma")}
        params |= {"cv": rule.cv}
        params |= {key: f"{value:g}" for key, value in answers.chosen.items() if not key.startswith("cv/")}
    return params


def _predictions(logits: NDArray[np.float64], part: LoadedSplit, source: PreparedDataset) -> Predictions:
    labels = part.labels.cpu().numpy().astype(np.uint8)
    names, kind = source.store.class_names, source.store.label_kind
    return Predictions(part.ids, logits.astype(np.float32), labels, names, kind)


def _keep(
    run: Run,
    title: str,
    config: TrialConfig,
    rule: BaselineConfig,
    val: Predictions,
    test: Predictions,
    f1: dict[str, float],
) -> None:
    """Configuration, logits of val and test, and the plots of val, where the runs of networks have them."""
    content = {"data": config.data.model_dump(mode="json"), "baseline": rule.model_dump(mode="json")}
    truth = val.labels.astype(np.int64)
    answers = decide(torch.from_numpy(val.logits), val.label_kind).numpy()
    positives = dict(zip(val.class_names, truth.sum(0).tolist(), strict=True))
    heading = f"{title} on {config.data.dataset} val"
    with run.artifacts() as folder:
        (folder / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        for place in ("predictions", "plots"):
            (folder / place).mkdir()
        val.write(folder / "predictions" / "val.h5")
        test.write(folder / "predictions" / "test.h5")
        save(class_f1(f1, positives, f"F1 per class, {heading}"), folder / "plots" / "class-f1.png")
        save(
            confusion(answers, truth, val.class_names, val.label_kind, f"Confusion, {heading}"),
            folder / "plots" / "confusion.png",
        )
