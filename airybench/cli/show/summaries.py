"""The end of a sweep on stdout: its studies, what they have in common, and the commands that go on from there."""

import math
from collections.abc import Sequence

from rich.console import Console

from airybench.analysis.notes import simulated_data
from airybench.analysis.number_text import interval_text, score_text
from airybench.cli.show.grid import Grid
from airybench.cli.show.next_steps import print_next_steps
from airybench.cli.show.output import result_console
from airybench.cli.show.results import print_front, print_study_summary
from airybench.config import Objective
from airybench.jobs.summary import StudySummary
from airybench.study_name import StudyName


def print_summaries(
    summaries: Sequence[StudySummary], objectives: Sequence[Objective], storage: str | None = None
) -> None:
    """One summary of all studies of a sweep.

    Args:
        summaries: at least one.
        objectives: of all of them.
        storage: `--storage`, if given.
    """
    console = result_console()
    for one in summaries:
        print_study_summary(one)
        if len(objectives) > 1:
            print_front(one, objectives)
        console.print()
    if len(summaries) > 1:
        console.print(_winners(summaries))
    _print_simulated(console, summaries)
    print_next_steps(console, summaries, storage)


def _winners(summaries: Sequence[StudySummary]) -> Grid:
    """The winner on each data set."""
    metric = summaries[0].metric
    table = Grid(f"{StudyName.parse(summaries[0].study).name}: the winner on each data set")
    table.column("data set", left=True, key=True)
    table.column("network", left=True, key=True)
    for part in ("val", "test"):
        table.column(f"{part} {metric}")
        table.column(f"95 % on {part}", joined=True)
    for one in summaries:
        best = one.leaderboard.rows[0]
        value, low, high = (one.test.get(f"test/{metric}{end}", math.nan) for end in ("", "/low", "/high"))
        table.row(
            StudyName.parse(one.study).dataset, best.label, score_text(best.mean),
            interval_text(best.low, best.high), score_text(value), interval_text(low, high),
        )  # fmt: skip
    return table


def _print_simulated(console: Console, summaries: Sequence[StudySummary]) -> None:
    """Say so once where the data of all are simulated; else of which."""
    simulated = [one for one in summaries if one.provenance.simulated]
    if len(simulated) == len(summaries):
        console.print(simulated_data(*(one.provenance.simulator for one in simulated)), soft_wrap=True)
        return
    for one in simulated:
        console.print(f"{one.study}: {simulated_data(one.provenance.simulator)}", soft_wrap=True)
