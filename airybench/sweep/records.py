"""Trials of a study while they run and after they have ended, as the study stores them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import optuna
from optuna.trial import FrozenTrial

from airybench.config import TrialConfig, recorded_trial
from airybench.errors import ConfigError, StudyError, TrialError
from airybench.sweep.journal import UNREADABLE, deferred_sync
from airybench.sweep.repeat import Repeat, repeat_of
from airybench.sweep.run_names import cell_label, label_ending, trial_title

INTERRUPTED: Literal["interrupted"] = "interrupted"
RETRIED = (INTERRUPTED, "error")
"""Failures that a resume tries again: neither a kill nor a full disk says anything about the network."""

CONFIRMATION = "confirmation"
"""The mark of a trial that trains a chosen cell again."""

CRASHED = "crashed"
MAX_LOST = 5
"""After its worker has died this often, a trial counts as failed: it is the trial that kills its workers."""


@dataclass(frozen=True)
class FinishedTrial:
    """A finished trial as the study stores it.

    Attributes:
        number: the trial's number.
        config: what was trained.
        scores: metrics on val at the best epoch, by name.
        run_id: its MLflow run.
        facts: parameters, seconds, best epoch.
        values: every objective, in the order of `StudyConfig.objectives`.
        confirmation: whether it trains a chosen cell again with a fresh seed; such a trial chooses nothing.
        axes: what tells the cells of its study apart, see `varying`.
    """

    number: int
    config: TrialConfig
    scores: dict[str, float]
    run_id: str
    facts: dict[str, float]
    values: tuple[float, ...]
    confirmation: bool = False
    axes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name of its cell, which no other cell of the study has."""
        return cell_label(self.config, self.axes)

    @property
    def title(self) -> str:
        """Its name, which no other trial of the study has."""
        return trial_title(self.config, self.axes)

    @property
    def ending(self) -> str:
        """What the study varies beside that which every label says."""
        return label_ending(self.config, self.axes)

    @cached_property
    def cell(self) -> str:
        """Digest of its cell, computed once: a ranking groups all trials by it after each of them."""
        return self.config.cell()

    @property
    def repeat(self) -> Repeat:
        """Its seed and fold, which set the trials of one cell apart."""
        return repeat_of(self.config)

    @property
    def value(self) -> float:
        """The first objective, which ranks the cells."""
        return self.values[0]

    @classmethod
    def of(cls, trial: FrozenTrial, *, simulated: bool, axes: tuple[str, ...] = ()) -> "FinishedTrial":
        """From a complete trial of Optuna's.

        Args:
            trial: complete.
            simulated: whether the shots of its study are.
            axes: what tells the cells of its study apart.

        Raises:
            StudyError: the study holds something else in its place.
        """
        attrs = trial.user_attrs
        try:
            found = cls(
                number=trial.number,
                config=recorded_trial(attrs["config"], simulated=simulated),
                scores=dict(attrs["scores"]),
                run_id=str(attrs["run_id"]),
                facts=dict(attrs["facts"]),
                values=tuple(trial.values),
                confirmation=bool(attrs.get(CONFIRMATION)),
                axes=axes,
            )
            numbers = [*found.scores.values(), *found.facts.values(), *found.values]
            if not found.values or not all(isinstance(number, int | float | None) for number in numbers):
                raise TypeError("scores or facts are no numbers")
        except (*UNREADABLE, ConfigError) as error:
            raise StudyError(f"trial {trial.number} of the study is damaged ({error}); move its journal away") from None
        return found


class FailedTrial(NamedTuple):
    """A cell with one seed that failed and has no finished trial.

    Attributes:
        number: the number of its last trial.
        title: what was trained.
        reason: why it failed, in one line.
    """

    number: int
    title: str
    reason: str


class TakenError(TrialError):
    """Another process took the trial for lost and runs it again; the result of this process must not count as well."""

    kind = INTERRUPTED


@dataclass(frozen=True)
class RunningTrial:
    """A trial that this process runs."""

    trial: optuna.Trial
    config: TrialConfig

    @property
    def number(self) -> int:
        """The trial's number."""
        return int(self.trial.number)

    @property
    def confirmation(self) -> bool:
        """Whether it trains a chosen cell again with a fresh seed."""
        return bool(self.trial.user_attrs.get(CONFIRMATION))

    def set_attributes(self, **attributes: Any) -> None:
        """Store attributes of the trial in the study."""
        with deferred_sync(self.trial.storage):
            for key, value in attributes.items():
                self.trial.set_user_attr(key, value)

    def should_prune(self, epoch: int, value: float) -> bool:
        """Report the objective after an epoch; returns whether the pruner would end the trial here."""
        try:
            self.trial.report(value, epoch)
        except optuna.exceptions.UpdateFinishedTrialError:
            return True  # another process has taken it: nobody waits for it any more
        return bool(self.trial.should_prune())
