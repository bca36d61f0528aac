"""What a model loses when the detector changes: scores with intervals, paired losses, the worst change, the remedy."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from airybench.analysis.estimate import Estimate, Side, combined
from airybench.analysis.intervals import RESAMPLED, difference, resampled, score
from airybench.analysis.number_text import with_interval
from airybench.config import SEED
from airybench.inference.predictions import Predictions
from airybench.inference.stress import ALL_CHANGES, CHANGES, METRIC, mean_over_changes

if TYPE_CHECKING:
    import pandas as pd

OTHER_RUNS = "other-runs"
"""Row of shots of runs without training shots: other shots, so that their loss is not paired."""


@dataclass(frozen=True)
class StressScore:
    """One change in one strength.

    Attributes:
        change: its name.
        strength: in its unit.
        unit: of the strength.
        score: with its interval over shots.
        loss: score of the unchanged shots minus this one, on the same resamples; above 0 where the change does harm.
        metrics: every metric that is defined.
    """

    change: str
    strength: float
    unit: str
    score: Estimate
    loss: Estimate
    metrics: dict[str, float]


@dataclass(frozen=True)
class Robustness:
    """A model under changes of the detector.

    Attributes:
        metric: that is scored.
        rows: every change in every strength.
        other_runs: the same for shots of runs that were not in training, or why there is none.
        seed: of the random numbers of the changes.
    """

    metric: str
    rows: tuple[StressScore, ...]
    other_runs: StressScore | str
    seed: int = field(default=SEED)

    @property
    def all_rows(self) -> tuple[StressScore, ...]:
        """The rows, and that of other runs where there is one."""
        return self.rows if isinstance(self.other_runs, str) else (*self.rows, self.other_runs)

    @property
    def worst(self) -> StressScore | None:
        """The largest loss whose interval is above zero; None where no change does certain harm."""
        certain = [row for row in self.rows if row.strength and row.loss.low > 0]
        return max(certain, key=lambda row: row.loss.value, default=None)

    @property
    def advice(self) -> str:
        """What to do about the worst, in one line."""
        worst = self.worst
        if worst is None:
            return "No change of the detector costs more than chance would."
        cost = with_interval(worst.loss.value, worst.loss.low, worst.loss.high)
        return (
            f"Worst: {worst.change} {worst.strength:g} {worst.unit} costs {cost} {self.metric}; "
            f"{ALL_CHANGES[worst.change].remedy}."
        )

    def flat(self) -> dict[str, float]:
        """All numbers by the keys under which they are logged, such as `stress/offset/100/macro_ap`."""
        found: dict[str, float] = {}
        for row in self.all_rows:
            key = f"stress/{row.change}/{row.strength:g}"
            found |= {f"{key}/{name}": value for name, value in row.metrics.items()}
            found |= {f"{key}/{self.metric}/low": row.score.low, f"{key}/{self.metric}/high": row.score.high}
            found |= {f"{key}/loss": row.loss.value, f"{key}/loss/low": row.loss.low, f"{key}/loss/high": row.loss.high}
        found |= {f"stress/mean/{name}": value for name, value in self._means().items()}
        return {key: value for key, value in found.items() if math.isfinite(value)}

    def _means(self) -> dict[str, float]:
        """Score and loss over all changes of counts, as every trial of `sweep --stress` logs them."""
        changed = [row for row in self.rows if row.strength and row.change in CHANGES]
        if not changed:
            return {}
        scores: dict[str, dict[float, float]] = {}
        losses: dict[str, dict[float, float]] = {}
        for row in changed:
            scores.setdefault(row.change, {})[row.strength] = row.score.value
            losses.setdefault(row.change, {})[row.strength] = row.loss.value
        return {self.metric: mean_over_changes(scores), "loss": mean_over_changes(losses)}

    def to_json(self) -> dict[str, Any]:
        """All numbers as JSON can hold them, null for what is undefined."""
        others = self.other_runs if isinstance(self.other_runs, str) else _as_data(self.other_runs)
        return {
            "metric": self.metric,
            "seed": self.seed,
            "changes": [_as_data(row) for row in self.rows],
            "other_runs": others,
            "advice": self.advice,
        }

    def to_pandas(self) -> "pd.DataFrame":
        """The content of `to_csv` as a table."""
        import pandas as pd

        return pd.read_csv(io.StringIO(self.to_csv()))

    def to_csv(self) -> str:
        """One line for each change and strength; an undefined number is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["change", "strength", "unit", "score", "low", "high", "loss", "loss_low", "loss_high"])
        for row in self.all_rows:
            numbers = (row.score.value, row.score.low, row.score.high, row.loss.value, row.loss.low, row.loss.high)
            fields = [f"{number:.6f}" if math.isfinite(number) else "" for number in numbers]
            writer.writerow([row.change, f"{row.strength:g}", row.unit, *fields])
        return text.getvalue()


