"""Baselines without a network, as runs beside those of the networks."""

from dataclasses import dataclass

import torch
import yaml

from airybench.config import DataConfig, TrialConfig
from airybench.config.baseline import LIT_PIXELS, NAMES, BaselineConfig
from airybench.data.datasets.catalog import display_name
from airybench.data.store.labels import miss_column
from airybench.errors import DataError
from airybench.inference.evaluate import scores_on_test
from airybench.inference.hits import hit_scores
from airybench.paths import data_folder
from airybench.provenance import Provenance
from airybench.reporter import SILENT, Reporter
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen
from airybench.tracking.tags import Tag
from airybench.tracking.target import TrackingTarget
from airybench.trial.artifacts import write_results
from airybench.trial.baselines import SEEN, FittedBaseline, fitted_baselines
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset


@dataclass(frozen=True)
class Baseline:
    """The result of a baseline.

    Attributes:
        name: a key of NAMES.
        val: metrics on val.
        test: metrics on test, as logged, with `/low` and `/high`.
        chosen: what cross-validation chose, or the count of a lit pixel; empty for the majority.
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


def run_baselines(
    config: TrialConfig,
    search: BaselineConfig,
    dataset: str,
    *,
    device: torch.device,
    study: SavedStudy | None = None,
    tracking_uri: str | None = None,
    reporter: Reporter = SILENT,
) -> list[Baseline]:
    """Score every baseline on the split of the networks, each as a run of its own.

    Under `mlflow run`, the run that MLflow made is that of the support vectors, which its parameters describe; the
    others stand beside it. Those of a study stand below its run, with its cells.

    Args:
        config: its data part says how many shots there are, how they are preprocessed and which fraction trains; its
            seed assigns the shots to the folds of the cross-validation.
        search: the values that cross-validation chooses from.
        dataset: name or path.
        device: where features are computed.
        study: whose shots and split these have to be.
        tracking_uri: the MLflow store; None takes MLFLOW_TRACKING_URI, else `mlflow.db` in the working folder.
        reporter: receives notices and progress.

    Raises:
        AirybenchError: the data or the tracking store cannot be used.
    """
    display_name(dataset)
    data_folder()
    target = TrackingTarget.chosen(tracking_uri)
    config = config.replace(SEEN)
    prepared = prepare(dataset, config, device, reporter)
    if study is not None:
        _require_same_shots(prepared, study, config)
    config = config.replace(prepared.logged)
    tracking, of_study = _place(target, study)
    baselines = []
    for name in NAMES:
        if name == LIT_PIXELS and miss_column(prepared.store.class_names) is None:
            continue
        title = NAMES[name] + config.data_label
        tags = {Tag.BASELINE: name, **of_study, **prepared.provenance().tags()}
        run = Run.own(tracking, title, "baseline", tags, target.joined if name == "svm" else None)
        with run.ending():
            found = fitted_baselines(prepared, config, search, [name], reporter)[name]
            baselines.append(_logged(name, title, found, run, prepared, config, search))
    return baselines


def _place(target: TrackingTarget, study: SavedStudy | None) -> tuple[Tracking, dict[str, str]]:
    """Where the runs go, and tags that put them below the run of a study, where that is in the same store."""
    known = {} if study is None else study.attributes
    if study is None or "parent_run_id" not in known or known.get("tracking_uri") != target.uri:
        return target.connect(), {}
    tags = {Tag.PARENT: str(known["parent_run_id"]), Tag.STUDY: study.name}
    return reopen(target.uri, str(known["experiment_id"])), tags


def _require_same_shots(prepared: PreparedDataset, study: SavedStudy, config: TrialConfig) -> None:
    """Refuse shots or a split that are not those of the study; the digest of one fold says nothing about all."""
    ours, its = prepared.provenance(), study.provenance
    of_fold = study.sweep.base.data.folds != config.data.folds or study.sweep.base.data.every_fold
    if ours.data_sha256 != its.data_sha256 or not (of_fold or ours.split_digest == its.split_digest):
        raise DataError(
            f"{prepared.name}: these are not the shots that study {study.name} was run on",
            "name the store that it was run on with --dataset",
        )


def _logged(
    name: str,
    title: str,
    found: FittedBaseline,
    run: Run,
    prepared: PreparedDataset,
    config: TrialConfig,
    search: BaselineConfig,
) -> Baseline:
    """Score a baseline, and log everything on its run."""
    run.params(_params(name, config, search, found.chosen))
    val, test = found.val, found.test
    scores = val.scores()
    on_val, on_test = hit_scores(val), scores_on_test(test)
    by_class: dict[str, float] = {}
    if name == LIT_PIXELS:  # scores of the class `hit` are no averages over the classes: hit finding alone is logged
        on_test = {key: value for key, value in on_test.items() if key.startswith("test/hit_")}
    else:
        on_val |= scores.values
        by_class = scores.flat("val") | scores.flat("best")
    facts = {"trial/seconds": found.seconds, "trial/training_shots": float(len(prepared.training_rows(config.data)))}
    cross_validated = {key: value for key, value in found.chosen.items() if key.startswith("cv/")}
    logged = {f"{part}/{key}": value for part in ("val", "best") for key, value in on_val.items()}
    run.metrics(logged | by_class | on_test | facts | cross_validated)
    content = {"data": config.data.model_dump(mode="json"), "baseline": search.model_dump(mode="json")}
    with run.artifacts() as folder:
        (folder / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        write_results(folder, val, test, scores, f"{title} on {config.data.dataset}")
    origin, uri = prepared.provenance(config), run.tracking.uri
    return Baseline(name, on_val, on_test, found.chosen, run.run_id, uri, origin, test.unscored)


def _params(name: str, config: TrialConfig, search: BaselineConfig, chosen: dict[str, float]) -> dict[str, object]:
    """The parameters of the data as networks log them, and those of the baseline."""
    everything = config.params()
    params: dict[str, object] = {key: everything[key] for key in DataConfig.model_fields}
    params |= {"arch": name, "seed": config.training.seed}
    if name not in ("majority", LIT_PIXELS):
        params |= {f"{key}_grid": ",".join(f"{value:g}" for value in getattr(search, key)) for key in ("c", "gamma")}
        params |= {"cv": search.cv}
    params |= {key: f"{value:g}" for key, value in chosen.items() if not key.startswith("cv/")}
    return params
