"""Samplers compared: each repeats a search with other seeds, and what its searches found stands for it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from airybench.analysis.intervals import difference, score
from airybench.config import Objective
from airybench.errors import StudyError
from airybench.report.answers import Answer, StudyAnswers
from airybench.report.results import SearchResult, kept
from airybench.report.scored import ScoredCell
from airybench.sweep.ranking import ranked
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import reopen

SAMPLERS = {"tpe": "TPE", "random": "random search", "nsga2": "NSGA-II"}
"""What samplers are called."""


def answer_searches(studies: Sequence[SavedStudy], first: StudyAnswers) -> StudyAnswers:
    """The first sampler against the second, each judged by the winners of its searches.

    A search is to a sampler what a training is to a cell: it would find another network with another seed. So the
    winners of a sampler are scored as the seeds of one cell, and the interval holds the spread between searches.

    Args:
        studies: all searches on one data set; those of the sampler that is tried before those of the other.
        first: the answers of the first study, for its data, its baselines and the metric.

    Raises:
        StudyError: the searches are not of two samplers, or one has no finished trial.
    """
    by_sampler: dict[str, list[SavedStudy]] = {}
    for study in studies:
        by_sampler.setdefault(study.sweep.study.sampler, []).append(study)
    if len(by_sampler) != 2:
        raise StudyError(f"searches of {' and '.join(by_sampler)} are not those of two samplers")
    bare = [_found(sampler, found) for sampler, found in by_sampler.items()]
    pool = [cell.predictions for cell in bare]
    tried, other = (
        replace(cell, test={first.metric: score(cell.predictions, first.metric, pool=pool)}) for cell in bare
    )
    answer = Answer(
        f"{tried.label} against {other.label} with as many trials",
        ((tried.label, other.label),),
        difference(tried.predictions, other.predictions, first.metric, pool=pool),
    )
    return replace(
        first,
        cells=(tried, other),
        answers=(answer,),
        searches=tuple(
            _search(study, trial)
            for cell, found in zip((tried, other), by_sampler.values(), strict=True)
            for study, trial in zip(found, cell.trials, strict=True)
        ),
    )


def best_so_far(trials: Sequence[FinishedTrial], objective: Objective) -> list[float]:
    """The best value of the objective after each finished trial, in the order in which they were drawn."""
    in_order = sorted(trials, key=lambda trial: trial.number)
    better = max if objective.sign > 0 else min
    return list(accumulate((trial.value for trial in in_order), better))


def _winner(study: SavedStudy) -> FinishedTrial:
    if not study.finished:
        raise StudyError(f"study {study.name} has no finished trial; run it first")
    return ranked(study.finished, study.sweep.study.objectives)[0][0]


def _found(sampler: str, studies: Sequence[SavedStudy]) -> ScoredCell:
    """The winners of a sampler's searches, as one cell."""
    winners = tuple(_winner(study) for study in studies)
    on_test = tuple(
        predictions(
            Run(reopen(str(one.attributes["tracking_uri"]), str(one.attributes["experiment_id"])), trial.run_id), "test"
        )
        for one, trial in zip(studies, winners, strict=True)
    )
    val = sum(trial.value for trial in winners) / len(winners)
    return ScoredCell(winners[0].config, winners, val, on_test, {}, sampler=SAMPLERS[sampler])


def _search(study: SavedStudy, winner: FinishedTrial) -> SearchResult:
    params = winner.config.params()
    return SearchResult(
        sampler=SAMPLERS[study.sweep.study.sampler],
        seed=study.sweep.base.training.seed,
        best=tuple(kept(value) for value in best_so_far(study.finished, study.sweep.study.objectives[0])),
        winner={name: params[name] for grid in study.sweep.space for name in grid if name in params},
        seconds=round(sum(trial.facts["seconds"] for trial in study.finished)),
    )
