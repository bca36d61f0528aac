"""Studies side by side: their cells on the same test shots, and the effect of the logarithmic activation."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from airybench.analysis.activation_pairs import Trained, couples
from airybench.analysis.cells import joined
from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import check_same_shots, combination, compared_metric, difference, rare_classes, score
from airybench.analysis.verdicts import Judgement, judged
from airybench.config import Objective, TrialConfig
from airybench.config.margin import DELTA
from airybench.errors import StudyError
from airybench.inference.predictions import Predictions
from airybench.provenance import Provenance
from airybench.reporter import SILENT, Reporter
from airybench.sweep.ranking import by_cell
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy, finished_studies
from airybench.sweep.storage import StudyStorage

Fetch = Callable[[SavedStudy, FinishedTrial], Predictions]
"""Fetches the test predictions of a trial."""


@dataclass(frozen=True)
class CellResult:
    """One cell of one study on test.

    Attributes:
        study: name of the study.
        label: its name, which no other cell of the study has.
        config: what was trained, with the seed of one trial.
        seeds: number of trials.
        val: the metric on the validation split, mean over seeds; cells are ordered by it.
        test: the metric on test, mean over seeds.
        run_ids: the runs of the trials.
    """

    study: str
    label: str
    config: TrialConfig
    seeds: int
    val: float
    test: Estimate
    run_ids: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A network with the logarithmic activation against the same network without it.

    Attributes:
        on: a training of the network with it; of several alphas the best on the validation split.
        off: a training of the network without it.
        difference: on minus off, on the same test shots.
        judgement: of it, among all claims about the data set.
        tried: how many configurations of the network there are with it and without it.
        fresh: whether the best of several alphas is judged by trainings with fresh seeds.
    """

    on: FinishedTrial
    off: FinishedTrial
    difference: Estimate
    judgement: Judgement
    tried: tuple[int, int] = (1, 1)
    fresh: bool = False

    @property
    def name(self) -> str:
        """Network and data, apart from the activation."""
        return self.off.config.network.trunk + self.off.config.data_label + self.off.ending


