"""Studies side by side: cells on the same test shots, and what the logarithmic activation changes there."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from airybench.analysis.intervals import Estimate, Scorer, Trained
from airybench.config import METRICS, TrialConfig
from airybench.errors import NothingFinishedError, StudyError, unknown
from airybench.inference.predictions import Predictions
from airybench.sweep.saved_studies import SavedStudy, names, read
from airybench.sweep.storage import StudyStorage, as_storage
from airybench.sweep.study import FinishedTrial

COMPARABLE = tuple(name for name in METRICS if name != "loss")
"""Metrics with an interval over shots."""


@dataclass(frozen=True)
class CellResult:
    """One cell of one study on test.

    Attributes:
        study: its study.
        config: what was trained, with the seed of one trial.
        seeds: how many trials.
        val: the metric on val, mean over seeds; what the lines are ordered by.
        test: the metric on test, mean over seeds.
        run_ids: its runs.
    """

    study: str
    config: TrialConfig
    seeds: int
    val: float
    test: Estimate
    run_ids: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A network with the logarithmic activation against the same network without.

    Attributes:
        name: what both are, such as `resnet18-leaky0.2`.
        on: title of the network with it; of several alphas the best on val.
        off: title of the network without.
        seeds: seeds that both were trained with.
        difference: on minus off, on the same test shots.
    """

    name: str
    on: str
    off: str
    seeds: int
    difference: Estimate


@dataclass(frozen=True)
class DatasetComparison:
    """One data set of a comparison.

    Attributes:
        dataset: its name.
        studies: whose trials these are.
        simulated: whether the shots are.
        data_sha256: content hash of the store.
        split_digest: digest of the split.
        shots: number of test shots.
        lines: cells, best on val first.
        cells: how many there are in all.
        pairs: networks with and without the logarithmic activation.
        mean: mean difference over the pairs, None without any.
        scaled: whether on and off differ in the input scaling as well, as in the paper.
    """

    dataset: str
    studies: tuple[str, ...]
    simulated: bool
    data_sha256: str
    split_digest: str
    shots: int
    lines: tuple[CellResult, ...]
    cells: int
    pairs: tuple[Pair, ...]
    mean: Estimate | None
    scaled: bool


@dataclass(frozen=True)
class Comparison:
    """What a comparison came to: the metric, and one side a data set."""

    metric: str
    sides: tuple[DatasetComparison, ...]


def compare(
    wanted: Sequence[str],
    where: Path | StudyStorage,
    fetch: Callable[[SavedStudy, FinishedTrial], Predictions],
    notify: Callable[[str], None],
    *,
    metric: str | None = None,
    top: int = 10,
) -> Comparison:
    """Compare finished trials across studies and data sets.

    Test never chooses here: cells are ordered by val, of several alphas val takes one, and both networks of a pair are
    scored on the same resamples of the same test shots.

    Args:
        wanted: `NAME@D`, or NAME for its studies of every data set; all studies there where empty.
        where: a folder of journals, or another place.
        fetch: the test predictions of a trial.
        notify: where one-line notices go.
        metric: what to compare by; by default the studies' own objective where they share one, else macro_ap.
        top: how many cells and pairs of a data set are scored on test.

    Raises:
        StudyError: no such study, or studies of one data set that differ in data, split or classes.
        NothingFinishedError: none has a finished trial.
        ConfigError: no such metric.
    """
    if metric is not None and metric not in COMPARABLE:
        raise unknown("metric", metric, COMPARABLE)
    home = as_storage(where)
    kept = [read(home, name) for name in names(home, wanted)]
    if not kept:
        raise StudyError(f"there is no study in {home}; run a sweep first")
    for study in kept:
        if not study.records:
            notify(f"study {study.name} has no finished trial; left out")
    full = [study for study in kept if study.records]
    if not full:
        raise NothingFinishedError("no trial is finished in any of these studies, so there is nothing to compare")
    sides: dict[str, list[SavedStudy]] = {}
    for study in full:
        sides.setdefault(study.dataset, []).append(study)
    for studies in sides.values():
        _refuse_other_data(studies)
    chosen = metric or _shared_objective(full)
    if metric is None and chosen != full[0].sweep.study.metric:
        notify(f"the studies have objectives of several kinds; compared by {chosen} (--metric for another)")
    return Comparison(chosen, tuple(_side(name, studies, chosen, fetch, top) for name, studies in sides.items()))


