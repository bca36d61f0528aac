"""The end of a study: rank the cells, score the winner on test beside the majority baseline, hand over its model."""

import hashlib
from dataclasses import dataclass

from airybench import __version__
from airybench.analysis.leaderboard import Leaderboard, rank
from airybench.analysis.study_figures import Trial, study_figures, write_figures
from airybench.config import SEED
from airybench.errors import NothingFinishedError
from airybench.figures.leaderboard import leaderboard as leaderboard_figure
from airybench.figures.style import save
from airybench.figures.table import table_page
from airybench.inference.evaluate import scores_on_test
from airybench.inference.majority import majority_scores
from airybench.inference.predictions import Predictions
from airybench.sweep.runner import FinishedStudy
from airybench.sweep.records import FailedTrial, FinishedTrial
from airybench.tracking.model import logged_model
from airybench.tracking.predictions import predictions
from airybench.tracking.register import ModelScore, Registered, register
from airybench.tracking.run import Run

MOST_SHOWN = 40  # cells in the picture of the leaderboard; the tables have them all
PUBLISHED = "airybench.published"  # tag: digest of the trials that the artifacts of a parent show


@dataclass(frozen=True)
class StudySummary:
    """What a study came to.

    Attributes:
        study: its name.
        metric: objective.
        board: the leaderboard on val.
        test: metrics of the winner on test, as logged, with `/low` and `/high`.
        majority: metrics of the majority baseline on test, and on val under `val/`.
        model_uri: the winner's MLflow model.
        winner_run: the winner's run.
        parent_run: the study's run.
        tracking_uri: where they are.
        failures: cells and seeds that failed.
        data_source: `simulated`, or where the data came from.
        unscored: classes that test has only with, or only without; macro values leave them out.
        registered: the winner in the model registry, where it was asked for.
    """

    study: str
    metric: str
    board: Leaderboard
    test: dict[str, float]
    majority: dict[str, float]
    model_uri: str
    winner_run: str
    parent_run: str
    tracking_uri: str
    failures: list[FailedTrial]
    data_source: str
    unscored: tuple[str, ...]
    registered: Registered | None = None


def summarise_study(ran: FinishedStudy, *, register_as: str | None = None) -> StudySummary:
    """Rank, score the winner on test, log leaderboard, baseline and model.

    The test split is scored here for the winner alone, after val has chosen it.

    Args:
        ran: a study whose trials are done.
        register_as: name of the registered model that the winner becomes a version of, if any.

    Raises:
        NothingFinishedError: no trial finished.
    """
    if not ran.trials:
        reason = ran.failures[0].reason if ran.failures else "none was asked for"
        raise NothingFinishedError(
            f"no trial of {ran.study.name} finished, so nothing can be ranked; the first said: {reason}"
        )
    rule = ran.study.sweep.study

    def val(record: FinishedTrial) -> Predictions:
        return predictions(Run(ran.parent.tracking, record.run_id), "val")

    ways = [way for _, way in rule.objectives]
    board = rank(ran.trials, rule.metric, rule.direction, val, seed=SEED, ways=ways)
    winner = Run(ran.parent.tracking, board.rows[0].best.run_id)
    kept = predictions(winner, "test")
    test = scores_on_test(kept)
    majority = majority_scores(ran.dataset.store, ran.dataset.split)
    model_uri = logged_model(winner, ran.dataset.store.read_images(ran.dataset.split.test[:2]))
    title = board.rows[0].config.label
    for run in (winner, ran.parent):
        run.metrics(test)
    ran.parent.metrics(majority)
    ran.parent.tag(
        {
            "airybench.winner": winner.run_id,
            "airybench.winner_name": title,
            "airybench.model_uri": model_uri,
            "mlflow.note.content": f"{ran.study.sweep.question}\n\nWinner: {title}. {board.sure()}",
        }
    )
    _publish(board, rule.metric, majority, ran)
    best = board.rows[0].best
    model_score = ModelScore(rule.objectives[0], best.value, ran.dataset.provenance(best.config))
    registered = register(ran.parent.tracking, register_as, model_uri, winner.run_id, model_score) if register_as else None
    return StudySummary(
        ran.study.name, rule.metric, board, test, majority, model_uri, winner.run_id, ran.parent.run_id,
        ran.parent.tracking.uri, ran.failures, ran.dataset.store.source,
        kept.unscored, registered,
    )  # fmt: skip


def _publish(board: Leaderboard, metric: str, majority: dict[str, float], ran: FinishedStudy) -> None:
    """Leaderboard and figures as artifacts of the parent; a resume that finds nothing new draws nothing again."""
    content = [__version__, metric, *sorted(record.run_id for record in ran.trials)]
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]
    if ran.parent.client.get_run(ran.parent.run_id).data.tags.get(PUBLISHED) == digest:
        return
    rule = ran.study.sweep.study
    heading = f"{ran.study.name}{' (simulated data)' if ran.dataset.store.source == 'simulated' else ''}"
    shown = board.rows[:MOST_SHOWN]
    figure = leaderboard_figure(
        [f"{row.config.label} (n={len(row.trials)})" for row in shown],
        [row.mean for row in shown],
        [(row.low, row.high) for row in shown],
        majority.get(f"majority/val/{metric}"),
        metric=f"val {metric}",
        title=heading if len(shown) == len(board.rows) else f"{heading}: best {len(shown)} of {len(board.rows)} cells",
        note=board.interval_kind,
    )
    headings, *lines = [[str(cell) for cell in line] for line in board.table(metric)]
    page = table_page(f"{heading}: cells ranked by val {metric}", board.sure(), headings, lines)
    trials = [Trial(record.config, record.values or (record.value,)) for record in ran.trials]
    drawn, left_out = study_figures(trials, rule.objectives, heading)
    with ran.parent.artifacts() as folder:
        (folder / "leaderboard.csv").write_text(board.to_csv(metric), encoding="utf-8")
        (folder / "leaderboard.html").write_text(page, encoding="utf-8")
        save(figure, folder / "plots" / "leaderboard.png")
        write_figures(drawn, left_out, folder / "plots")
    ran.parent.tag({PUBLISHED: digest})
