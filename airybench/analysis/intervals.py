"""How good a cell is and how much two cells differ: one estimator over seeds and test shots, or whole runs."""

import math
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.analysis.estimate import Estimate, Shares, Side, bounded, combined
from airybench.analysis.exact_match import exact_p
from airybench.analysis.fold_intervals import FoldSpread, fold_combination, fold_of, fold_score, fold_table, on_folds
from airybench.config import METRICS, SEED
from airybench.data.store.ids import same_ids
from airybench.errors import StudyError, unknown
from airybench.inference.bootstrap import weighted_classes, weighted_scores
from airybench.inference.predictions import Predictions

RESAMPLED = tuple(metric for metric in METRICS if metric != "loss")
"""Metrics that have an interval over shots."""

MACRO = ("macro_ap", "roc_auc", "macro_f1", "precision", "recall")
"""Metrics that are averages over the classes."""

FEWEST_POSITIVES = 5
"""Classes with fewer positive shots stay out of the averages that differences are taken of."""

Cell = Sequence[Predictions]
"""Predictions of the same shots, one per seed."""

_scores_of: WeakKeyDictionary[Predictions, dict[tuple[int | None, bool], dict[str, Tensor]]] = WeakKeyDictionary()
"""Every metric in every resample, by predictions and way of averaging: a cell is often compared more than once."""

_with_runs_of: WeakKeyDictionary[Predictions, Predictions] = WeakKeyDictionary()
"""Predictions with the runs that were not kept with them, made once so that their resamples are."""


def compared_metric(objective: str, wanted: str | None = None) -> str:
    """The metric that cells are compared by on test: the one wanted, else the objective if it has an interval.

    Args:
        objective: the first objective of the study.
        wanted: what the user asks for, if anything.

    Raises:
        ConfigError: no such metric, or one without an interval over shots.

    >>> compared_metric("macro_f1"), compared_metric("loss"), compared_metric("loss", "mcc")
    ('macro_f1', 'macro_ap', 'mcc')
    """
    if wanted is not None and wanted not in RESAMPLED:
        raise unknown("metric", wanted, RESAMPLED)
    return wanted or (objective if objective in RESAMPLED else "macro_ap")


def score(cell: Cell, metric: str, *, pool: Sequence[Cell] = (), trained: bool = True, seed: int = SEED) -> Estimate:
    """A metric of one cell with its interval, which is never outside what the metric can be.

    Args:
        cell: predictions of the same shots, one per seed.
        metric: one of those of `weighted_scores`.
        pool: the cells of the study, whose seeds say how far trainings lie apart where this one has fewer than three.
        trained: whether the score would come out otherwise with another seed.
        seed: seed of the resamples; the same one draws the same shots for every cell.

    Raises:
        StudyError: the seeds were not scored on the same shots, or a logit is not a number.

    >>> labels = np.array([[1], [0], [1], [0]], np.uint8)
    >>> logits = np.array([[2.0], [-1.0], [0.5], [0.3]], np.float32)
    >>> one = Predictions(np.arange(4), logits, labels, ("Round",), "multilabel")
    >>> score([one], "accuracy").value
    0.75
    """
    if on_folds(cell):
        return bounded(_counted(fold_score(_on_each_fold([cell], metric)[0]), [cell]), metric)
    values, pooled = resampled(cell, metric, seed=seed), [resampled(one, metric, seed=seed) for one in pool]
    return bounded(combined([Side(1.0, values, trained)], pooled, cell[0].sample), metric)


def difference(
    first: Cell,
    second: Cell,
    metric: str,
    *,
    pool: Sequence[Cell] = (),
    trained: tuple[bool, bool] = (True, True),
    seed: int = SEED,
) -> Estimate:
    """How much larger a metric is for the first cell than for the second, on the same resamples of the same shots.

    Seeds are not paired. Macro averages are over the classes with FEWEST_POSITIVES positive shots or more, in each fold
    for itself; a fold without such a class is left out. Where no class has so many, they are over all of them, and
    there is no verdict.

    Args:
        first: predictions of one cell, one per seed.
        second: of the other cell, for the same shots.
        metric: one of those of `weighted_scores`.
        pool: the cells of the study, as for `score`.
        trained: whether each side would come out otherwise with another seed; what is fitted once would not.
        seed: seed of the resamples.

    Raises:
        StudyError: the two were not scored on the same shots, labels and classes, or a logit is not a number.
    """
    return combination([(1.0, first, trained[0]), (-1.0, second, trained[1])], metric, pool=pool, seed=seed)


