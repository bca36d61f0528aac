"""The end of a study: the cells are ranked, the winner is scored on test beside the majority baseline, and logged."""

import json
import math
from dataclasses import dataclass, field, replace

from airybench.analysis.baseline_rows import baseline_metrics, baseline_rows
from airybench.analysis.confirmed import ConfirmedCell, confirmed_cells
from airybench.analysis.fold_scores import mean_over_folds, scores_on_folds
from airybench.analysis.leaderboard import Leaderboard, RankedCell, rank
from airybench.analysis.notes import not_resolved
from airybench.analysis.number_text import score_text, with_interval
from airybench.analysis.study_figures import leaderboard_figure, robustness_figure, study_figures, write_figures
from airybench.analysis.study_robustness import StudyRobustness, study_robustness
from airybench.config.baseline import BaselineConfig
from airybench.errors import NothingFinishedError
from airybench.figures.style import save_for_print
from airybench.figures.table import table_page
from airybench.inference.ceiling import logged_ceiling
from airybench.inference.evaluate import scores_on_test
from airybench.inference.predictions import Predictions
from airybench.jobs.cells import log_leaderboard
from airybench.provenance import Provenance
from airybench.reporter import SILENT, Reporter
from airybench.sweep.records import FailedTrial, FinishedTrial
from airybench.sweep.runner import FinishedStudy
from airybench.tracking.cells import mark_winner
from airybench.tracking.concluded import published_digest
from airybench.tracking.model import example_shots, logged_model
from airybench.tracking.model_card import ModelCard
from airybench.tracking.predictions import predictions, stressed
from airybench.tracking.register import ModelScore, Registered, register
from airybench.tracking.run import Run
from airybench.tracking.tags import Tag
from airybench.tracking.weights import has_weights
from airybench.trial.baselines import fitted_baselines


@dataclass(frozen=True)
class StudySummary:
    """The result of a study.

    Attributes:
        study: its name, `NAME@D`.
        metric: the objective.
        leaderboard: the cells, ranked on the validation split.
        test: metrics of the winner on test as they are logged, with `/low` and `/high`; over folds of its cell.
        baselines: metrics of what is reached without a network, such as `majority/val/<metric>` and
            `svm/test/<metric>`.
        model_uri: the winner's MLflow model; empty where no trial of the winning cell keeps its weights.
        winner_run: id of the winner's run.
        parent_run: id of the study's run.
        tracking_uri: the tracking store that holds them.
        experiment_id: its MLflow experiment.
        failures: cells and seeds that failed.
        provenance: data and split.
        unscored: classes without a positive or without a negative shot on test.
        registered: the winner in the model registry, where that was asked for.
        ceiling: what the true labels of simulated shots score against the given ones, as `ceiling/val/<metric>` and
            `ceiling/test/<metric>`; empty where they are not known.
        not_resolved: which classes the winner's image size cannot show; empty where it shows all.
        robustness: the cells under changes of the detector, where the study scored them.
        confirmed: the chosen cells that were trained again with fresh seeds.
    """

    study: str
    metric: str
    leaderboard: Leaderboard
    test: dict[str, float]
    baselines: dict[str, float]
    model_uri: str
    winner_run: str
    parent_run: str
    tracking_uri: str
    experiment_id: str
    failures: list[FailedTrial]
    provenance: Provenance
    unscored: tuple[str, ...]
    registered: Registered | None = None
    ceiling: dict[str, float] = field(default_factory=dict)
    not_resolved: str = ""
    robustness: StudyRobustness | None = None
    confirmed: tuple[ConfirmedCell, ...] = ()


def summarise_study(
    finished: FinishedStudy, *, register_as: str | None = None, reporter: Reporter = SILENT
) -> StudySummary:
    """Rank the cells, score the winner on test, and log leaderboard, figures, baseline and model.

    Only the winner is scored on the test split, after the validation split has chosen it. It is the best trial of the
    winning cell, among those that keep their weights where some were dropped before the cell came to the top.

    Args:
        finished: a study whose trials are done.
        register_as: name of the registered model that the winner becomes a version of, if any.
        reporter: is told which baselines are fitted, and where there is no model, or not that of the best trial.

    Raises:
        NothingFinishedError: no trial finished.
    """
    if not finished.trials:
        reason = finished.failures[0].reason if finished.failures else "no trial was asked for"
        raise NothingFinishedError(
            f"no trial of {finished.study.name} finished, so there is nothing to rank; first reason: {reason}"
        )
    parent, data, search = finished.parent, finished.dataset, finished.study.sweep.study

    def on_val(trial: FinishedTrial) -> Predictions:
        return predictions(Run(parent.tracking, trial.run_id), "val")

    board = rank(finished.trials, search.objectives, on_val)
    best = board.rows[0]
    chosen = _with_weights(best, parent, reporter)
    winner = Run(parent.tracking, (chosen or best.best).run_id)
    on_test = predictions(winner, "test")
    own, baselines = scores_on_test(on_test), _baselines(finished, reporter)
    test, unscored = _on_folds(best, parent) if best.folds > 1 else (own, on_test.unscored)
    board = replace(board, baselines=baseline_rows(baselines, search.metric))
    model_uri = ""
    if chosen:
        card = ModelCard(finished.study.name, data.summary(), _scored(board.objective.metric, chosen, own), own)
        model_uri = logged_model(winner, data.store.read_images(data.split.test[: example_shots(best.config)]), card)
    winner.metrics(own)
    ceiling = mean_over_folds([logged_ceiling(data.store, split) for split in data.splits])
    mark_winner(parent, winner)
    parent.tag(
        {
            Tag.WINNER: winner.run_id,
            Tag.WINNER_NAME: best.label,
            **({Tag.MODEL_URI: model_uri} if model_uri else {}),
        }
    )
    if not model_uri and Tag.MODEL_URI in parent.tags():
        parent.untag([Tag.MODEL_URI])  # of a winner before
    robust = None
    if search.stress:
        robust = study_robustness(
            finished.trials, board.objective.sign, lambda trial: stressed(Run(parent.tracking, trial.run_id))
        )
    _log_figures(finished, board, robust)
    parent.metrics(test | baselines | ceiling)  # below the scores of the winning cell: pages list what came first
    registered = None
    if register_as and chosen:
        score = ModelScore(board.objective, chosen.value, data.provenance(chosen.config))
        registered = register(parent.tracking, register_as, model_uri, winner.run_id, score)
    return StudySummary(
        study=finished.study.name,
        metric=search.metric,
        leaderboard=board,
        test=test,
        baselines=baselines,
        ceiling=ceiling,
        not_resolved=not_resolved(data.store.class_names, best.config.data.image_size),
        model_uri=model_uri,
        winner_run=winner.run_id,
        parent_run=parent.run_id,
        tracking_uri=parent.tracking.uri,
        experiment_id=parent.tracking.experiment_id,
        failures=finished.failures,
        provenance=data.provenance(),
        unscored=unscored,
        registered=registered,
        robustness=robust,
        confirmed=confirmed_cells(finished.trials, finished.confirmations),
    )


