"""What a user sees while a study runs: a live table on a terminal, a line a trial elsewhere."""

import time
from typing import Any

from airybench.cli.console import interactive, notice
from airybench.config import TrialConfig
from airybench.sweep.study import Record
from airybench.training.epoch import Epoch

LINE_SECONDS = 15.0


class StudyWatch:
    """A `Watch` that draws on stderr; used as a context manager, so that a table is left behind whole."""

    def __init__(self, metric: str, direction: str) -> None:
        self._metric = metric
        self._sign = 1.0 if direction == "max" else -1.0
        self._name = ""
        self._total = 0
        self._records: list[Record] = []
        self._failed = 0
        self._config: TrialConfig | None = None
        self._epoch: Epoch | None = None
        self._began = 0.0
        self._spoke = 0.0
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

    def study(self, name: str, total: int, finished: list[Record]) -> None:
        """The study begins, or goes on."""
        self._name, self._total, self._records, self._failed = name, total, list(finished), 0
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
        self._config, self._epoch, self._began = config, None, time.monotonic()
        self._say(f"trial {self._done() + 1}/{self._total} {config.title} begins", always=True)

    def epoch(self, epoch: Epoch) -> None:
        """An epoch has ended."""
        self._epoch = epoch
        assert self._config is not None
        value = epoch.val.values.get(self._metric, float("nan"))
        self._say(
            f"  epoch {epoch.number}/{self._config.training.epochs}: loss {epoch.loss:.4f}, val {self._metric} "
            f"{value:.3f}, {epoch.images_per_second:.0f} images/s"
        )

    def ended(self, record: Record | None, failure: str = "") -> None:
        """A trial has ended."""
        assert self._config is not None
        took = f"{time.monotonic() - self._began:.0f} s"
        if record is None:
            self._failed += 1
            self._say(f"trial {self._config.title} FAILED: {failure}", always=True)
        else:
            self._records.append(record)
            self._say(f"trial {self._config.title}: val {self._metric} {record.value:.3f} after {took}", always=True)
        self._config = None
        if self._live is not None:
            self._live.update(self._table(), refresh=True)

    def _done(self) -> int:
        return len(self._records) + self._failed

    def _say(self, line: str, *, always: bool = False) -> None:
        if self._live is not None:
            if "FAILED" in line:
                self._live.console.print(line, style="red")
            self._live.update(self._table(), refresh=True)
            return
        now = time.monotonic()
        if always or now - self._spoke >= LINE_SECONDS:
            self._spoke = now
            notice(line)

    def _table(self) -> Any:
        from rich.table import Table

        table = Table(title=f"{self._name}: {self._done()} of {self._total} trials", title_justify="left")
        table.add_column("trial")
        for heading in ("epoch", "loss", f"val {self._metric}", "images/s"):
            table.add_column(heading, justify="right")
        for record in sorted(self._records, key=lambda r: -self._sign * r.value)[:15]:
            facts = record.facts
            table.add_row(
                record.config.title, f"best {facts['best_epoch']:.0f}", f"{record.scores['loss']:.4f}",
                f"{record.value:.3f}", f"{facts['images_per_second']:.0f}",
            )  # fmt: skip
        if self._config is not None:
            epoch, epochs = self._epoch, self._config.training.epochs
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
            table.add_row(f"> {self._config.title}", *shown, style="bold")
        return table