def combination(
    sides: Sequence[tuple[float, Cell, bool]], metric: str, *, pool: Sequence[Cell] = (), seed: int = SEED
) -> Estimate:
    """A weighted sum of a metric over cells, such as the mean of several differences; see `difference`.

    The p of a difference in exact matches is no smaller than that of the exact test, see `exact_p`.

    Args:
        sides: weight and predictions of each cell, and whether it was trained.
        metric: one of those of `weighted_scores`.
        pool: the cells of the study.
        seed: seed of the resamples.

    Raises:
        StudyError: as `difference`.
    """
    if all(on_folds(cell) for _, cell, _ in sides):
        return _over_folds(sides, metric, pool)
    for _, cell, _ in sides[1:]:
        check_same_shots(sides[0][1][0], cell[0], "the two cells")
    cells = _same_runs([*(cell for _, cell, _ in sides), *pool])
    drawn = [resampled(cell, metric, frequent=True, seed=seed) for cell in cells]
    values = [Side(weight, one, own) for (weight, _, own), one in zip(sides, drawn[: len(sides)], strict=True)]
    found = combined(values, drawn[len(sides) :], cells[0][0].sample)
    found = _exactly(found, [(weight, cell) for (weight, *_), cell in zip(sides, cells, strict=False)], metric)
    return found if _has_frequent(cells[0][0], metric) else replace(found, certain=False, p=math.nan)


def resampled(cell: Cell, metric: str, *, frequent: bool = False, seed: int = SEED) -> Tensor:
    """The metric of each seed on the shots themselves, then in every resample of them: shape (S, 1 + RESAMPLES).

    Args:
        cell: predictions of the same shots, one per seed.
        metric: one of those of `weighted_scores`.
        frequent: leave classes with fewer than FEWEST_POSITIVES positive shots out of macro averages.
        seed: of the resamples.

    Raises:
        StudyError: the seeds were not scored on the same shots, or a logit is not a number.
    """
    for other in cell[1:]:
        check_same_shots(cell[0], other, "the trainings of one cell")
    return torch.stack([_resampled(one, seed, frequent=frequent)[metric] for one in cell])


def rare_classes(cell: Cell) -> tuple[str, ...]:
    """Classes that are scored and have fewer than FEWEST_POSITIVES positive shots, in one fold or more."""
    rare = {
        name
        for one in {fold_of(one): one for one in cell}.values()
        for name, enough in zip(one.class_names, _frequent(one).tolist(), strict=True)
        if not enough and name not in one.unscored
    }
    return tuple(name for name in cell[0].class_names if name in rare)


def check_same_shots(first: Predictions, second: Predictions, names: str) -> None:
    """Make sure that two predictions are of the same shots, labels, runs and classes.

    Args:
        first: some predictions.
        second: others.
        names: what the message calls the two.

    Raises:
        StudyError: saying in what they differ.
    """
    if first.class_names != second.class_names:
        what = f"classes differ ({', '.join(first.class_names)} against {', '.join(second.class_names)})"
    elif first.label_kind != second.label_kind:
        what = f"kinds of labels differ ({first.label_kind} against {second.label_kind})"
    elif not same_ids(first.ids, second.ids):
        what = f"test shots differ ({len(first.ids)} against {len(second.ids)})"
    elif not np.array_equal(first.labels, second.labels):
        what = "labels differ"
    elif first.groups is not None and second.groups is not None and not np.array_equal(first.groups, second.groups):
        what = "runs differ"
    elif _differ(first.store_sha256, second.store_sha256):
        what = f"stores differ (content {first.store_sha256[:12]} against {second.store_sha256[:12]})"
    elif _differ(first.split_digest, second.split_digest):
        what = f"splits differ (digest {first.split_digest[:12]} against {second.split_digest[:12]})"
    else:
        return
    raise StudyError(f"{names} are not comparable, their {what}; compare only what shares data, count and split seed")


def _differ(first: str, second: str) -> bool:
    """Whether two facts are known and differ; what older versions wrote does not say."""
    return bool(first and second and first != second)


