"""A trained model evaluated on one part of the split, as a run of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.analysis.evaluation_files import write_evaluation, write_robustness
from airybench.analysis.robustness import Robustness, robustness, runs_not_trained_on
from airybench.data.datasets.another_run import OtherRuns
from airybench.data.datasets.catalog import CATALOG
from airybench.data.split.split import PARTS
from airybench.errors import ConfigError, DataError, unknown
from airybench.inference.ceiling import ceiling_of
from airybench.inference.evaluate import (
    FEWEST_TO_TUNE,
    Evaluation,
    evaluate,
    require_thresholds,
    tuned_thresholds,
    untuned_classes,
)
from airybench.inference.logits import store_logits
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import ALL_CHANGES, ANOTHER_RUN, CHANGES, stress_plan
from airybench.inference.stressed import stressed_predictions
from airybench.jobs.model_store import log_target
from airybench.provenance import Provenance
from airybench.reporter import SILENT, Reporter
from airybench.tracking.dataset import log_data
from airybench.tracking.run import Run
from airybench.trial.hit_finding import hits_beside_rule
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

SPLITS = (*PARTS, "all")


@dataclass(frozen=True)
class EvaluationOptions:
    """What an evaluation does besides scoring.

    Attributes:
        tune: tune the threshold of each class on the validation split for its F1.
        stress: score under changes of the detector: strengths by change, empty for all changes with their own
            strengths; None for none.
        simulator: version of the simulator, where the data set is simulated; None for that of the training.
    """

    tune: bool = False
    stress: Mapping[str, tuple[float, ...]] | None = None
    simulator: int | None = None


@dataclass(frozen=True)
class EvaluatedModel:
    """An evaluation and the run that holds it.

    Attributes:
        model: what the user called the model.
        title: name of its configuration.
        dataset: name of the data set.
        split: `train`, `val`, `test` or `all`.
        result: the numbers.
        predictions: what they were computed from.
        thresholds: logit above which each class is assigned, shape (C,), where they were tuned on val.
        provenance: the shots and their split.
        run_id: id of the MLflow run.
        tracking_uri: the tracking store that holds it.
        ceiling: what the true labels score against the given ones, by metric; empty where they are not known.
        stress: scores under changes of the detector, where they were asked for.
        image_size: side of what the network sees, pixels.
        hits: scores of hit finding of the network and of the lit-pixel rule, see `hits_beside_rule`.
    """

    model: str
    title: str
    dataset: str
    split: str
    result: Evaluation
    predictions: Predictions
    thresholds: Tensor | None
    provenance: Provenance
    run_id: str
    tracking_uri: str
    ceiling: dict[str, float] = field(default_factory=dict)
    stress: Robustness | None = None
    image_size: int = 0
    hits: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def tuned(self) -> bool:
        """Whether thresholds were tuned on the validation split."""
        return self.thresholds is not None

    @property
    def heading(self) -> str:
        """The model and the shots, as titles of figures say it."""
        simulated = "simulated " if self.provenance.simulated else ""
        return f"{self.title} on {simulated}{self.dataset} {self.split}"


def evaluate_model(
    model: str,
    predictor: Predictor,
    dataset: str,
    *,
    device: torch.device,
    split: str = "test",
    options: EvaluationOptions = EvaluationOptions(),
    tracking_uri: str | None = None,
    reporter: Reporter = SILENT,
) -> EvaluatedModel:
    """Evaluate a model in one full pass over a part of the split that its own training used.

    The run is one of its own; under `mlflow run` it is the run that MLflow made.

    Args:
        model: what the user called it.
        predictor: the model.
        dataset: name or path of the data.
        device: where to compute.
        split: `train`, `val`, `test`, or `all` for every shot.
        options: thresholds to tune, changes of the detector to try.
        tracking_uri: the MLflow store; None takes that of the study in `winner:STUDY`, else MLFLOW_TRACKING_URI, else
            `mlflow.db` in the working folder. It is checked at once, and made once nothing is left to refuse.
        reporter: receives notices and progress.

    Raises:
        ConfigError: no such split, thresholds where there are none, or no such change of the detector.
        DataError: other classes or another image size than the model was trained on.
        TrackingError: the tracking store cannot be used.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    tune = options.tune
    if tune:
        require_thresholds(predictor.label_kind)
    plan = None if options.stress is None else stress_plan(options.stress)
    target = log_target(model, tracking_uri)
    scored = {split, *(("val",) if tune else ())} - {"all"}
    config = predictor.config
    if options.simulator is not None:
        config = config.replace({"simulator": options.simulator})
    data = prepare(dataset, config, device, reporter, load=False, scored=sorted(scored))
    require_same(predictor, data, reporter)
    if plan is not None:
        plan = _with_another_run(plan, data, reporter)
    if tune and split in ("val", "all"):
        reporter.notify(f"thresholds are tuned on val, whose shots are among those of {split}: their F1 is too high")
    rows = np.arange(data.store.count) if split == "all" else getattr(data.split, split)
    tracking = target.connect()
    title = f"evaluate {predictor.config.label} on {data.name} {split}"
    run = Run.own(tracking, title, "evaluate", data.provenance().tags(), target.joined)
    with run.ending():
        run.params({"model": model, "split": split, "tuned_thresholds": tune} | predictor.config.params())
        log_data(run, data.data_input())
        predictions = _predict(predictor, data, rows, f"evaluating on {data.name} {split}", reporter)
        thresholds = None
        if tune:
            val = _predict(predictor, data, data.split.val, "tuning thresholds on val", reporter)
            labels = torch.from_numpy(val.labels)
            thresholds = tuned_thresholds(torch.from_numpy(val.logits), labels, val.label_kind)
            few = untuned_classes(labels, val.class_names)
            if few:
                reporter.notify(
                    f"thresholds stay at 0.5 for {', '.join(few)}: fewer than {FEWEST_TO_TUNE} positive shots on val"
                )
        stress = None
        if plan is not None:
            stressed = stressed_predictions(predictor, data.store, rows, predictions, plan, device, reporter)
            stress = robustness(stressed, predictions, thresholds, _other_runs(predictor, data, rows))
        hits = hits_beside_rule(predictions, thresholds, data, predictor.config, split, reporter)
        training_labels = torch.from_numpy(data.store.labels()[data.split.train])
        evaluated = EvaluatedModel(
            model=model,
            title=predictor.config.label,
            dataset=data.name,
            split=split,
            result=evaluate(predictions, training_labels, thresholds),
            predictions=predictions,
            thresholds=thresholds,
            provenance=data.provenance(),
            run_id=run.run_id,
            tracking_uri=tracking.uri,
            ceiling=ceiling_of(data.store, rows),
            stress=stress,
            image_size=predictor.config.data.image_size,
            hits=hits,
        )
        run.metrics(_metrics(split, evaluated.result))
        run.metrics({f"{split}/{name}": value for name, value in hits.get(evaluated.title, {}).items()})
        run.metrics({f"ceiling/{split}/{name}": value for name, value in evaluated.ceiling.items()})
        with run.artifacts() as folder:
            write_evaluation(folder, evaluated.result, predictions, split, evaluated.heading, thresholds)
            if stress is not None:
                write_robustness(folder, stress, evaluated.result.majority, evaluated.heading)
                run.metrics(stress.flat())
    return evaluated


