"""One training in a notebook, tracked as a run of its own."""

from dataclasses import dataclass
from pathlib import Path

from airybench.analysis.estimate import Estimate
from airybench.api.datasets import Dataset
from airybench.api.models import Model, load_model
from airybench.api.reporting import default_reporter
from airybench.config import METRICS, SweepConfig, TrialConfig
from airybench.config.experiments import load_experiment
from airybench.errors import TrialError
from airybench.jobs.options import RunOptions
from airybench.jobs.train import run_training
from airybench.reporter import Reporter
from airybench.training.device import choose_device


@dataclass(frozen=True)
class TrainingResult:
    """A finished training.

    Attributes:
        title: network and seed.
        val: metrics on the validation split at the best epoch.
        scores: metrics on test by name, each with `.value`, `.low` and `.high` (95 % interval over shots).
        run_id: its MLflow run.
        tracking_uri: where that run is.
    """

    title: str
    val: dict[str, float]
    scores: dict[str, Estimate]
    run_id: str
    tracking_uri: str

    def __repr__(self) -> str:
        """Network and macro-AP on test in one line."""
        return f"<TrainingResult {self.title}: test macro-AP {self.scores['macro_ap'].value:.3f}>"

    @property
    def model(self) -> Model:
        """The trained network, loaded from its run."""
        return load_model(self.run_id, tracking_uri=self.tracking_uri)


def train(
    config: TrialConfig | SweepConfig | str,
    data: Dataset | str | Path,
    *,
    device: str = "auto",
    tracking_uri: str | None = None,
    fresh: bool = False,
    reporter: Reporter | None = None,
) -> TrainingResult:
    """Train one network on the training split, tracked in MLflow; interrupted, the same call resumes.

    Args:
        config: network, data and training parameters, such as `load_experiment("quick").base`; of an experiment, or its
            name, the base is taken.
        data: a labelled data set, or its name or path.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        tracking_uri: MLflow store; by default MLFLOW_TRACKING_URI, else `mlflow.db` in the working folder.
        fresh: start from the beginning instead of the last checkpoint.
        reporter: receives notices and progress; bars in a notebook by default.

    Raises:
        TrialError: the training failed, for instance because its loss became infinite.
        DataError: the data cannot be used.

    Example:
        >>> import airybench as ab
        >>> result = ab.train(ab.load_experiment("quick").base, data)  # doctest: +SKIP
        >>> result.model.class_names == data.class_names  # doctest: +SKIP
        True
    """
    if not isinstance(config, TrialConfig):
        config = (config if isinstance(config, SweepConfig) else load_experiment(str(config))).base
    if isinstance(data, Dataset):
        config = config.replace(data.settings)
    found = run_training(
        config,
        data.reference if isinstance(data, Dataset) else str(data),
        device=choose_device(device),
        options=RunOptions(tracking_uri=tracking_uri, fresh=fresh),
        reporter=reporter or default_reporter(),
    )
    if found is None:
        raise TrialError("this process only shares a training that torchrun started; call train without torchrun")
    nan = float("nan")
    scores = {
        name: Estimate(found.test[key], found.test.get(f"{key}/low", nan), found.test.get(f"{key}/high", nan))
        for name, key in ((name, f"test/{name}") for name in METRICS)
        if key in found.test
    }
    return TrainingResult(found.title, found.val, scores, found.run_id, found.tracking_uri)