def _same_runs(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells, of the same shots, with the runs that one of them knows: all draw the same resamples."""
    known = next((one.groups for cell in cells for one in cell if one.groups is not None), None)
    if known is None:
        return list(cells)
    return [[_with_runs(one, known) if one.groups is None else one for one in cell] for cell in cells]


def _with_runs(predictions: Predictions, groups: NDArray[np.int32]) -> Predictions:
    if predictions not in _with_runs_of:
        _with_runs_of[predictions] = replace(predictions, groups=groups)
    return _with_runs_of[predictions]


def _frequent(predictions: Predictions) -> Tensor:
    return torch.from_numpy(predictions.labels.sum(axis=0, dtype=np.int64) >= FEWEST_POSITIVES)


def _has_frequent(predictions: Predictions, metric: str) -> bool:
    """Whether a metric is no average over classes, or some class has enough positive shots for a difference."""
    return metric not in MACRO or bool(_frequent(predictions).any())


def _exactly(found: Estimate, sides: Sequence[tuple[float, Cell]], metric: str) -> Estimate:
    """A difference in exact matches with a p no smaller than the exact one; any other as it is.

    Student's t takes the few shots on which the sides differ for a normal sample.
    """
    if metric != "exact_match" or math.isnan(found.p):
        return found
    return replace(found, p=max(found.p, exact_p(sides)))


def _over_folds(sides: Sequence[tuple[float, Cell, bool]], metric: str, pool: Sequence[Cell]) -> Estimate:
    """A weighted sum of cells on several folds."""
    own = [cell for _, cell, _ in sides]
    first = {fold_of(one): one for one in own[0]}
    for cell in [*own[1:], *pool]:
        for one in cell:
            check_same_shots(first.get(fold_of(one), one), one, "two cells on one fold")
    judged = any(_has_frequent(one, metric) for one in own[0])
    table = _on_each_fold([*own, *pool], metric, frequent=judged)
    table = table[:, np.isfinite(table).any(axis=0)]
    spread = FoldSpread.of(table[len(sides) :] if pool else table)
    found = fold_combination([(weight, row) for (weight, _, _), row in zip(sides, table, strict=False)], spread)
    found = _exactly(_counted(found, own), [(weight, cell) for weight, cell, _ in sides], metric)
    enough = judged and np.isfinite(table[: len(sides)]).all(axis=0).sum() > 2
    return found if enough else replace(found, certain=False, p=math.nan)


def _counted(found: Estimate, cells: Sequence[Cell]) -> Estimate:
    """An estimate over folds with what it rests on; three folds or more allow a verdict."""
    folds = {fold_of(one): len(one) for one in cells[0]}
    counts, parts = tuple(len(cell) for cell in cells), Shares(seeds=1.0 if found.error > 0 else 0.0)
    return replace(found, seeds=counts, shots=sum(folds.values()), certain=len(folds) > 2, parts=parts)


def _on_each_fold(cells: Sequence[Cell], metric: str, *, frequent: bool = False) -> NDArray[np.float64]:
    """The metric of every cell on every fold, shape (K, k); NaN on one that has no class with enough positive shots."""

    def value(one: Predictions) -> float:
        kept = not frequent or _has_frequent(one, metric)
        return float(_resampled(one, None, frequent=frequent)[metric][0]) if kept else math.nan

    return fold_table(cells, [[value(one) for one in cell] for cell in cells])


def _resampled(predictions: Predictions, seed: int | None, *, frequent: bool) -> dict[str, Tensor]:
    """Every metric on the shots themselves, then in every resample of a seed, where there is one."""
    known = _scores_of.setdefault(predictions, {})
    if (seed, frequent) not in known:
        wrong = predictions.ids[np.isnan(predictions.logits).any(axis=1)]
        if len(wrong):
            raise StudyError(
                f"{len(wrong)} of {len(predictions)} shots have logits that are not numbers, such as id {wrong[0]}; "
                "predict or train again"
            )
        shots = len(predictions)
        drawn = [] if seed is None else [predictions.resamples(seed)]
        weights = torch.cat([torch.ones(1, shots, dtype=torch.uint8), *drawn])
        logits, labels = torch.from_numpy(predictions.logits), torch.from_numpy(predictions.labels)
        kind = predictions.label_kind
        classes = weighted_classes(logits, labels, kind, weights)
        known[seed, False] = weighted_scores(logits, labels, kind, weights, classes)
        kept = _frequent(predictions)
        known[seed, True] = known[seed, False]
        if kept.any() and not kept.all():
            known[seed, True] = weighted_scores(logits, labels, kind, weights, classes, kept)
    return known[seed, frequent]
