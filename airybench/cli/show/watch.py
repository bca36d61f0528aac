"""What a user sees while a study runs: a live table on a terminal, a line a trial elsewhere."""

import time
from dataclasses import dataclass, field
from typing import Any

from airybench.cli.show.console import interactive, notice
from airybench.config import TrialConfig
from airybench.sweep.scheduler import TrialEnd
from airybench.sweep.study import FinishedTrial
from airybench.training.epoch import Epoch

LINE_SECONDS = 15.0
SHOWN = 15  # finished trials in the table, from the best
WORDS: dict[TrialEnd, str] = {"failed": "FAILED", "pruned": "pruned", "lost": "lost", "given up": "broken off"}


@dataclass
class _Running:
    config: TrialConfig
    began: float = field(default_factory=time.monotonic)
    epoch: Epoch | None = None
    spoke: float = 0.0


class StudyWatch:
    """A `Watch` that draws on stderr; used as a context manager, so that a table is left behind whole."""

    def __init__(self, metric: str, direction: str) -> None:
        self._metric = metric
        self._sign = 1.0 if direction == "max" else -1.0
        self._name = ""
        self._total = 0
        self._records: list[FinishedTrial] = []
        self._ended: dict[TrialEnd, int] = {}
        self._running: dict[int, _Running] = {}
        self._live: Any = None

    def __enter__(self) -> "StudyWatch":
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Leave the table as it stands, so that something else can be printed below."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def study(self, name: str, total: int, finished: list[FinishedTrial]) -> None:
        """The study begins, or goes on."""
        self._name, self._total, self._records = name, total, list(finished)
        self._ended, self._running = {}, {}
        if finished:
            notice(f"{name}: {len(finished)} of {total} trials are finished; going on")
        else:
            notice(f"{name}: {total} trial{'s' if total != 1 else ''}")
        if interactive():
            from rich.console import Console
            from rich.live import Live

            self.pause()
            self._live = Live(self._table(), console=Console(stderr=True), auto_refresh=False)
            self._live.start()

    def trial(self, number: int, config: TrialConfig) -> None:
        """A trial begins."""
        self._running[number] = _Running(config)
        self._say(f"trial {self._done() + len(self._running)}/{self._total} {config.title} begins")

    def epoch(self, number: int, epoch: Epoch) -> None:
        """A trial has ended an epoch."""
        running = self._running[number]
        running.epoch = epoch
        now = time.monotonic()
        if self._live is not None or now - running.spoke >= LINE_SECONDS:
            running.spoke = now
            value = epoch.val.values.get(self._metric, float("nan"))
            self._say(
                f"  {running.config.title} epoch {epoch.number}/{running.config.training.epochs}: loss "
                f"{epoch.loss:.4f}, val {self._metric} {value:.3f}, {epoch.images_per_second:.0f} images/s"
            )

    def ended(self, number: int, record: FinishedTrial | None, reason: str = "", how: TrialEnd = "failed") -> None:
        """A trial has ended."""
        running = self._running.pop(number)
        title, took = running.config.title, f"{time.monotonic() - running.began:.0f} s"
        if record is None:
            self._ended[how] = self._ended.get(how, 0) + 1
            self._say(f"trial {title} {WORDS[how]}: {reason}", style="red" if how == "failed" else "yellow")
        else:
            self._records.append(record)
            self._say(f"trial {title}: val {self._metric} {record.value:.3f} after {took}")

    def _done(self) -> int:
        return len(self._records) + self._ended.get("failed", 0) + self._ended.get("pruned", 0)

    def _say(self, line: str, *, style: str = "") -> None:
        if self._live is None:
            notice(line)
            return
        if style:
            self._live.console.print(line, style=style, markup=False)
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Any:
        from rich.table import Table

        others = "".join(f", {count} {WORDS[how].lower()}" for how, count in self._ended.items())
        table = Table(title=f"{self._name}: {self._done()} of {self._total} trials{others}", title_justify="left")
        table.add_column("trial")
        for heading in ("epoch", "loss", f"val {self._metric}", "images/s"):
            table.add_column(heading, justify="right")
        for record in sorted(self._records, key=lambda r: -self._sign * r.value)[:SHOWN]:
            facts = record.facts
            table.add_row(
                record.config.title, f"best {facts['best_epoch']:.0f}", f"{record.scores['loss']:.4f}",
                f"{record.value:.3f}", f"{facts['images_per_second']:.0f}",
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
            table.add_row(f"> {running.config.title}", *shown, style="bold")
        return table
