"""Following a study on stderr: a live table on a terminal, one line per trial elsewhere."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from airybench.cli.show.console import interactive, notice
from airybench.config import Objective, TrialConfig
from airybench.reporter import time_text
from airybench.sweep.observer import TrialEnd
from airybench.sweep.records import FinishedTrial
from airybench.training.epoch import Epoch

LINE_SECONDS = 60.0
"""Least time between two lines about epochs, of whatever trial, where they go to a file."""

SHOWN = 15  # finished trials in the table, from the best
WORDS: dict[TrialEnd, str] = {"failed": "FAILED", "pruned": "pruned", "lost": "lost", "abandoned": "broken off"}


@dataclass
class _Running:
    title: str
    config: TrialConfig
    began: float = field(default_factory=lambda: time.monotonic())
    epoch: Epoch | None = None


class StudyWatch:
    """A `StudyObserver` that draws on stderr; as a context manager it leaves a complete table behind.

    Args:
        objective: the first objective of the study.
    """

    def __init__(self, objective: Objective) -> None:
        self._metric, self._sign = objective.metric, objective.sign
        self._name = ""
        self._total = 0
        self._began, self._known = time.monotonic(), 0
        self._finished: list[FinishedTrial] = []
        self._ended: dict[TrialEnd, int] = {}
        self._running: dict[int, _Running] = {}
        self._live: Any = None
        self._told = -math.inf

    def __enter__(self) -> "StudyWatch":
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Leave the table as it is, so that something else can be printed below."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def study_started(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        """The study begins, or resumes."""
        self._name, self._total, self._finished = name, total, list(finished)
        self._ended, self._running = {}, {}
        self._began, self._known = time.monotonic(), len(finished)
        if finished:
            notice(f"{name}: {len(finished)} of {total} trials are finished; resuming")
        else:
            notice(f"{name}: {total} trial{'s' if total != 1 else ''}")
        if interactive():
            from rich.console import Console
            from rich.live import Live

            self.pause()
            self._live = Live(
                self._table(), console=Console(stderr=True, markup=False, emoji=False), auto_refresh=False
            )
            self._live.start()

    def confirmation_started(self, cells: Sequence[str], seeds: int, left: int) -> None:
        """The chosen cells are trained again."""
        self._total = self._done() + left
        times = f"{seeds} fresh seed{'s' if seeds != 1 else ''}"
        line = f"{self._name}: confirmation of {', '.join(cells)} with {times}, {left} trial{'s' if left != 1 else ''}"
        self._show(line, style="bold")

    def trial_started(self, number: int, config: TrialConfig, title: str) -> None:
        """A trial begins."""
        self._running[number] = _Running(title, config)
        self._show(f"trial {self._done() + len(self._running)}/{self._total} {title} begins")

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        """A trial has been evaluated on val."""
        running = self._running[number]
        running.epoch = epoch
        now = time.monotonic()
        if self._live is not None or now - self._told >= LINE_SECONDS:
            self._told = now
            value = epoch.val.values.get(self._metric, float("nan"))
            self._show(
                f"  {running.title} epoch {epoch.number}/{running.config.training.epochs}: loss "
                f"{epoch.loss:.4f}, val {self._metric} {value:.3f}, {epoch.images_per_second:.0f} images/s"
            )

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        """A trial has a result."""
        running = self._running.pop(number)
        self._finished.append(trial)
        seconds = time.monotonic() - running.began
        self._show(
            f"trial {self._done()}/{self._total} {running.title}: val {self._metric} {trial.value:.3f} after "
            f"{seconds:.0f} s{self._left()}"
        )

    def trial_ended(self, number: int, end: TrialEnd, reason: str) -> None:
        """A trial ended without a result."""
        running = self._running.pop(number)
        self._ended[end] = self._ended.get(end, 0) + 1
        line = f"trial {running.title} {WORDS[end]}: {reason}"
        self._show(line, style="red" if end == "failed" else "yellow")

    def _done(self) -> int:
        return len(self._finished) + self._ended.get("failed", 0) + self._ended.get("pruned", 0)

    def _left(self) -> str:
        """The time that is left over all trials, at the pace of those that this process has seen end."""
        done, left = self._done() - self._known, self._total - self._done()
        if done < 1 or left < 1:
            return ""
        return f"; about {time_text((time.monotonic() - self._began) / done * left)} left"

    def _show(self, line: str, *, style: str = "") -> None:
        if self._live is None:
            notice(line)
            return
        if style:
            self._live.console.print(line, style=style)
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Any:
        from airybench.cli.show.grid import Grid  # rich takes a moment that most commands need not wait

        others = "".join(f", {count} {WORDS[end].lower()}" for end, count in self._ended.items())
        title = f"{self._name}: {self._done()} of {self._total} trials{others}{self._left()}"
        table = Grid(title)
        table.column("trial", left=True, key=True)
        for heading in ("epoch", "loss", f"val {self._metric}", "images/s"):
            table.column(heading)
        for trial in sorted(self._finished, key=lambda t: -self._sign * t.value)[:SHOWN]:
            table.row(
                trial.title, f"best {trial.facts['best_epoch']:.0f}", f"{trial.scores['loss']:.4f}",
                f"{trial.value:.3f}", f"{trial.facts['images_per_second']:.0f}",
            )  # fmt: skip
        for running in self._running.values():
            epoch, epochs = running.epoch, running.config.training.epochs
            shown = (
                ("starting", "", "", "")
                if epoch is None
                else (
                    f"{epoch.number}/{epochs}",
                    f"{epoch.loss:.4f}",
                    f"{epoch.val.values.get(self._metric, float('nan')):.3f}",
                    f"{epoch.images_per_second:.0f}",
                )
            )
            table.row(f"> {running.title}", *shown, style="bold")
        return table
