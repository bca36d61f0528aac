"""Baselines without a network, as runs beside those of the networks: the majority answer, and support vectors."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from airybench.config import DataConfig, TrialConfig
from airybench.config.baseline import TITLES, BaselineConfig
from airybench.data.datasets.catalog import display_name
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.inference.evaluate import scores_on_test
from airybench.inference.majority import majority_logits
from airybench.paths import data_folder
from airybench.physics.features import features
from airybench.provenance import Provenance
from airybench.reporter import SILENT, Reporter
from airybench.tracking.run import Run
from airybench.tracking.tags import Tag
from airybench.tracking.target import TrackingTarget
from airybench.training.metrics import score
from airybench.training.support_vectors import fit
from airybench.trial.artifacts import split_predictions, write_results
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset


@dataclass(frozen=True)
class Baseline:
    """The result of a baseline.

    Attributes:
        name: `majority` or `svm`.
        val: metrics on val.
        test: metrics on test, as logged, with `/low` and `/high`.
        chosen: what cross-validation chose, empty for the majority.
        run_id: its run.
        tracking_uri: the store of that run.
        provenance: data, split and seed.
        unscored: classes without a positive or without a negative on test; macro values leave them out.
    """

    name: str
    val: dict[str, float]
    test: dict[str, float]
    chosen: dict[str, float]
    run_id: str
    tracking_uri: str
    provenance: Provenance
    unscored: tuple[str, ...]


@dataclass(frozen=True)
class _Fitted:
    """Logits of a baseline on val and test, and what cross-validation chose and measured."""

    val: NDArray[np.float64]
    test: NDArray[np.float64]
    chosen: dict[str, float]


def run_baselines(
    config: TrialConfig,
    search: BaselineConfig,
    dataset: str,
    *,
    device: torch.device,
    tracking_uri: str | None = None,
    reporter: Reporter = SILENT,
) -> list[Baseline]:
    """Score the majority and the support vectors on the split of the networks, each as a run of its own.

    Under `mlflow run`, the run that MLflow made is that of the support vectors, which its parameters describe; the run
    of the majority stands beside it.

    Args:
        config: its data part says how many shots there are, how they are preprocessed and which fraction trains; its
            seed assigns the shots to the folds of the cross-validation.
        search: the values that cross-validation chooses from.
        dataset: name or path.
        device: where features are computed.
        tracking_uri: the MLflow store; None takes MLFLOW_TRACKING_URI, else `mlflow.db` in the working folder.
        reporter: receives notices and progress.

    Raises:
        AirybenchError: the data or the tracking store cannot be used.
    """
    display_name(dataset)
    data_folder()
    target = TrackingTarget.chosen(tracking_uri)
    # The features are computed from counts on the detector, whatever a network would see.
    config = config.replace({"log_activation": True, "input": "image", "input_scaling": "counts"})
    prepared = prepare(dataset, config, device, reporter)
    config = config.replace(prepared.logged)
    tracking = target.connect()
    baselines = []
    for name, fitted, joined in (("majority", _majority, None), ("svm", _support_vectors, target.joined)):
        title = TITLES[name] + config.data_label
        tags = {Tag.BASELINE: name, **prepared.provenance().tags()}
        run = Run.own(tracking, title, "baseline", tags, joined)
        with run.ending():
            baselines.append(_baseline(name, title, fitted, run, prepared, config, search))
    return baselines


def _baseline(
    name: str,
    title: str,
    fitted: Callable[[LoadedDataset, TrialConfig, BaselineConfig], _Fitted],
    run: Run,
    prepared: PreparedDataset,
    config: TrialConfig,
    search: BaselineConfig,
) -> Baseline:
    """Fit a baseline, score it, and log everything on its run."""
    data = prepared.loaded(config.data, "counts")
    began = time.monotonic()
    found = fitted(data, config, search)
    seconds = time.monotonic() - began
    run.params(_params(name, config, search, found.chosen))
    val, test = split_predictions(found.val, data.val, data), split_predictions(found.test, data.test, data)
    scores = score(torch.from_numpy(val.logits), torch.from_numpy(val.labels), val.class_names, val.label_kind)
    on_test = scores_on_test(test)
    facts = {"trial/seconds": seconds, "trial/training_shots": float(len(data.train))}
    cross_validated = {key: value for key, value in found.chosen.items() if key.startswith("cv/")}
    run.metrics(scores.flat("val") | scores.flat("best") | on_test | facts | cross_validated)
    content = {"data": config.data.model_dump(mode="json"), "baseline": search.model_dump(mode="json")}
    with run.artifacts() as folder:
        (folder / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        write_results(folder, val, test, scores, f"{title} on {config.data.dataset}")
    origin, uri = prepared.provenance(config), run.tracking.uri
    return Baseline(name, dict(scores.values), on_test, found.chosen, run.run_id, uri, origin, test.unscored)


def _majority(data: LoadedDataset, config: TrialConfig, search: BaselineConfig) -> _Fitted:
    training = data.train.labels.cpu()
    val, test = (majority_logits(training, len(split)).numpy() for split in (data.val, data.test))
    return _Fitted(val, test, {})


def _support_vectors(data: LoadedDataset, config: TrialConfig, search: BaselineConfig) -> _Fitted:
    machine = fit(
        _features(data.train),
        data.train.labels.cpu().numpy().astype(np.uint8),
        search,
        data.class_names,
        data.label_kind,
        config.training.seed,
    )
    return _Fitted(machine.logits(_features(data.val)), machine.logits(_features(data.test)), machine.chosen)


def _features(split: LoadedSplit) -> NDArray[np.float64]:
    with torch.no_grad():
        found = torch.cat([features(batch.squeeze(1)).cpu() for batch in split.evaluation_batches()])
    return found.double().numpy()


def _params(name: str, config: TrialConfig, search: BaselineConfig, chosen: dict[str, float]) -> dict[str, object]:
    """The parameters of the data as networks log them, and those of the baseline."""
    everything = config.params()
    params: dict[str, object] = {key: everything[key] for key in DataConfig.model_fields}
    params |= {"arch": name, "seed": config.training.seed}
    if name == "svm":
        params |= {f"{key}_grid": ",".join(f"{value:g}" for value in getattr(search, key)) for key in ("c", "gamma")}
        params |= {"cv": search.cv}
        params |= {key: f"{value:g}" for key, value in chosen.items() if not key.startswith("cv/")}
    return params
