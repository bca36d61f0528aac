"""Metrics of one cell or baseline over several folds, by the keys that they are logged under."""

from collections.abc import Mapping, Sequence

import numpy as np

from airybench.analysis.fold_intervals import fold_of, fold_score
from airybench.config.objective import limits
from airybench.inference.hits import hit_scores
from airybench.inference.predictions import Predictions


def mean_over_folds(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Every metric as its mean over the folds that define it; those of one fold are returned as they are.

    Args:
        folds: metrics of each fold by key. A key of a whole split, such as `test/macro_ap`, gets the ends of its t
            interval over folds as `/low` and `/high`, in place of those that a fold had; one of a class gets none.

    >>> mean_over_folds([{"test/mcc": 0.5}, {"test/mcc": 0.6}, {"test/mcc": 0.7}])["test/mcc"]
    0.6
    """
    if len(folds) == 1:
        return dict(folds[0])
    found: dict[str, float] = {}
    for key in dict.fromkeys(key for one in folds for key in one):
        if key.endswith(("/low", "/high")):
            continue
        values = np.array([one[key] for one in folds if key in one])
        mean = fold_score(values, within=limits(key.rpartition("/")[2]))
        found[key] = mean.value
        if any(f"{key}/low" in one for one in folds) or (key.startswith("test/") and key.count("/") == 1):
            found |= {f"{key}/{end}": value for end, value in (("low", mean.low), ("high", mean.high))}
    return {key: value for key, value in found.items() if np.isfinite(value)}


def scores_on_folds(trainings: Sequence[Predictions]) -> dict[str, float]:
    """Metrics of one cell on the test shots of all folds, as `scores_on_test` names them: means over folds.

    Args:
        trainings: test predictions of its trainings, of one or more seeds on each fold.
    """
    folds: dict[str, list[dict[str, float]]] = {}
    for one in trainings:
        scores = one.scores().flat("test") | {f"test/{name}": value for name, value in hit_scores(one).items()}
        folds.setdefault(fold_of(one), []).append(scores)
    return mean_over_folds([_mean_over_seeds(seeds) for seeds in folds.values()])


def _mean_over_seeds(seeds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([one[key] for one in seeds if key in one])) for key in seeds[0]}
