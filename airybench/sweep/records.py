"""A trial on its way and at its end, as a study keeps it."""

from dataclasses import dataclass
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial

from airybench.config import TrialConfig, validated
from airybench.errors import TrialError
from airybench.sweep.journal import unhurried

INTERRUPTED: Literal["interrupted"] = "interrupted"
RETRIED = (INTERRUPTED, "error")
"""Failures that a resume tries again: neither a kill nor a full disk says anything about the network."""

CRASHED = "crashed"
MAX_LOST = 5
"""A trial whose worker died this often is not innocent, as one killed by a passing hand: it counts as failed."""


@dataclass(frozen=True)
class FinishedTrial:
    """A finished trial as the journal holds it.

    Attributes:
        number: the trial's number.
        config: what was trained.
        value: the first objective.
        scores: metrics on val at the best epoch, by name.
        run_id: its MLflow run.
        facts: parameters, seconds, best epoch.
        values: every objective, in the order of `StudyConfig.objectives`.
    """

    number: int
    config: TrialConfig
    value: float
    scores: dict[str, float]
    run_id: str
    facts: dict[str, float]
    values: tuple[float, ...] = ()

    @classmethod
    def of(cls, trial: FrozenTrial) -> "FinishedTrial":
        """A trial of a study that is complete."""
        attrs = trial.user_attrs
        return cls(
            number=trial.number,
            config=validated(TrialConfig, attrs["config"]),
            value=trial.values[0],
            scores=dict(attrs["scores"]),
            run_id=str(attrs["run_id"]),
            facts=dict(attrs["facts"]),
            values=tuple(trial.values),
        )


class TakenError(TrialError):
    """Another process took a trial for dead and runs it again; what this one came to is not counted twice."""

    kind = INTERRUPTED


@dataclass(frozen=True)
class RunningTrial:
    """A trial that is being run."""

    trial: optuna.Trial
    config: TrialConfig

    @property
    def number(self) -> int:
        """The trial's number."""
        return int(self.trial.number)

    def note(self, **facts: Any) -> None:
        """Keep facts of the trial in the study."""
        with unhurried(self.trial.storage):
            for key, value in facts.items():
                self.trial.set_user_attr(key, value)

    def falls_behind(self, epoch: int, value: float) -> bool:
        """Report the objective after an epoch; whether the pruner would end the trial here."""
        try:
            self.trial.report(value, epoch)
        except optuna.exceptions.UpdateFinishedTrialError:
            return True  # taken away: nobody waits for it any more
        return bool(self.trial.should_prune())