@dataclass(frozen=True)
class DatasetComparison:
    """One data set of a comparison.

    Attributes:
        dataset: its name.
        studies: names of the studies on it.
        provenance: their data and split.
        shots: number of test shots.
        cells: the best cells on the validation split, best first.
        cell_count: number of cells in all.
        pairs: networks with and without the logarithmic activation.
        mean: mean difference over the pairs, None where there are no pairs.
        verdict: of the mean, which is judged with the pairs where there are several.
        scaled: whether on and off differ in the input scaling as well, as in the paper.
        left_out: classes with too few positive test shots for macro averages in differences.
    """

    dataset: str
    studies: tuple[str, ...]
    provenance: Provenance
    shots: int
    cells: tuple[CellResult, ...]
    cell_count: int
    pairs: tuple[Pair, ...]
    mean: Estimate | None
    verdict: Judgement | None
    scaled: bool
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Studies compared by one metric; differences up to delta do not matter."""

    metric: str
    datasets: tuple[DatasetComparison, ...]
    delta: float = DELTA


def compare(
    wanted: Sequence[str],
    where: Path | StudyStorage,
    fetch: Fetch,
    *,
    metric: str | None = None,
    top: int = 10,
    delta: float = DELTA,
    reporter: Reporter = SILENT,
) -> Comparison:
    """Compare finished trials across studies and data sets.

    The test split never chooses: cells are ordered by the validation split, which also chooses among several alphas,
    and both networks of a pair are scored on the same resamples of the same test shots.

    Args:
        wanted: `NAME@D`, or NAME for its studies of every data set; all studies where empty.
        where: a folder of journals, or another storage.
        fetch: fetches the test predictions of a trial.
        metric: what to compare by; by default the objective that the studies share, else macro_ap.
        top: how many cells and pairs of each data set are scored on test.
        delta: largest difference that does not matter.
        reporter: receives notices.

    Raises:
        StudyError: no such study, or studies of one data set that differ in data, split or classes.
        NothingFinishedError: no study has a finished trial.
        ConfigError: no such metric.
    """
    compared_metric("", metric)  # an unknown one is refused before anything is read
    studies = finished_studies(wanted, where, reporter)
    objectives = {study.sweep.study.metric for study in studies}
    chosen = compared_metric(objectives.pop() if len(objectives) == 1 else "", metric)
    if metric is None and chosen != studies[0].sweep.study.metric:
        reporter.notify(f"the studies have different objectives; compared by {chosen} (--metric for another)")
    datasets: dict[str, list[SavedStudy]] = {}
    for study in studies:
        datasets.setdefault(study.dataset, []).append(study)
    for members in datasets.values():
        _refuse_other_data(members)
    sides = tuple(_compare_on(members, chosen, fetch, top, delta) for members in datasets.values())
    return Comparison(chosen, sides, delta)


def _refuse_other_data(studies: Sequence[SavedStudy]) -> None:
    first = studies[0]
    for other in studies[1:]:
        found = first.provenance.other_data(other.provenance)
        if found:
            raise StudyError(
                f"studies {first.name} and {other.name} are not comparable, their test shots differ ({found}); compare "
                "only studies that agree, with --study"
            )


class _TestScores:
    """Scores trials of one data set on test; every trial is fetched once."""

    def __init__(self, metric: str, fetch: Fetch) -> None:
        self._metric = metric
        self._fetch = fetch
        self._fetched: dict[str, tuple[SavedStudy, Predictions]] = {}
        self._pool: list[list[Predictions]] = []
        self._first: dict[int, tuple[SavedStudy, Predictions]] = {}  # of each fold, on whose shots the others must be

    @property
    def shots(self) -> int:
        """Number of test shots, of all folds."""
        return sum(len(predictions.ids) for _, predictions in self._first.values())

    @property
    def left_out(self) -> tuple[str, ...]:
        """Classes that stay out of averages in differences, on one fold or more."""
        return rare_classes([predictions for _, predictions in self._first.values()])

    def pool(self, cells: Sequence[Sequence[Trained]]) -> None:
        """Fetch cells, whose seeds say how far trainings lie apart."""
        self._pool = [self._predictions(trials) for trials in cells]

    def score(self, trials: Sequence[Trained]) -> Estimate:
        """The metric of one cell."""
        return score(self._predictions(trials), self._metric, pool=self._pool)

    def difference(self, ours: Sequence[Trained], theirs: Sequence[Trained]) -> Estimate:
        """How much larger the metric is for our cell than for theirs."""
        return difference(self._predictions(ours), self._predictions(theirs), self._metric, pool=self._pool)

    def mean(self, pairs: Sequence[tuple[Sequence[Trained], Sequence[Trained]]]) -> Estimate:
        """The mean of several differences."""
        each = 1 / len(pairs)
        sides = [(each, self._predictions(on), True) for on, _ in pairs]
        sides += [(-each, self._predictions(off), True) for _, off in pairs]
        return combination(sides, self._metric, pool=self._pool)

    def _predictions(self, trials: Sequence[Trained]) -> list[Predictions]:
        for study, trial in trials:
            if trial.run_id not in self._fetched:
                found = self._fetch(study, trial)
                other, first = self._first.setdefault(trial.repeat.fold, (study, found))
                check_same_shots(first, found, f"studies {other.name} and {study.name}")
                self._fetched[trial.run_id] = (study, found)
        return [self._fetched[trial.run_id][1] for _, trial in trials]


def _compare_on(studies: Sequence[SavedStudy], metric: str, fetch: Fetch, top: int, delta: float) -> DatasetComparison:
    """Compare studies of one data set."""
    ranked = _ranked(studies, metric)
    scores, networks = _TestScores(metric, fetch), couples(ranked, studies)[:top]
    sides = [side for one in networks for side in (one.on, one.off)]
    chosen = {trials[0][1].config.cell() for trials in [*ranked[:top], *sides]}
    pool = [trials for digest, trials in joined(ranked).items() if digest in chosen]
    whole = any(
        study.sweep.base.data.every_fold for study in studies
    )  # folds say by themselves how far cells lie apart
    scores.pool([*pool, *(one.fresh for one in networks if one.fresh and not whole)])
    cells = [
        CellResult(
            study=trials[0][0].name,
            label=trials[0][1].label,
            config=trials[0][1].config,
            seeds=len(trials),
            val=_val(trials, metric),
            test=scores.score(trials),
            run_ids=tuple(trial.run_id for _, trial in trials),
        )
        for trials in ranked[:top]
    ]
    origins = [study.provenance for study in studies]
    compared, among = [one.compared for one in networks], [one.chosen_among for one in networks]
    differences = [scores.difference(on, off) for on, off in compared]
    mean = scores.mean(compared) if compared else None
    claims = differences if len(compared) < 2 or mean is None else [*differences, mean]
    among = among if len(compared) < 2 else [*among, math.prod(among)]
    judgements = judged(claims, delta=delta, direction=Objective.of(metric).direction, chosen_among=among)
    pairs = [
        Pair(one.on[0][1], one.off[0][1], found, judgement, (one.tried, 1), bool(one.fresh))
        for one, found, judgement in zip(networks, differences, judgements, strict=False)
    ]
    return DatasetComparison(
        dataset=studies[0].dataset,
        studies=tuple(study.name for study in studies),
        provenance=next((one for one in origins if one.simulated), origins[0]),
        shots=scores.shots,
        cells=tuple(cells),
        cell_count=len(ranked),
        pairs=tuple(pairs),
        mean=mean,
        verdict=judgements[-1] if judgements else None,
        scaled=any(pair.on.config.input_scaling != pair.off.config.input_scaling for pair in pairs),
        left_out=scores.left_out,
    )


def _ranked(studies: Sequence[SavedStudy], metric: str) -> list[list[Trained]]:
    """The cells of every study, from best to worst on the validation split; undefined ones last."""
    sign = Objective.of(metric).sign

    def standing(trials: Sequence[Trained]) -> float:
        value = _val(trials, metric)
        return math.inf if math.isnan(value) else -sign * value

    cells = [[(study, trial) for trial in cell] for study in studies for cell in by_cell(study.finished)]
    return sorted(cells, key=standing)


def _val(trials: Sequence[Trained], metric: str) -> float:
    return float(np.mean([trial.scores.get(metric, math.nan) for _, trial in trials]))