def _refuse_other_data(studies: Sequence[SavedStudy]) -> None:
    first = studies[0]
    for other in studies[1:]:
        for what, mine, theirs in (
            ("content of the data", first.data_sha256, other.data_sha256),
            ("split", first.split_digest, other.split_digest),
        ):
            if mine != theirs:
                raise StudyError(
                    f"studies {first.name} and {other.name} are not comparable, their test shots differ ({what}: "
                    f"{mine[:12]} and {theirs[:12]}); compare those alone that agree, with --study"
                )


def _shared_objective(studies: Sequence[SavedStudy]) -> str:
    found = {study.sweep.study.metric for study in studies}
    name = found.pop()
    return name if not found and name in COMPARABLE else "macro_ap"


def _side(
    dataset: str,
    studies: Sequence[SavedStudy],
    metric: str,
    fetch: Callable[[SavedStudy, FinishedTrial], Predictions],
    top: int,
) -> DatasetComparison:
    cells: dict[tuple[str, str], list[FinishedTrial]] = {}
    owner = {study.name: study for study in studies}
    for study in studies:
        for record in study.records:
            cells.setdefault((study.name, record.config.cell()), []).append(record)
    sign = 1.0 if METRICS[metric] == "max" else -1.0

    def val(records: Sequence[FinishedTrial]) -> float:
        return float(np.mean([record.scores.get(metric, math.nan) for record in records]))

    def order(item: tuple[tuple[str, str], list[FinishedTrial]]) -> float:
        mean = val(item[1])
        return math.inf if math.isnan(mean) else -sign * mean

    ranked = sorted(cells.items(), key=order)
    scorer = Scorer(metric, lambda name, record: fetch(owner[name], record))
    lines = []
    for (name, _), records in ranked[:top]:
        test = scorer.estimate([(name, record) for record in records])
        runs = tuple(record.run_id for record in records)
        lines.append(CellResult(name, records[0].config, len(records), val(records), test, runs))
    pairs, scaled = [], False
    for on, off in _both(ranked)[:top]:
        pairs.append(_pair(on, off, scorer))
        scaled |= on[0][1].config.input_scaling != off[0][1].config.input_scaling
    return DatasetComparison(
        dataset=dataset,
        studies=tuple(owner),
        simulated=any(study.facts.get("data_source") == "simulated" for study in studies),
        data_sha256=studies[0].data_sha256,
        split_digest=studies[0].split_digest,
        shots=scorer.shots,
        lines=tuple(lines),
        cells=len(cells),
        pairs=tuple(pairs),
        mean=scorer.mean([pair.difference for pair in pairs]) if pairs else None,
        scaled=scaled,
    )


def _both(ranked: Sequence[tuple[tuple[str, str], list[FinishedTrial]]]) -> list[tuple[list[Trained], list[Trained]]]:
    """Networks that were trained with the logarithmic activation and without, best on val first.

    Args:
        ranked: cells of every study, from best to worst on val.

    Returns:
        Trials with it and without, one a seed; those of one cell may come from several studies.
    """
    cells: dict[str, dict[int, Trained]] = {}
    for (name, cell), records in ranked:
        for record in records:
            cells.setdefault(cell, {}).setdefault(record.config.training.seed, (name, record))
    contexts: dict[str, dict[bool, list[Trained]]] = {}
    for by_seed in cells.values():
        trials = [by_seed[seed] for seed in sorted(by_seed)]
        config = trials[0][1].config
        context = config.replace({"log_activation": False}).cell()
        # The ranking runs from best to worst: the first cell with the activation has the alpha that val takes.
        contexts.setdefault(context, {}).setdefault(config.network.log_activation, trials)
    return [(found[True], found[False]) for found in contexts.values() if len(found) == 2]


def _pair(on: list[Trained], off: list[Trained], scorer: Scorer) -> Pair:
    """The difference of two cells over the seeds that both have, else over all that either has."""
    by_seed = [{record.config.training.seed: (name, record) for name, record in trials} for trials in (on, off)]
    common = sorted(set(by_seed[0]) & set(by_seed[1]))
    mine = [by_seed[0][seed] for seed in common or by_seed[0]]
    theirs = [by_seed[1][seed] for seed in common or by_seed[1]]
    network = off[0][1].config.network
    return Pair(
        name=network.title.replace("-plain", ""),
        on=on[0][1].config.network.title,
        off=network.title,
        seeds=len(common),
        difference=scorer.difference(mine, theirs, paired=bool(common)),
    )
