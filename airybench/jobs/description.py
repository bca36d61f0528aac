"""The description of a study on its page in MLflow: question, winner, verdicts, data, and how to go on."""

import math

from airybench.analysis.leaderboard import RankedCell
from airybench.analysis.notes import simulated_data, worse_than_majority
from airybench.analysis.number_text import score_text, with_interval
from airybench.analysis.verdicts import VERDICTS
from airybench.jobs.cells import CELL_RUNS
from airybench.jobs.summary import StudySummary
from airybench.report.rerun import command_and_config
from airybench.study_name import StudyName
from airybench.sweep.runner import FinishedStudy
from airybench.sweep.saved_studies import read
from airybench.sweep.storage import StudyStorage
from airybench.tracking.pages import model_place, run_place
from airybench.tracking.tags import Tag
from airybench.tracking.view import SCORE

MOST_CLAIMS = 10
"""Verdicts that a page shows; the tags of the run hold all, and MLflow keeps 8000 characters of a description."""


def describe_study(finished: FinishedStudy, summary: StudySummary, storage: StudyStorage) -> None:
    """Write the description of a study whose cells, verdicts and model are logged.

    Args:
        finished: a study whose trials are done.
        summary: its result.
        storage: where it is kept.
    """
    parts = [  # MLflow folds up all but the first lines: they say who won
        "  \n".join([*_first_cells(finished, summary), _without_network(summary)]),
        finished.study.sweep.asked,
        f"{start.sentence}." if (start := finished.study.start) else "",
        summary.leaderboard.certainty_sentence(),
        _worse(summary),
        _verdicts(finished),
        _data(finished, summary),
        _going_on(summary.study, storage),
    ]
    finished.parent.tag({Tag.NOTE: "\n\n".join(part for part in parts if part)})


def _first_cells(finished: FinishedStudy, summary: StudySummary) -> list[str]:
    """The winner with its scores and its model, and the cell below it."""
    tracking, board = finished.parent.tracking, summary.leaderboard
    runs: dict[str, str] = finished.study.attribute(CELL_RUNS) or {}
    logged = finished.parent.last_metrics()

    def named(cell: RankedCell) -> str:
        run_id = runs.get(cell.config.cell(), cell.best.run_id)
        val = with_interval(cell.mean, cell.low, cell.high)
        return f"[{cell.label}]({run_place(tracking.experiment_id, run_id)}), val {summary.metric} {val}"

    value, low, high = (logged.get(f"{SCORE}test{end}", math.nan) for end in ("", "_low", "_high"))
    test = with_interval(value, low, high)
    on_test = f", test {test}" if test else ""
    place = model_place(tracking.experiment_id, summary.model_uri)
    model = f"; [its model]({place}) is `winner:{summary.study}`" if summary.model_uri else "; its weights are not kept"
    winner, *others = board.rows
    lines = [f"**Winner: {named(winner)}{on_test}**{model}"]
    return lines + [f"Second of {len(board.rows)}: {named(one)}" for one in others[:1]]


def _without_network(summary: StudySummary) -> str:
    known = [f"{one.name} {score_text(one.value)}" for one in summary.leaderboard.baselines if one.value == one.value]
    return f"Without a network: {', '.join(known)} (val {summary.metric})" if known else ""


def _worse(summary: StudySummary) -> str:
    metric, name = "test/exact_match", summary.leaderboard.rows[0].label
    return worse_than_majority(name, summary.test.get(metric), summary.baselines.get(f"majority/{metric}"))


def _verdicts(finished: FinishedStudy) -> str:
    """The claims as their tags say them, those that are decided first."""
    said = [text for key, text in finished.parent.tags().items() if key.startswith(Tag.CLAIM)]
    told = [text.partition(": ") for text in said]
    order: dict[str, int] = {word: place for place, word in enumerate(VERDICTS)}
    told.sort(key=lambda one: order.get(one[0], len(order)))
    lines = [f"- **{verdict}**: {sentence}" for verdict, _, sentence in told[:MOST_CLAIMS]]
    more = [f"- and {len(told) - MOST_CLAIMS} more among the tags"] if len(told) > MOST_CLAIMS else []
    return "\n".join(["Verdicts, on test:\n", *lines, *more]) if lines else ""


def _data(finished: FinishedStudy, summary: StudySummary) -> str:
    data = finished.dataset
    parts = ", ".join(f"{name} {count}" for name, count in data.data_input().sizes.items())
    made = f" {simulated_data(summary.provenance.simulator)}" if summary.provenance.simulated else ""
    folds = f" in each of {len(data.splits)} folds" if len(data.splits) > 1 else ""
    return f"Data: {data.summary()}; {parts}{folds}.{made}"


def _going_on(study: str, storage: StudyStorage) -> str:
    name = StudyName.parse(study).name
    command, config = command_and_config(read(storage, study), name, "")
    first = f"`airybench studies show {study} --yaml > {name}.yaml`, then " if config else ""
    return f"To go on, where it was cut off or with more seeds, give the same command again, or {first}`{command}`"
