"""A sweep that had ended before it was typed again, in a line for each study."""

import math
from collections.abc import Sequence

from airybench.analysis.number_text import with_interval
from airybench.cli.show.next_steps import print_next_steps
from airybench.cli.show.output import result_console
from airybench.jobs.finished_before import FinishedBefore


def print_finished(studies: Sequence[FinishedBefore], storage: str | None = None) -> None:
    """Say that nothing is left to run, who won, and how to go on.

    Args:
        studies: at least one.
        storage: `--storage`, if given.
    """
    console = result_console()
    for one in studies:
        trials = "its trial has" if one.trials == 1 else f"all {one.trials} trials have"
        console.print(
            f"{one.study}: nothing left to run, {trials} finished before. Winner {one.winner}: {_scores(one)}.",
            soft_wrap=True,
        )  # fmt: skip
    console.print("More: --seeds or --trials with a higher number goes on; --fresh starts again.", soft_wrap=True)
    print_next_steps(console, studies, storage)


def _scores(one: FinishedBefore) -> str:
    """Its score on val and test, each with its interval where there is one."""
    keys = {
        f"val {one.metric}": ("score/val", "score/val_low", "score/val_high"),
        f"test {one.metric}": tuple(f"test/{one.metric}{end}" for end in ("", "/low", "/high")),
    }
    found = []
    for name, parts in keys.items():
        value, low, high = (one.metrics.get(key, math.nan) for key in parts)
        if math.isfinite(value):
            found.append(f"{name} {with_interval(value, low, high)}")
    return ", ".join(found)
