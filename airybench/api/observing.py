"""What a notebook shows while a study runs: one bar of trials; a script gets a log instead."""

import math
from collections.abc import Sequence

from airybench.api.reporting import LOG, ProgressBar, in_notebook, show_text
from airybench.config import TrialConfig
from airybench.sweep.observer import SilentObserver, StudyObserver, TrialEnd
from airybench.sweep.records import FinishedTrial
from airybench.training.epoch import Epoch


def default_observer() -> StudyObserver:
    """One progress bar per study in a Jupyter kernel; in a script, lines in the Python log `airybench`."""
    return NotebookObserver() if in_notebook() else LogObserver()


class LogObserver(SilentObserver):
    """Writes one line per trial to the Python log `airybench`."""

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        """Log the trial's objective."""
        LOG.info("trial %d, %s: %.3f", number, trial.title, trial.value)

    def trial_ended(self, number: int, end: TrialEnd, reason: str) -> None:
        """Log why a trial has no result."""
        LOG.warning("trial %d %s: %s", number, end, reason)


class NotebookObserver(SilentObserver):
    """Shows one bar of trials per study, with the network that is training."""

    def __init__(self) -> None:
        self._bar = ProgressBar("")
        self._done = self._total = 0
        self._running: dict[int, tuple[str, TrialConfig]] = {}

    def study_started(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        """Draw the bar."""
        self._bar, self._done, self._total = ProgressBar(name), len(finished), total
        self._bar.update(self._done, total)

    def confirmation_started(self, cells: Sequence[str], seeds: int, left: int) -> None:
        """Lengthen the bar, and name the cells that are trained again."""
        self._total = self._done + left
        show_text(f"confirmation of {', '.join(cells)}")

    def trial_started(self, number: int, config: TrialConfig, title: str) -> None:
        """Name the network."""
        self._running[number] = title, config
        self._bar.update(self._done, self._total, title)

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """Show the epoch and its macro-AP on the validation split."""
        title, config = self._running[number]
        value = epoch.val.values.get("macro_ap", math.nan)
        text = f"{title}, epoch {epoch.number} of {config.training.epochs}, val macro-AP {value:.3f}"
        self._bar.update(self._done, self._total, text)

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        """Advance the bar."""
        self._end(number)

    def trial_ended(self, number: int, end: TrialEnd, reason: str) -> None:
        """Say why a trial has no result; one that runs again does not count."""
        title, _ = self._running[number]
        if end in ("failed", "pruned"):
            self._end(number)
        show_text(f"{title} {end}: {reason}")

    def _end(self, number: int) -> None:
        self._running.pop(number, None)
        self._done += 1
        self._bar.update(self._done, self._total)