def _with_weights(cell: RankedCell, parent: Run, reporter: Reporter) -> FinishedTrial | None:
    """The best trial of a cell that keeps its weights; a notice says so where it is not the best of all."""
    found = next((trial for trial in cell.trials if has_weights(Run(parent.tracking, trial.run_id))), None)
    if found is None:
        reporter.notify("the winning cell keeps no weights, so there is no model of it; train it again for one")
    elif found is not cell.best:
        reporter.notify(
            f"the model is that of {found.title}: the weights of the winning cell's best trial, "
            f"{cell.best.title}, were dropped before the cell came to the top"
        )
    return found


def _scored(metric: str, trial: FinishedTrial, test: dict[str, float]) -> str:
    """What the winning trial reached."""
    value, low, high = (test.get(f"test/{metric}{end}", math.nan) for end in ("", "/low", "/high"))
    on_test = f"; on test {with_interval(value, low, high)}" if math.isfinite(value) else ""
    return f"{metric} {score_text(trial.value)} on val, which chose it{on_test}."


def _on_folds(best: RankedCell, parent: Run) -> tuple[dict[str, float], tuple[str, ...]]:
    """Metrics of the winning cell on test, over its folds, and the classes that some fold could not score."""
    found = [predictions(Run(parent.tracking, trial.run_id), "test") for trial in best.trials]
    missing = {name for one in found for name in one.unscored}
    return scores_on_folds(found), tuple(name for name in found[0].class_names if name in missing)


def _baselines(finished: FinishedStudy, reporter: Reporter) -> dict[str, float]:
    """Metrics of every baseline on the shots of the study, with the inputs of its base configuration."""
    sweep, folds = finished.study.sweep, []
    for dataset in finished.dataset.by_fold:
        fitted = fitted_baselines(dataset, sweep.base, BaselineConfig.quick(), reporter=reporter)
        logged: dict[str, float] = {}
        for name, one in fitted.items():
            logged |= baseline_metrics(name, one.val, one.test, sweep.study.metric)
        folds.append(logged)
        if len(finished.dataset.by_fold) > 1:
            dataset.unload()
    return mean_over_folds(folds)


def _log_figures(finished: FinishedStudy, board: Leaderboard, robust: StudyRobustness | None) -> None:
    """Leaderboard as runs and, with figures, as artifacts; a resume without new trials writes nothing again."""
    parent, metric = finished.parent, board.objective.metric
    digest = published_digest(metric, [trial.run_id for trial in finished.trials])
    if parent.client.get_run(parent.run_id).data.tags.get(Tag.PUBLISHED) == digest:
        return
    log_leaderboard(finished, board)
    heading = finished.study.name + (" (simulated data)" if finished.dataset.store.simulated else "")
    headings, lines, same = board.page_table()
    note = " ".join([board.certainty_sentence(), *([f"The same in all cells: {', '.join(same)}."] if same else [])])
    page = table_page(f"{heading}: cells ranked by val {metric}", note, headings, lines)
    figures, left_out = study_figures(finished.trials, finished.study.sweep.study.objectives, heading)
    with parent.artifacts() as folder:
        (folder / "leaderboard.csv").write_text(board.to_csv(), encoding="utf-8")
        (folder / "leaderboard.html").write_text(page, encoding="utf-8")
        picture = leaderboard_figure(board, heading)
        save_for_print(picture, folder / "plots" / "leaderboard.png")
        if board.ties is not None:
            save_for_print(
                leaderboard_figure(board, heading, joined=True), folder / "plots" / "critical-difference.png"
            )
        write_figures(figures, left_out, heading, folder / "plots")
        if robust is not None:
            save_for_print(robustness_figure(robust, heading), folder / "plots" / "robustness.png")
            (folder / "robustness.csv").write_text(robust.to_csv(), encoding="utf-8")
            data = json.dumps(robust.to_json(), indent=2, allow_nan=False)
            (folder / "robustness.json").write_text(data + "\n", encoding="utf-8")
    parent.tag({Tag.PUBLISHED: digest})
