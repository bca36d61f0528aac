"""The verdicts of a study in MLflow: a tag and metrics for each claim, and on each trial how its cell stands."""

import math
import re
from collections.abc import Mapping, Sequence

from airybench.analysis.leaderboard import Leaderboard
from airybench.config.margin import DELTA
from airybench.errors import AirybenchError
from airybench.paths import slug
from airybench.report.answers import Answer, StudyAnswers, answer_study, together
from airybench.report.page import sentence
from airybench.reporter import SILENT, Reporter
from airybench.sweep.runner import FinishedStudy
from airybench.sweep.saved_studies import read
from airybench.sweep.storage import StudyStorage
from airybench.tracking.concluded import judged_digest
from airybench.tracking.find import baselines
from airybench.tracking.run import Run
from airybench.tracking.tags import Tag

MOST_TRIALS = 200
"""Trials whose predictions are read at the end of a sweep; the report reads those of any number."""

CLAIM_METRICS = "claim/"
"""What the metrics of claims begin with."""

WINNER, APART, NOT_APART, FIRST_LOOK, NOT_COMPARED = (
    "winner", "told apart", "not told apart", "first look", "not compared",
)  # fmt: skip
"""How the cell of a trial stands against the winner, on the validation split."""


def log_verdicts(
    finished: FinishedStudy,
    board: Leaderboard,
    storage: StudyStorage,
    delta: float = DELTA,
    reporter: Reporter = SILENT,
) -> None:
    """Log the verdicts of a study that `airybench report` gives on it alone, unless they are logged already.

    What a claim said before and is no longer claimed loses its tag, and its metrics become NaN, since MLflow keeps
    them for ever.

    Args:
        finished: a study whose trials are done.
        board: its cells.
        storage: where it is kept.
        delta: largest difference that does not matter.
        reporter: is told why claims are not judged, where they are not.
    """
    parent, trials = finished.parent, [*finished.trials, *finished.confirmations]
    fitted = [run_id for run_id, _ in baselines(parent.tracking, "svm", finished.dataset.provenance())]
    digest = judged_digest(delta, [trial.run_id for trial in trials], fitted)
    if parent.tags().get(Tag.JUDGED) == digest:
        return
    for run_id, standing in standings(board).items():
        Run(parent.tracking, run_id).tag({Tag.AGAINST_WINNER: standing})
    if len(trials) > MOST_TRIALS:
        reporter.notify(
            f"the claims of {len(trials)} trials are not judged here; airybench report --study {finished.study.name} "
            "judges them"
        )
        _replace_claims(parent, {}, {})
    else:
        try:
            (answered,) = together([answer_study(read(storage, finished.study.name))], delta)
        except AirybenchError as error:
            reporter.notify(f"the claims are not judged: {error}")
            return
        _replace_claims(parent, claim_tags(answered), claim_metrics(answered))
    parent.tag({Tag.JUDGED: digest})


def standings(board: Leaderboard) -> dict[str, str]:
    """How the cell of each trial stands against the winner, by run id."""
    words = {True: APART, False: NOT_APART, None: FIRST_LOOK}
    cells = [WINNER, *(words[one] for one in board.apart)]
    cells += [NOT_COMPARED] * (len(board.rows) - len(cells))
    return {trial.run_id: word for row, word in zip(board.rows, cells, strict=True) for trial in row.trials}


def claim_tags(answered: StudyAnswers) -> dict[str, str]:
    """Each claim as the report and Markdown say it, by the name of its tag."""
    return {
        Tag.CLAIM + key: f"{answer.verdict}: {sentence(answer, answered.metric)}"
        for key, answer in _by_key(answered.answers).items()
    }


def claim_metrics(answered: StudyAnswers) -> dict[str, float]:
    """The numbers of each claim that is judged; one that is undefined is left out."""
    found: dict[str, float] = {}
    for key, answer in _by_key(answered.answers).items():
        if answer.judgement is None:
            continue
        one, name = answer.difference, CLAIM_METRICS + key
        found |= {f"{name}/difference": one.value, f"{name}/low": one.low, f"{name}/high": one.high}
        found[f"{name}/p_holm"] = answer.judgement.p
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _by_key(answers: Sequence[Answer]) -> Mapping[str, Answer]:
    """Answers by their statement as a part of a name; the same one twice gets a number."""
    found: dict[str, Answer] = {}
    for answer in answers:
        key = plain = re.sub("-+", "-", slug(answer.statement)).strip("-")
        number = 1
        while key in found:
            number += 1
            key = f"{plain}-{number}"
        found[key] = answer
    return found


def _replace_claims(parent: Run, tags: Mapping[str, str], metrics: Mapping[str, float]) -> None:
    parent.untag([key for key in parent.tags() if key.startswith(Tag.CLAIM) and key not in tags])
    known = {key for key, value in parent.last_metrics().items() if key.startswith(CLAIM_METRICS) and value == value}
    parent.metrics({**metrics, **dict.fromkeys(known - metrics.keys(), math.nan)})
    if tags:
        parent.tag(tags)
