"""Baselines beside the cells of a study: what a study logs of them, and their rows of the leaderboard."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from airybench.analysis.intervals import RESAMPLED, score
from airybench.config.baseline import LIT_PIXELS, NAMES
from airybench.config.objective import SHOWN
from airybench.inference.hits import HIT_METRICS, hit_scores
from airybench.inference.predictions import Predictions


@dataclass(frozen=True)
class BaselineRow:
    """What is reached without a network, on the shots that cells are ranked by.

    Attributes:
        name: what results call it.
        value: the objective; NaN where it has none.
        low: lower end of the 95 % interval over shots, or runs; NaN where there is none.
        high: upper end.
        scores: metrics on the validation split.
    """

    name: str
    value: float
    low: float
    high: float
    scores: dict[str, float]


def baseline_metrics(name: str, val: Predictions, test: Predictions, metric: str) -> dict[str, float]:
    """The metrics of a baseline as a study logs them, `NAME/val/<metric>` and `NAME/test/<metric>`, and of hit finding.

    Args:
        name: of the baseline.
        val: its predictions on the validation split.
        test: its predictions on the test split.
        metric: the objective, which has the ends of its intervals beside it as `/low` and `/high`.
    """
    logged: dict[str, float] = {}
    for part, found in (("val", val), ("test", test)):
        values = hit_scores(found)
        if name != LIT_PIXELS:  # which knows hits and misses alone: its scores are no averages over the classes
            values |= {key: value for key, value in found.scores().values.items() if key in (*SHOWN, metric)}
        logged |= {f"{name}/{part}/{key}": value for key, value in values.items()}
        if metric in RESAMPLED and name != LIT_PIXELS:
            estimate = score([found], metric, trained=False)
            logged |= {f"{name}/{part}/{metric}/low": estimate.low, f"{name}/{part}/{metric}/high": estimate.high}
    return {key: value for key, value in logged.items() if math.isfinite(value)}


def baseline_rows(logged: Mapping[str, float], metric: str) -> tuple[BaselineRow, ...]:
    """The baselines among the metrics of a study, in the order of NAMES.

    Args:
        logged: metrics of the study's run, see `baseline_metrics`.
        metric: the objective.

    >>> baseline_rows({"majority/val/mcc": 0.0, "majority/val/macro_ap": 0.2}, "macro_ap")[0].value
    0.2
    """
    rows = []
    for name, title in NAMES.items():
        shown = (*SHOWN, metric, *HIT_METRICS)
        scores = {metric: logged[key] for metric in shown if (key := f"{name}/val/{metric}") in logged}
        if scores:
            low, high = (logged.get(f"{name}/val/{metric}/{end}", math.nan) for end in ("low", "high"))
            rows.append(BaselineRow(title, scores.get(metric, math.nan), low, high, scores))
    return tuple(rows)
