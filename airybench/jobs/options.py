"""What `sweep` and `train` have in common beside the configuration; nothing here changes a result."""

from dataclasses import dataclass

from airybench.config.margin import DELTA
from airybench.training.checkpoint import EVERY


@dataclass(frozen=True)
class RunOptions:
    """Where a job logs, and how it starts and saves.

    Attributes:
        tracking_uri: the MLflow store; None takes MLFLOW_TRACKING_URI, else `mlflow.db` in the working folder.
        fresh: start again: a sweep archives the existing study, a training drops its checkpoint.
        checkpoint_every: least time between two checkpoints of a training, seconds.
        register_as: name of the registered model that the winner becomes a version of; None registers nothing.
        delta: largest difference that does not matter, for the verdicts of a sweep.
        start_from: studies whose best cells come first in a new one: `NAME@D`, or NAME on its own data set.
    """

    tracking_uri: str | None = None
    fresh: bool = False
    checkpoint_every: float = EVERY
    register_as: str | None = None
    delta: float = DELTA
    start_from: tuple[str, ...] = ()


DEFAULTS = RunOptions()
