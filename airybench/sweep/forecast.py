"""What a sweep is going to take, said before it starts: time and disk."""

from collections.abc import Sequence
from statistics import fmean

import optuna
from optuna.trial import TrialState

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.sweep.definition import recorded
from airybench.sweep.engines import Engine
from airybench.sweep.estimate import Estimate, costs_of, estimate, work
from airybench.sweep.space import cells, ends, finite
from airybench.sweep.storage import StudyStorage, free_bytes
from airybench.tracking.store import local_folder
from airybench.trial.prepared import PreparedDataset

LITTLE_WORK = 1e12  # multiply-adds: less than a minute on any machine, and not worth a timed step
BYTES_A_TRIAL = 2_000_000  # plots, configuration and tables beside weights and predictions
BYTES_A_WEIGHT = 4
HELD_OUT = 0.3  # share of the shots whose logits every trial keeps
MODELS = 2  # the winner's model is written as a graph and as its weights


def forecast(
    sweep: SweepConfig, name: str, source: PreparedDataset, storage: StudyStorage | None, engine: Engine, uri: str
) -> str:
    """Time and disk of the trials that a study has left, in one line.

    Args:
        sweep: the sweep.
        name: of the study.
        source: its data.
        storage: where a study of that name may be, to go on with; None for a new one.
        engine: where trials run.
        uri: tracking store.

    Raises:
        StudyError: the disk of the tracking store cannot hold what is to come.
    """
    found = cells(ends(sweep))
    shots, classes = source.store.count, len(source.store.class_names)
    spent = _spent(storage, name) if storage else []
    left = max(0, _trials(sweep, len(found)) - len(spent))
    if not left:
        return f"{name}: nothing left to run"
    costs = costs_of(found, classes)
    largest = max(cost.parameters for cost in costs.values())
    mean = fmean(cost.parameters for cost in costs.values())
    predictions = shots * HELD_OUT * classes * BYTES_A_WEIGHT
    needed = left * (mean * BYTES_A_WEIGHT + predictions + BYTES_A_TRIAL) + MODELS * largest * BYTES_A_WEIGHT
    folder = local_folder(uri)
    if folder and free_bytes(folder) < needed:
        raise StudyError(
            f"{folder}: {free_bytes(folder) / 1e9:.2f} GB free, about {needed / 1e9:.2f} GB needed for {left} trials; "
            "free some space, ask for fewer --trials, or choose another disk with --tracking-uri"
        )
    if spent:
        time = "about " + span(left * fmean(spent) / engine.workers)
    elif fmean(work(cell, costs[cell.digest], shots) for cell in found) * left < LITTLE_WORK:
        time = "a minute at most"
    else:
        # Timed where this process would look at the data: with workers on GPUs the factor is in their favour.
        times = estimate(sweep, found, shots, classes, engine.device)
        time = "about " + span(total_seconds(sweep, times, engine.workers))
    return (
        f"{name}: {left} trial{'s' if left > 1 else ''} on {engine.name}, {time} of training (good to a factor "
        f"of two) and {needed / 1e9:.2f} GB of disk"
    )


def total_seconds(sweep: SweepConfig, estimates: Sequence[Estimate], workers: int = 1) -> float:
    """Seconds of all trials, as far as `trials` lets them run, shared out to workers."""
    if finite(sweep):
        everything = [one.seconds for _ in range(sweep.study.seeds) for one in estimates]
        return sum(everything[: sweep.study.trials]) / workers
    assert sweep.study.trials is not None
    return fmean(one.seconds for one in estimates) * sweep.study.trials / workers


def span(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _trials(sweep: SweepConfig, cell_count: int) -> int:
    asked = sweep.study.trials
    if not finite(sweep):
        assert asked is not None
        return asked
    return min(asked or cell_count * sweep.study.seeds, cell_count * sweep.study.seeds)


def _spent(storage: StudyStorage, name: str) -> list[float]:
    """Seconds of the trials that are finished."""
    if not recorded(storage, name):
        return []
    study = optuna.load_study(study_name=name, storage=storage.optuna_storage(name))
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [float(trial.user_attrs["facts"]["seconds"]) for trial in done]
