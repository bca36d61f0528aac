"""Time and disk that a sweep is going to take, reported before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from airybench.config import SweepConfig
from airybench.config.keep import KEEP_ALL
from airybench.networks.cost import Cost
from airybench.reporter import time_text
from airybench.sweep.confirmation import left_to_confirm, most_confirmations
from airybench.sweep.cost import CellCost, cell_costs, change_seconds, network_costs, shares, stress_work, training_work
from airybench.sweep.definition import stored_attributes
from airybench.sweep.disk import disk_plan
from airybench.sweep.engines import Engine
from airybench.sweep.saved_studies import read
from airybench.sweep.space import Cell, cells, ends, finite
from airybench.sweep.storage import StudyStorage
from airybench.sweep.trial_list import TrialList
from airybench.trial.prepared import PreparedDataset

LITTLE_WORK = 1e12  # multiply-adds: less than a minute on any machine, and not worth a timed step
LITTLE_TIME = 30.0  # seconds of changing counts, which are not worth a timed step either


def forecast(
    sweep: SweepConfig, name: str, dataset: PreparedDataset, storage: StudyStorage | None, engine: Engine, uri: str
) -> str:
    """Time and disk of the trials that a study has left, in one line.

    Args:
        sweep: the sweep.
        name: of the study.
        dataset: its data.
        storage: where a study of that name may be that resumes; None for a new one.
        engine: where trials run.
        uri: tracking store.

    Raises:
        StudyError: the disk of the tracking store has too little space.
    """
    found = cells(ends(sweep))
    study = read(storage, name) if storage and stored_attributes(storage, name) else None
    spent = [trial.facts["seconds"] for trial in [*study.finished, *study.confirmations]] if study else []
    searching = max(0, TrialList(sweep).total() - (len(study.finished) if study else 0))
    confirming = left_to_confirm(study, sweep) if study and not searching else most_confirmations(sweep)
    left = searching + confirming
    if not left:
        return f"{name}: nothing left to run"
    costs = network_costs(found, len(dataset.store.class_names))
    if study and sweep.study.keep is None:
        own = sweep.study.model_copy(update={"keep": study.attributes.get("keep") or KEEP_ALL})
        sweep = sweep.model_copy(update={"study": own})
    size = (dataset.store.count, len(dataset.store.class_names))
    disk = disk_plan(sweep, list(costs.values()), size, (searching, confirming), engine.workers, uri)
    disk.refuse(left)
    stress = _Stress.of(sweep, found, costs, dataset)
    if spent:
        time = "about " + time_text(stress.with_training(left * fmean(spent), left) / engine.workers)
    else:
        time = _estimated_time(sweep, found, costs, dataset, engine, left, stress)
    what = "training and changes of the detector" if sweep.study.stress else "training"
    more = f", of which at most {confirming} for the confirmation," if searching and confirming else ""
    return (
        f"{name}: {left} trial{'s' if left > 1 else ''}{more} on {engine.name}, {time} of {what} (good to a factor "
        f"of two) and {disk.sentence()}"
    )


@dataclass(frozen=True)
class _Stress:
    """What the changes of the detector take beside the training.

    Attributes:
        share: their predictions in units of the training, mean over the cells.
        seconds: that making the changes takes in a trial.
    """

    share: float = 0.0
    seconds: float = 0.0

    @classmethod
    def of(cls, sweep: SweepConfig, found: list[Cell], costs: dict[str, Cost], dataset: PreparedDataset) -> "_Stress":
        """Nothing where the sweep asks for no changes."""
        if not sweep.study.stress:
            return cls()
        shots = dataset.store.count
        training = fmean(training_work(cell, costs[cell.digest], shots) for cell in found)
        stress = fmean(stress_work(cell, costs[cell.digest], shots) for cell in found)
        test = fmean(shares(cell.config.data)[2] for cell in found) * shots
        return cls(stress / training, change_seconds(dataset.store) * test)

    def with_training(self, seconds: float, trials: int) -> float:
        """Seconds of trials whose trainings take some."""
        return seconds * (1 + self.share) + self.seconds * trials


def total_seconds(sweep: SweepConfig, costs: Sequence[CellCost], workers: int = 1) -> float:
    """Seconds that all trials of a sweep take.

    Args:
        sweep: how many trials are wanted.
        costs: of its cells.
        workers: trials that run at the same time.
    """
    mean = fmean(cost.seconds for cost in costs)
    confirmation = mean * most_confirmations(sweep)
    if finite(sweep):
        everything = [cost.seconds for _ in TrialList(sweep).repeats for cost in costs]
        return (sum(everything[: sweep.study.trials]) + confirmation) / workers
    assert sweep.study.trials is not None
    return (mean * sweep.study.trials + confirmation) / workers


def _estimated_time(
    sweep: SweepConfig,
    found: list[Cell],
    costs: dict[str, Cost],
    dataset: PreparedDataset,
    engine: Engine,
    left: int,
    stress: _Stress,
) -> str:
    shots, classes = dataset.store.count, len(dataset.store.class_names)
    work = fmean(training_work(cell, costs[cell.digest], shots) for cell in found) * (1 + stress.share) * left
    if work < LITTLE_WORK and stress.seconds * left < LITTLE_TIME:
        return "a minute at most"
    # Timed where this process prepares the data: workers on GPUs are faster than that.
    timed = cell_costs(found, shots, classes, engine.device)
    return "about " + time_text(stress.with_training(total_seconds(sweep, timed), left) / engine.workers)