def robustness(
    stressed: Mapping[str, Mapping[float, Predictions]],
    clean: Predictions,
    thresholds: Tensor | None = None,
    other_runs: NDArray[np.bool_] | str = "",
) -> Robustness:
    """Score predictions under changes of the detector.

    Args:
        stressed: predictions by change and strength.
        clean: of the same shots as they are.
        thresholds: logit above which each class is assigned, shape (C,); 0 when left out.
        other_runs: which shots are of runs that were not in training, shape (N,), or why that cannot be asked.
    """
    plain = _shifted(clean, thresholds)
    rows = [
        _row(name, strength, ALL_CHANGES[name].unit, plain if found is clean else _shifted(found, thresholds), plain)
        for name, by_strength in stressed.items()
        for strength, found in by_strength.items()
    ]
    others = other_runs if isinstance(other_runs, str) else _other_runs(plain, other_runs)
    return Robustness(METRIC, tuple(rows), others)


def runs_not_trained_on(
    groups: NDArray[np.integer[Any]], rows: NDArray[np.int64], train: NDArray[np.int64]
) -> NDArray[np.bool_] | str:
    """Which of the evaluated shots belong to runs without a training shot, or why that cannot be asked.

    Args:
        groups: run or file of every shot of the store, shape (M,).
        rows: the shots that are evaluated, shape (N,).
        train: the training shots.

    >>> runs_not_trained_on(np.array([0, 0, 1, 2]), np.array([1, 3]), np.array([0, 2])).tolist()
    [False, True]
    """
    if len(np.unique(groups)) < 2:
        return "Other runs: the data do not say which shots belong to which run."
    other = ~np.isin(groups[rows], groups[train])
    if not other.any():
        return "Other runs: every run has training shots; train with --split-by group to see what another run costs."
    if other.all():
        return "Other runs: no run of these shots has training shots, so the scores are those of other runs."
    return other


def _other_runs(plain: Predictions, other: NDArray[np.bool_]) -> StressScore:
    """Shots of other runs against those of runs with training shots: two samples, each with its own resamples."""
    theirs, ours = (plain.select(kept) for kept in (other, ~other))
    values = [resampled([part], METRIC, seed=seed) for part, seed in ((ours, SEED + 1), (theirs, SEED))]
    sample = min(ours.sample, theirs.sample, key=lambda one: one.freedom)
    loss = combined([Side(1.0, values[0] - values[1], trained=False)], (), sample)
    return StressScore(OTHER_RUNS, 1, f"({len(theirs)} shots)", _score(theirs), loss, _metrics(theirs))


def _row(name: str, strength: float, unit: str, found: Predictions, clean: Predictions) -> StressScore:
    loss = difference([clean], [found], METRIC, trained=(False, False))  # one network, so that no seed is between them
    return StressScore(name, strength, unit, _score(found), loss, _metrics(found))


def _score(found: Predictions) -> Estimate:
    return score([found], METRIC, trained=False)


def _metrics(found: Predictions) -> dict[str, float]:
    values = found.scores().values
    return {name: values[name] for name in RESAMPLED if math.isfinite(values.get(name, math.nan))}


def _shifted(found: Predictions, thresholds: Tensor | None) -> Predictions:
    """Predictions whose classes are assigned above 0."""
    if thresholds is None:
        return found
    logits: Any = found.logits.astype(np.float64) - thresholds.double().numpy()
    return replace(found, logits=logits)


def _as_data(row: StressScore) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    content = asdict(replace(row, score=Estimate(0, 0, 0), loss=Estimate(0, 0, 0)))
    for name in ("score", "loss"):
        one = getattr(row, name)
        content[name] = {"value": number(one.value), "low": number(one.low), "high": number(one.high)}
    return content