def trained_on(predictor: Predictor) -> str:
    """Name of the data set that a model was trained on.

    Raises:
        ConfigError: it was a file or folder, and a model does not know where that lies.
    """
    name = predictor.config.data.dataset
    if name not in CATALOG:
        raise ConfigError(f"the model was trained on {name}, a file or folder; say where it is with --dataset PATH")
    return name


def require_same(predictor: Predictor, data: PreparedDataset, reporter: Reporter) -> None:
    """Refuse data that the model does not fit, and say where it may have been trained on some of the shots.

    Raises:
        DataError: other classes, or another image size.
    """
    store, origin = data.store, predictor.provenance
    if store.class_names != predictor.class_names:
        raise DataError(
            f"{store.path} has the classes {', '.join(store.class_names)}; the model was trained on "
            f"{', '.join(predictor.class_names)}; evaluate it on data with the same classes in the same order"
        )
    predictor.require_fit(store.path, store.image_shape, "import the data at that size (--bin)")
    if origin is None:
        return
    found = data.provenance()
    if origin.simulator and found.simulator and origin.simulator != found.simulator:
        reporter.notify(
            f"the model was trained on version {origin.simulator} of the simulator and these shots are of version "
            f"{found.simulator}: its scores here say how it does on other data, and stand beside no score of a study"
        )
    elif not found.same_data(origin):
        reporter.notify(
            f"the model was trained on other shots or another split ({origin.dataset}, {origin.data_sha256[:12]}): "
            "some of these may have been among its training shots"
        )


def _predict(
    predictor: Predictor, data: PreparedDataset, rows: NDArray[np.int64], title: str, reporter: Reporter
) -> Predictions:
    """Predictions of rows of the store, with their labels."""
    store = data.store
    logits = store_logits(predictor, store, rows, data.device, title=title, reporter=reporter)
    labels, groups = store.labels()[rows], store.groups()[rows]
    where = (store.content_sha256, data.split.digest)
    names, kind = predictor.class_names, predictor.label_kind
    return Predictions(store.ids()[rows], logits.numpy(), labels, names, kind, groups, *where)


def _other_runs(predictor: Predictor, data: PreparedDataset, rows: NDArray[np.int64]) -> NDArray[np.bool_] | str:
    """Which shots belong to runs that were not in training, or why that cannot be asked."""
    if predictor.provenance is not None and not data.provenance().same_data(predictor.provenance):
        return "Other runs: the model was trained on other shots, so the scores are those of other runs."
    return runs_not_trained_on(data.store.groups(), rows, data.split.train)


def _with_another_run(
    plan: dict[str, tuple[float, ...]], data: PreparedDataset, reporter: Reporter
) -> dict[str, tuple[float, ...]]:
    """The plan with another run, where every change is asked for and the shots can be detected again.

    Raises:
        ConfigError: another run was asked for by its name, and they cannot.
    """
    others, every = OtherRuns.of(data.store), CHANGES.keys() <= plan.keys()
    if not isinstance(others, str):
        own = stress_plan({ANOTHER_RUN: ALL_CHANGES[ANOTHER_RUN].strengths})
        return plan | {name: plan.get(name, strengths) for name, strengths in own.items()} if every else plan
    if ANOTHER_RUN in plan:
        raise ConfigError(
            f"{ANOTHER_RUN}: {others}", "leave it out, or train with --split-by group to score other runs"
        )
    if every:
        reporter.notify(f"{ANOTHER_RUN} is left out: {others}")
    return plan


def _metrics(split: str, result: Evaluation) -> dict[str, float]:
    """What is logged: metrics with the ends of their intervals, those of the majority baseline, and calibration."""
    metrics = result.scores.flat(split)
    for name, (low, high) in result.intervals.items():
        metrics |= {f"{split}/{name}/low": low, f"{split}/{name}/high": high}
    metrics |= {f"majority/{split}/{name}": value for name, value in result.majority.values.items()}
    metrics |= {f"{split}/calibration_error": result.reliability.error, f"{split}/brier": result.reliability.brier}
    return {name: value for name, value in metrics.items() if value == value}
