"""What a sweep is going to be able to tell, before it starts: from the data set, the space and a pilot study."""

import math
from dataclasses import dataclass

import numpy as np

from airybench.analysis.power import (
    MOST_SEEDS,
    SEED_SD,
    ExpectedTest,
    detectable,
    detectable_on_folds,
    expected_test,
    freedom_between,
    seed_sd,
    seeds_and_shots,
    seeds_needed,
)
from airybench.config import DataConfig, SweepConfig
from airybench.config.margin import DELTA
from airybench.data.datasets.catalog import display_name
from airybench.data.datasets.outline import Outline
from airybench.data.split.split import SHARES
from airybench.errors import AirybenchError
from airybench.study_name import StudyName
from airybench.sweep.claims import best_of_each, claims
from airybench.sweep.ranking import by_cell
from airybench.sweep.saved_studies import SavedStudy, names, read
from airybench.sweep.space import cells, ends
from airybench.sweep.storage import StudyStorage
from airybench.trial.prepared import PreparedDataset

METRIC = "macro_ap"


@dataclass(frozen=True)
class Pilot:
    """A finished study of the same question, whose trainings say how far seeds lie apart.

    Attributes:
        study: its full name.
        sd: standard deviation between its seeds on val, pooled over its cells.
        freedom: degrees of freedom, the sum of (seeds - 1).
        shots: in its val split.
    """

    study: str
    sd: float
    freedom: int
    shots: int


@dataclass(frozen=True)
class SweepPower:
    """What a sweep can tell on one data set.

    Attributes:
        dataset: its name.
        test: the test split; None where no class has enough positive shots for a verdict.
        seeds: of each cell.
        cells: how many the study has.
        claims: how many it tests.
        sd: standard deviation between seeds.
        pilot: where that comes from; None where it is assumed.
        delta: the difference that matters.
        folds: how many the study runs, of which `test` is one; 0 with a single split.
    """

    dataset: str
    test: ExpectedTest | None
    seeds: int
    cells: int
    claims: int
    sd: float = SEED_SD
    pilot: Pilot | None = None
    delta: float = DELTA
    folds: int = 0

    @property
    def smallest(self) -> float:
        """Smallest true difference that is found with a chance of 80 %; infinite where none is."""
        if self.test is None:
            return math.inf
        if self.folds:
            return self._smallest_on_folds(self.seeds)
        freedom = freedom_between(self.seeds, self.cells)
        return detectable(self.test, self.seeds, self.sd, claims=self.claims, freedom=freedom)

    @property
    def needed(self) -> int | None:
        """Seeds with which a difference of delta is found; None where no number of them is enough."""
        if self.test is None:
            return None
        if self.folds:
            enough = (n for n in range(1, MOST_SEEDS + 1) if self._smallest_on_folds(n) <= self.delta)
            return next(enough, None)
        return seeds_needed(self.test, self.delta, self.sd, claims=self.claims, cells=self.cells)

    def sentence(self) -> str:
        """One line for people."""
        if self.test is None:
            return f"{self.dataset}: no class has 5 positive test shots: no difference can be judged"
        if self.test.runs == 1 and not self.folds:
            return f"{self.dataset}: the test split holds 1 run: no difference can be judged; add runs"
        return f"{self.dataset}: {self._smallest_in_words()}; {self._needed_in_words()} ({self._assumptions()})"

    def _smallest_in_words(self) -> str:
        assert self.test is not None
        runs = f" in {self.test.runs} run{'s' if self.test.runs > 1 else ''}" if self.test.runs else ""
        seeds = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        if self.folds and self.cells == 1:
            return "a single cell has nothing to be told from"
        if self.folds:
            return (
                f"{self.folds} folds of {self.test.shots} test shots{runs} and {seeds} on each can tell two cells "
                f"apart that differ by {self.smallest:.3f} in {METRIC}"
            )
        if self.seeds == 1:
            return "1 seed gives a first look without verdicts"
        if math.isinf(self.smallest):
            return f"{seeds} of {self.cells} cells give no verdicts, which takes 3 seeds or 6 cells"
        return (
            f"{seeds} and {self.test.shots} test shots{runs} can tell two cells apart that differ by "
            f"{self.smallest:.3f} in {METRIC}"
        )

    def _needed_in_words(self) -> str:
        assert self.test is not None
        if self.needed:
            each = " on each fold" if self.folds else ""
            return f"for {self.delta:g} it takes {self.needed} seed{'s' if self.needed > 1 else ''}{each}"
        if self.folds:
            return f"{self.delta:g} takes more {'runs' if self.test.runs else 'shots'}"
        seeds, times = seeds_and_shots(self.test, self.delta, self.sd, claims=self.claims)
        drawn = "test runs" if self.test.runs else "test shots"
        rounded = f"{float(f'{times:.2g}'):.0f}" if times >= 10 else f"{times:.2g}"  # 110, not 1.1e+02
        return f"for {self.delta:g} it takes {seeds} seeds and about {rounded} times the {drawn}"

    def _smallest_on_folds(self, seeds: int) -> float:
        assert self.test is not None
        return detectable_on_folds(self.test, self.folds, seeds, self.sd, cells=self.cells, claims=self.claims)

    def _assumptions(self) -> str:
        assert self.test is not None
        if self.pilot is None:
            sd = f"seed sd {self.sd:.3f} assumed"
        else:
            sd = f"seed sd {self.sd:.3f} from {self.pilot.study}, {self.pilot.freedom} degrees of freedom"
        runs = f", correlation {self.test.correlation:g} inside a run assumed" if self.test.runs else ""
        counted = f"{self.claims} claim{'s' if self.claims > 1 else ''}"
        return f"power 80 %, {counted}, {len(self.test.positives)} classes, {sd}{runs}"


