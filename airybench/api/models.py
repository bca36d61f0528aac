"""Trained models in a notebook: load one by any of its names, predict, and evaluate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Unpack

import numpy as np
import torch
from numpy.typing import ArrayLike

from airybench.analysis.estimate import Estimate
from airybench.analysis.evaluation_files import class_records
from airybench.api.counts import above_background, checked_counts
from airybench.api.datasets import Dataset
from airybench.api.read_options import ReadOptions, source_options
from airybench.api.reporting import default_reporter
from airybench.config import METRICS, TrialConfig
from airybench.data.store.ids import as_ids
from airybench.errors import DataError
from airybench.inference.logits import logits, placed
from airybench.inference.predict import BATCH, PredictOptions
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.jobs.evaluate import EvaluatedModel, EvaluationOptions, evaluate_model
from airybench.jobs.models import OLD, open_model
from airybench.jobs.predict import predict_file
from airybench.reporter import Reporter
from airybench.training.device import choose_device

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Model:
    """A trained network from raw counts to probabilities.

    Attributes:
        reference: the name it was loaded by.
        predictor: preprocessing and network as a torch module.
        device: where it computes.
    """

    reference: str
    predictor: Predictor
    device: torch.device

    def __repr__(self) -> str:
        """Network and classes in one line."""
        old = "" if self.predictor.hashed else f"; {OLD}"
        return f"<Model {self.config.label}: {len(self.class_names)} classes, on {self.device}{old}>"

    @property
    def config(self) -> TrialConfig:
        """How the network is built and was trained."""
        return self.predictor.config

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the C classes, in the order of the probabilities."""
        return self.predictor.class_names

    def predict(
        self,
        counts: ArrayLike,
        *,
        ids: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        background: ArrayLike | None = None,
    ) -> Predictions:
        """Classify patterns that are in memory; for files of any size see `airybench.predict`.

        Args:
            counts: detector counts, uint16, shape (N, H, W) or (H, W), of the size that the model was trained on.
            ids: identifiers of the shots, whole numbers or text, shape (N,); 0 to N - 1 by default.
            groups: run of each shot, whole numbers, shape (N,); one run by default. A model trained with `background`
                subtracts the median image of each run.
            background: the median image of the run instead, where it is known, uint16, shape (H, W).

        Returns:
            Predictions without labels: `.probabilities` (N, C), `.classes`, `.to_pandas()`.

        Raises:
            DataError: counts of another shape or type, or too few shots of a run for its background.

        Example:
            >>> import airybench as ab
            >>> model.predict(data.images(slice(0, 2))).to_pandas().shape  # doctest: +SKIP
            (2, 12)
        """
        try:
            array = checked_counts(self.predictor, np.asarray(counts))
        except ValueError as error:
            raise DataError(f"counts are no array ({error})", "give uint16 of shape (N, H, W)") from None
        names = as_ids(np.arange(len(array)) if ids is None else ids)
        if names.shape != (len(array),):
            raise DataError(f"ids are {names.dtype} of shape {names.shape}, one for each of {len(array)} is expected")
        array = above_background(self.predictor, array, groups, background)
        batch = BATCH[self.device.type]
        parts = [
            logits(self.predictor, torch.from_numpy(array[start : start + batch]), self.device).numpy()
            for start in range(0, len(array), batch)
        ]
        values = np.concatenate(parts) if parts else np.empty((0, len(self.class_names)), np.float32)
        unlabelled = np.zeros((len(array), 0), np.uint8)
        return Predictions(names, values, unlabelled, self.class_names, self.predictor.label_kind)


