"""Baselines beside the cells of a study: those that were given the same shots, and how they score on test."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import score
from airybench.config import TrialConfig, Value
from airybench.config.baseline import TITLES
from airybench.inference.predictions import Predictions
from airybench.provenance import Provenance
from airybench.report.scored import ScoredCell
from airybench.tracking.find import baselines
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking

GIVEN = ("image_size", "antialias", "noise", "noise_seed", "fraction")
"""Parameters that say whether a baseline was given the same shots as a network."""


@dataclass(frozen=True)
class ScoredBaseline:
    """One baseline on the shots of some cells.

    Attributes:
        key: a key of TITLES.
        params: the parameters of GIVEN in which the cells of the study differ.
        test: the metric on test.
        cells: places of the cells that were given the same shots, best first.
        predictions: of the test shots; None where the study itself fitted it and kept its scores alone.
    """

    key: str
    params: dict[str, Value]
    test: Estimate
    cells: tuple[int, ...]
    predictions: Predictions | None = None

    @property
    def name(self) -> str:
        """What results call it."""
        return TITLES[self.key]


def scored_baselines(
    cells: Sequence[ScoredCell],
    base: TrialConfig,
    metric: str,
    where: tuple[Tracking, Provenance],
    logged: Mapping[str, float],
) -> list[ScoredBaseline]:
    """The latest baselines on the very shots of the cells; those that the study logged, where there are no others.

    Args:
        cells: of a study, best first.
        base: configuration of the study, whose shots its own baselines were given.
        metric: that is scored.
        where: where runs are, and what the data of the study are.
        logged: metrics of the study's run.

    Raises:
        AirybenchError: the predictions of a baseline are gone, or are of other shots.
    """
    tracking, data = where
    contexts: dict[tuple[Value, ...], list[int]] = {}
    for place, cell in enumerate(cells):
        contexts.setdefault(_given(cell.config), []).append(place)
    varied = [i for i in range(len(GIVEN)) if len({context[i] for context in contexts}) > 1]
    found = []
    for key in TITLES:
        runs = baselines(tracking, key, data)
        for context, places in contexts.items():
            params = {GIVEN[i]: context[i] for i in varied if GIVEN[i] != "noise_seed"}
            wanted = dict(zip(GIVEN, map(str, context), strict=True))
            run_id = next((one for one, known in runs if wanted.items() <= known.items()), None)
            if run_id is not None:
                kept = predictions(Run(tracking, run_id), "test")
                test = score([kept], metric, trained=False)
                found.append(ScoredBaseline(key, params, test, tuple(places), kept))
            elif context == _given(base) and f"{key}/test/{metric}" in logged:
                name = f"{key}/test/{metric}"
                low, high = (logged.get(f"{name}/{end}", math.nan) for end in ("low", "high"))
                found.append(ScoredBaseline(key, params, Estimate(logged[name], low, high), tuple(places)))
    return found


def logged_scores(logged: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """What a study logged of each baseline, by its name: `val/<metric>`, `test/<metric>`, and the ends of intervals.

    >>> logged_scores({"majority/test/macro_ap": 0.2, "best/macro_ap": 0.9})
    {'majority': {'test/macro_ap': 0.2}}
    """
    found = {
        title: {key.removeprefix(f"{name}/"): value for key, value in logged.items() if key.startswith(f"{name}/")}
        for name, title in TITLES.items()
    }
    return {title: scores for title, scores in found.items() if scores}


def _given(config: TrialConfig) -> tuple[Value, ...]:
    params = config.params()
    return tuple(params[name] for name in GIVEN)