def planned_power(
    sweep: SweepConfig, dataset: str, known: Outline, storage: StudyStorage, *, delta: float = DELTA
) -> SweepPower:
    """What a sweep can tell, where the data set need not exist yet.

    Args:
        sweep: space, seeds and split.
        dataset: name or path.
        known: the data set in numbers.
        storage: where a pilot study may be.
        delta: the difference that matters.
    """
    data, share = sweep.base.data, share_of_test(sweep.base.data)
    runs = _runs_in_test(known.runs, known.shots, data)
    test = expected_test((share * known.positives).tolist(), round(share * known.shots), runs=runs)
    return _power(sweep, display_name(dataset), test, storage, delta)


def measured_power(
    sweep: SweepConfig, dataset: PreparedDataset, storage: StudyStorage, *, delta: float = DELTA
) -> SweepPower:
    """The same from the very test split.

    Args:
        sweep: space and seeds.
        dataset: the shots and their split.
        storage: where a pilot study may be.
        delta: the difference that matters.
    """
    rows = dataset.split.test
    groups = len(np.unique(dataset.store.groups()[rows]))
    whole = groups > 1 or sweep.base.data.split_by == "group"
    positives = dataset.store.labels()[rows].sum(axis=0)
    test = expected_test(positives.tolist(), len(rows), runs=groups if whole else 0)
    return _power(sweep, dataset.name, test, storage, delta)


def share_of_test(data: DataConfig) -> float:
    """Share of the shots in the test split."""
    return 1 / data.fold_count if data.fold_count else SHARES[2]


def find_pilot(
    sweep: SweepConfig, dataset: str, storage: StudyStorage, test: ExpectedTest
) -> tuple[float, Pilot] | None:
    """The seed spread of a finished study with the same space on the same data set; of several, that with most seeds.

    Args:
        sweep: whose space is the question.
        dataset: what studies call the data set.
        storage: where studies are.
        test: the test split of the sweep, from which the shots of each class in the pilot are inferred.

    Returns:
        The spread on very many shots, and where it comes from; None where there is no such study with two seeds.
    """
    found = []
    for name in names(storage):
        if StudyName.parse(name).dataset == dataset:
            try:
                found.append(_spread(sweep, read(storage, name)))
            except AirybenchError:
                continue  # a damaged study is the concern of those who open it
    best = max((one for one in found if one is not None), key=lambda one: one.freedom, default=None)
    if best is None:
        return None
    scale = best.shots / test.shots
    there = ExpectedTest(best.shots, tuple(scale * count for count in test.positives))
    return seed_sd(best.sd, there), best


def _spread(sweep: SweepConfig, study: SavedStudy) -> Pilot | None:
    if study.sweep.space != sweep.space or study.sweep.base.data.every_fold:  # folds differ by more than their seeds
        return None
    values = [[trial.scores[METRIC] for trial in cell if METRIC in trial.scores] for cell in by_cell(study.finished)]
    freedom = sum(len(cell) - 1 for cell in values if cell)
    if not freedom:
        return None
    squares = sum(float(np.var(cell)) * len(cell) for cell in values if cell)
    data = study.sweep.base.data
    share = share_of_test(data)
    return Pilot(study.name, math.sqrt(squares / freedom), freedom, max(1, round(share * data.count)))


def _power(
    sweep: SweepConfig, dataset: str, test: ExpectedTest | None, storage: StudyStorage, delta: float
) -> SweepPower:
    found = cells(ends(sweep))
    configs = [cell.config for cell in found]
    testable = [*claims(configs), *(best_of_each(configs) if sweep.study.confirm else ())]
    pilot = find_pilot(sweep, dataset, storage, test) if test else None
    return SweepPower(
        dataset,
        test,
        sweep.study.seeds,
        len(found),
        max(1, len(testable)),
        pilot[0] if pilot else SEED_SD,
        pilot[1] if pilot else None,
        delta,
        sweep.base.data.fold_count if sweep.base.data.every_fold else 0,
    )


def _runs_in_test(runs: int, shots: int, data: DataConfig) -> int:
    """Runs in the test split: its share of them where it keeps runs together, else all; 0 where none are known."""
    share = share_of_test(data)
    if data.split_by == "group":
        return max(1, round(share * runs))
    return min(runs, round(share * shots)) if runs > 1 else 0
