"""The end of a study: rank the cells, score the winner on test beside the majority baseline, hand over its model."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from airybench.analysis.leaderboard import Leaderboard, rank
from airybench.errors import NothingFinishedError
from airybench.figures.leaderboard import leaderboard as leaderboard_figure
from airybench.figures.style import save
from airybench.inference.baseline import majority_logits
from airybench.inference.bootstrap import interval, resamples, weighted_scores
from airybench.inference.predictions import Predictions
from airybench.sweep.runner import Ran
from airybench.sweep.study import Record
from airybench.sweep.trial import Source
from airybench.tracking.model import load, log_model
from airybench.tracking.run import Run
from airybench.training.metrics import Scores, score, slug

BOOTSTRAP_SEED = 1612


@dataclass(frozen=True)
class Conclusion:
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
        failures: number, title and reason of the trials that failed.
        data_source: `simulated`, or where the data came from.
        unscored: classes that test has only with, or only without; macro values leave them out.
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
    failures: list[tuple[int, str, str]]
    data_source: str
    unscored: tuple[str, ...]


def conclude(ran: Ran) -> Conclusion:
    """Rank, score the winner on test, log leaderboard, baseline and model.

    The test split is scored here for the winner alone, after val has chosen it.

    Raises:
        NothingFinishedError: no trial finished.
    """
    if not ran.records:
        reason = ran.failures[0][2] if ran.failures else "none was asked for"
        raise NothingFinishedError(
            f"no trial of {ran.study.name} finished, so nothing can be ranked; the first said: {reason}"
        )
    rule = ran.study.sweep.study

    def val(record: Record) -> Predictions:
        return predictions(Run(ran.parent.tracking, record.run_id), "val")

    ways = [way for _, way in rule.objectives]
    board = rank(ran.records, rule.metric, rule.direction, val, seed=BOOTSTRAP_SEED, ways=ways)
    winner = Run(ran.parent.tracking, board.rows[0].best.run_id)
    test = test_scores(predictions(winner, "test"))
    majority = majority_scores(ran.source)
    model_uri = hand_over(winner, ran.source)
    title = board.rows[0].config.network.title
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
    return Conclusion(
        ran.study.name, rule.metric, board, test, majority, model_uri, winner.run_id, ran.parent.run_id,
        ran.parent.tracking.uri, ran.failures, ran.source.store.source,
        unscored(ran.source, test),
    )  # fmt: skip


def test_scores(kept: Predictions) -> dict[str, float]:
    """`test/<metric>` with the ends of its 95 % bootstrap interval over shots as `/low` and `/high`."""
    logits, labels = torch.from_numpy(kept.logits), torch.from_numpy(kept.labels)
    flat = score(logits, labels, kept.class_names, kept.label_kind).flat("test")
    drawn = weighted_scores(logits, labels, kept.label_kind, resamples(len(kept.ids), BOOTSTRAP_SEED))
    for name, values in drawn.items():
        if f"test/{name}" in flat:
            flat[f"test/{name}/low"], flat[f"test/{name}/high"] = interval(values, flat[f"test/{name}"])
    return flat


def unscored(source: Source, test: dict[str, float]) -> tuple[str, ...]:
    """Classes without a defined average precision on test."""
    return tuple(name for name in source.store.class_names if f"test/ap/{slug(name)}" not in test)


def majority_scores(source: Source) -> dict[str, float]:
    """Metrics of the majority baseline, as `majority/test/<metric>` and `majority/val/<metric>`."""
    labels = torch.from_numpy(source.store.labels())
    training = labels[torch.from_numpy(source.split.train)]
    found: dict[str, float] = {}
    for part, rows in (("val", source.split.val), ("test", source.split.test)):
        truth = labels[torch.from_numpy(rows)]
        scores: Scores = score(
            majority_logits(training, len(truth)), truth, source.store.class_names, source.store.label_kind
        )
        found |= {f"majority/{part}/{name}": value for name, value in scores.values.items()}
    return found


def predictions(run: Run, part: str) -> Predictions:
    """Fetch the logits that a run kept of `val` or `test`."""
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        return Predictions.read(run.fetch(f"predictions/{part}.h5", Path(folder)))


def hand_over(run: Run, source: Source) -> str:
    """Log the MLflow model of a run from its weights, once however often its study is resumed; returns its URI."""
    known = run.client.get_run(run.run_id).data.tags.get("airybench.model_uri")
    if known:
        return str(known)
    return log_model(run, load(run.run_id, run.tracking), source.store.read_images(source.split.test[:2]))


def _publish(board: Leaderboard, metric: str, majority: dict[str, float], ran: Ran) -> None:
    names = [f"{row.config.network.title} (n={len(row.trials)})" for row in board.rows]
    figure = leaderboard_figure(
        names,
        [row.mean for row in board.rows],
        [(row.low, row.high) for row in board.rows],
        majority.get(f"majority/val/{metric}"),
        metric=f"val {metric}",
        title=f"{ran.study.name}{' (simulated data)' if ran.source.store.source == 'simulated' else ''}",
        note=board.interval_kind,
    )
    with ran.parent.artifacts() as folder:
        (folder / "leaderboard.csv").write_text(board.to_csv(metric), encoding="utf-8")
        save(figure, folder / "plots" / "leaderboard.png")