@dataclass(frozen=True)
class EvaluationResult:
    """Scores of a model on one part of a data set.

    Attributes:
        title: network, data set and part.
        scores: every metric by name, each with `.value`, `.low` and `.high` (95 % interval over shots).
        majority: the same metrics of the majority baseline.
        classes: class by class with 95 % intervals, a pandas table; `few` marks those with so few positive shots that
            their intervals are rough.
        unscored: classes without positive or without negative examples here; macro averages leave them out.
        stress: scores and losses under changes of the detector, a pandas table; None unless asked for.
        run_id: the MLflow run that holds curves and tables.
        tracking_uri: where that run is.
    """

    title: str
    scores: Mapping[str, Estimate]
    majority: Mapping[str, float]
    classes: "pd.DataFrame"
    unscored: tuple[str, ...]
    run_id: str
    tracking_uri: str
    stress: "pd.DataFrame | None" = None

    @classmethod
    def of(cls, found: EvaluatedModel) -> "EvaluationResult":
        """The result of the job."""
        import pandas as pd

        result = found.result
        unknown_ends = (math.nan, math.nan)
        scores = {
            name: Estimate(result.scores.values[name], *result.intervals.get(name, unknown_ends))
            for name in METRICS
            if name in result.scores.values
        }
        classes = pd.DataFrame(class_records(result))
        return cls(
            f"{found.title} on {found.dataset} {found.split}, {result.shots} shots", MappingProxyType(scores),
            MappingProxyType(dict(result.majority.values)), classes, result.unscored, found.run_id, found.tracking_uri,
            None if found.stress is None else found.stress.to_pandas(),
        )  # fmt: skip

    def to_pandas(self) -> "pd.DataFrame":
        """Metrics as a table: value, low, high and the majority baseline's value."""
        import pandas as pd

        rows = {
            name: {"value": one.value, "low": one.low, "high": one.high, "majority": self.majority.get(name)}
            for name, one in self.scores.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def __repr__(self) -> str:
        """The table."""
        return str(self.to_pandas())

    def _repr_html_(self) -> str:
        return f"<p>{self.title}</p>{self.to_pandas().to_html(float_format='{:.3f}'.format)}"


def load_model(model: str | Path, *, tracking_uri: str | None = None, device: str = "auto") -> Model:
    """Load a trained model.

    Args:
        model: `winner:STUDY@DATASET`, an MLflow run id, `models:/...`, `runs:/...`, or a folder of weights.
        tracking_uri: MLflow store to look in; by default the one that the study logged to, else the one in use.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        DataError: no such model, or damaged weights.
        TrackingError: the tracking store does not answer, or the run has no weights.

    Example:
        >>> import airybench as ab
        >>> model = ab.load_model("winner:demo@helium")  # doctest: +SKIP
        >>> len(model.class_names)  # doctest: +SKIP
        11
    """
    place = choose_device(device)
    return Model(str(model), placed(open_model(str(model), tracking_uri), place), place)


def evaluate(
    model: Model | str,
    data: Dataset | str | Path,
    *,
    split: str = "test",
    tune_thresholds: bool = False,
    stress: bool = False,
    simulator: int | None = None,
    tracking_uri: str | None = None,
    reporter: Reporter | None = None,
) -> EvaluationResult:
    """Score a model on one part of a data set, as a tracked run with curves and tables.

    Args:
        model: a model, or any name that `load_model` takes.
        data: a data set with the classes of the model, or its name or path.
        split: `train`, `val`, `test`, or `all` for every shot.
        tune_thresholds: choose the threshold of each label on val, where its F1 is best.
        stress: also score the model under changes of the detector.
        simulator: version of the simulator for a simulated data set given by its name; that of the training by default.
        tracking_uri: MLflow store; by default that of the study in `winner:STUDY`, else MLFLOW_TRACKING_URI, else
            `mlflow.db` in the working folder.
        reporter: receives notices and progress; bars in a notebook by default.

    Raises:
        ConfigError: no such split, or thresholds for classes that exclude each other.
        DataError: other classes or another image size than the model was trained on.
        TrackingError: the tracking store cannot be used.

    Example:
        >>> import airybench as ab
        >>> score = ab.evaluate(model, data, split="test").scores["macro_ap"]  # doctest: +SKIP
        >>> score.low <= score.value <= score.high  # doctest: +SKIP
        True
    """
    trained = model if isinstance(model, Model) else load_model(model, tracking_uri=tracking_uri)
    found = evaluate_model(
        trained.reference,
        trained.predictor,
        _reference(data, trained.config),
        device=trained.device,
        split=split,
        options=EvaluationOptions(tune_thresholds, {} if stress else None, simulator),
        tracking_uri=tracking_uri,
        reporter=reporter or default_reporter(),
    )
    return EvaluationResult.of(found)


def predict(
    model: Model | str,
    source: Dataset | str | Path,
    output: str | Path,
    *,
    explain: bool = False,
    csv: bool = False,
    force: bool = False,
    reporter: Reporter | None = None,
    **reading: Unpack[ReadOptions],
) -> Path:
    """Classify every shot of a file of any size, in fixed memory; interrupted, the same call resumes.

    Args:
        model: a model, or any name that `load_model` takes.
        source: a data set, or the path of a store, or of any file or folder that `import_data` reads, labelled or not.
        output: HDF5 file to make: `id`, `probability` (N, C) and `prediction` (N, C).
        explain: add a Grad-CAM++ map for every class that is predicted.
        csv: also write a CSV file.
        force: replace an existing output.
        reporter: receives notices and progress; bars in a notebook by default.
        reading: how the file is to be read, see `airybench.api.read_options.ReadOptions`.

    Raises:
        DataError: the shots do not fit the model or cannot be read, or the output cannot be written.

    Example:
        >>> import airybench as ab
        >>> ab.predict(model, data.path, "answers.h5").name  # doctest: +SKIP
        'answers.h5'
    """
    trained = model if isinstance(model, Model) else load_model(model)
    done = predict_file(
        trained.reference,
        trained.predictor,
        source.path if isinstance(source, Dataset) else Path(source),
        Path(output),
        device=trained.device,
        reading=source_options(reading),
        options=PredictOptions(explain=explain, table=csv, force=force),
        reporter=reporter or default_reporter(),
    )
    return done.output


def _reference(data: Dataset | str | Path, config: TrialConfig) -> str:
    """What the evaluation calls a data set: its name where that stands for the same shots, else its file."""
    if not isinstance(data, Dataset):
        return str(data)
    asked = {name: getattr(config.data, name) for name in data.settings}
    return data.reference if asked == data.settings or not data.simulated else str(data.path)
