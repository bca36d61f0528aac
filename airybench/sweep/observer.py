"""Following a study while it runs."""

from collections.abc import Sequence
from typing import Literal, Protocol

from airybench.config import TrialConfig
from airybench.sweep.records import FinishedTrial
from airybench.training.epoch import Epoch

TrialEnd = Literal["failed", "pruned", "lost", "abandoned"]
"""How a trial ends without a result; one that is lost or abandoned runs again."""


class StudyObserver(Protocol):
    """Called while a study runs."""

    def study_started(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        """The study begins, or resumes after the trials that are finished."""

    def confirmation_started(self, cells: Sequence[str], seeds: int, left: int) -> None:
        """The search has ended; the chosen cells are trained again with fresh seeds, so many trials in all."""

    def trial_started(self, number: int, config: TrialConfig, title: str) -> None:
        """A trial begins, which no other of the study has the title of."""

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """A trial has been evaluated on val."""

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        """A trial has a result."""

    def trial_ended(self, number: int, end: TrialEnd, reason: str) -> None:
        """A trial ended without a result."""


class SilentObserver:
    """Ignores everything; a class that derives from it overrides only what it needs."""

    def study_started(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        """Do nothing."""

    def confirmation_started(self, cells: Sequence[str], seeds: int, left: int) -> None:
        """Do nothing."""

    def trial_started(self, number: int, config: TrialConfig, title: str) -> None:
        """Do nothing."""

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """Do nothing."""

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        """Do nothing."""

    def trial_ended(self, number: int, end: TrialEnd, reason: str) -> None:
        """Do nothing."""


UNOBSERVED: StudyObserver = SilentObserver()
