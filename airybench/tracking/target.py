"""Where a command logs: the tracking store that the user chose, and the run that `mlflow run` made for it."""

import os
from dataclasses import dataclass, replace

from airybench.tracking.store import EXPERIMENT, RUN_VARIABLE, Tracking, check, connect, tracking_uri

DEFAULT_EXPERIMENT = "0"
"""The id of MLflow's own experiment."""


@dataclass(frozen=True)
class TrackingTarget:
    """Where a command logs.

    Attributes:
        uri: the tracking store.
        joined: id of the run that `mlflow run` made for this command; None where it was started by itself.
        experiment_id: of the experiment of a study that it belongs to; empty for the one in use.
    """

    uri: str
    joined: str | None
    experiment_id: str = ""

    @property
    def remark(self) -> str:
        """What to say where `mlflow run` was not told the experiment of the run that it made; else empty."""
        if not self.joined or os.environ.get("MLFLOW_EXPERIMENT_ID") != DEFAULT_EXPERIMENT:
            return ""
        return (
            "this run is in MLflow's experiment Default, and stays there; mlflow run --experiment-name "
            f"{EXPERIMENT} puts the next one beside the other studies"
        )

    @classmethod
    def chosen(cls, option: str | None = None) -> "TrackingTarget":
        """The store that an option or the environment names, checked but not created.

        Args:
            option: `--tracking-uri`, if given.

        Raises:
            TrackingError: it cannot be used, or it is missing although `mlflow run` has made a run in it.
        """
        uri, joined = tracking_uri(option), os.environ.get(RUN_VARIABLE) or None
        check(uri, existing=joined is not None)
        return cls(uri, joined)

    def connect(self) -> Tracking:
        """Open the store, creating it where it is missing.

        Raises:
            TrackingError: the store refuses.
        """
        tracking = connect(self.uri)
        return replace(tracking, experiment_id=self.experiment_id) if self.experiment_id else tracking
