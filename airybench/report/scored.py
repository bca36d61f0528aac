"""The cells of a study on test, with what their trainings predicted there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import score
from airybench.config import TrialConfig
from airybench.config.baseline import NAMES
from airybench.inference.hits import logged_hits
from airybench.inference.predictions import Predictions
from airybench.sweep.ranking import by_cell, folds_of, ranked
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking


@dataclass(frozen=True)
class ScoredCell:
    """One cell of a study on test.

    Attributes:
        config: what was trained.
        trials: its finished trials by seed.
        val: the objective on the validation split, mean over seeds.
        predictions: its predictions on test, one per trial.
        confirmed: those of its trainings with fresh seeds, which had no part in choosing it.
        test: by metric, mean over seeds with 95 % interval.
        sampler: the name of what is compared, where its trials are the winners of a sampler's searches.
    """

    config: TrialConfig
    trials: tuple[FinishedTrial, ...]
    val: float
    predictions: tuple[Predictions, ...]
    test: dict[str, Estimate]
    confirmed: tuple[Predictions, ...] = ()
    sampler: str = ""

    @property
    def label(self) -> str:
        """Its name, which no other cell of the study has."""
        return self.sampler or self.trials[0].label

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the trials."""
        return tuple(trial.config.training.seed for trial in self.trials)


def scored_cells(study: SavedStudy, tracking: Tracking, metric: str) -> list[ScoredCell]:
    """Score every cell of a study, best on the validation split first.

    Args:
        study: with finished trials.
        tracking: the store of its runs.
        metric: that is scored beside macro F1 and exact match.
    """

    def on_test(group: Sequence[FinishedTrial]) -> tuple[Predictions, ...]:
        by_repeat = sorted(group, key=lambda trial: trial.repeat)
        return tuple(predictions(Run(tracking, trial.run_id), "test") for trial in by_repeat)

    fresh = {group[0].config.cell(): group for group in by_cell(study.confirmations)}
    cells = []
    for group in ranked(study.finished, study.sweep.study.objectives):
        group.sort(key=lambda trial: trial.repeat)
        val, config = sum(trial.value for trial in group) / len(group), group[0].config
        again = fresh.get(config.cell(), [])
        confirmed = on_test(again) if folds_of(again) == folds_of(group) else ()  # cut short, they say nothing
        cells.append(ScoredCell(config, tuple(group), val, on_test(group), {}, confirmed))
    pool, shown = [cell.predictions for cell in cells], dict.fromkeys((metric, "macro_f1", "exact_match"))
    return [replace(cell, test={name: score(cell.predictions, name, pool=pool) for name in shown}) for cell in cells]


def pool_of(cells: Sequence[ScoredCell]) -> list[tuple[Predictions, ...]]:
    """All trainings by cell, which say how far seeds lie apart; those with fresh seeds are cells of their own.

    Over folds it is cells that lie apart, of which each counts once.
    """
    fresh = [cell.confirmed for cell in cells if cell.confirmed and not cell.config.data.every_fold]
    return [cell.predictions for cell in cells] + fresh


def hits_by_name(winner: ScoredCell, best: str, metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Scores of hit finding on test as the sweep logged them: of the winner, and of what needs no network.

    Args:
        winner: whose best training was scored where there are several; over folds it is the mean of all.
        best: run of that training.
        metrics: logged on the study's run.
    """
    single = len(winner.trials) > 1 and not winner.config.data.every_fold
    name = next((one.title for one in winner.trials if single and one.run_id == best), winner.label)
    found = {name: logged_hits(metrics, "test/")}
    found |= {title: logged_hits(metrics, f"{baseline}/test/") for baseline, title in NAMES.items()}
    return {name: scores for name, scores in found.items() if scores}
