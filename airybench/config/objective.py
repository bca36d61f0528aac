"""What a study optimises: a metric, and whether more or less of it is better."""

from math import inf
from typing import Literal, NamedTuple

Direction = Literal["max", "min"]

METRICS: dict[str, Direction] = {
    "macro_ap": "max",
    "macro_f1": "max",
    "micro_f1": "max",
    "accuracy": "max",
    "exact_match": "max",
    "mcc": "max",
    "roc_auc": "max",
    "precision": "max",
    "recall": "max",
    "loss": "min",
}
"""Metrics a study may be ranked by, with their better direction."""

SHOWN = ("macro_ap", "macro_f1", "micro_f1", "exact_match", "accuracy", "mcc", "roc_auc")
"""Metrics that tables show, in their order."""

COSTS: dict[str, Direction] = {"images_per_second": "max", "parameters": "min", "seconds": "min"}
"""What a second objective may be beside a metric: training speed (median of the epochs), size, time of the trial."""


def sign(direction: Direction) -> float:
    """1 where more is better, -1 where less is: times it, the larger value is the better one.

    >>> sorted([0.7, 0.4, 0.9], key=lambda loss: sign("min") * loss)
    [0.9, 0.7, 0.4]
    """
    return 1.0 if direction == "max" else -1.0


def limits(metric: str) -> tuple[float, float]:
    """What a metric can be at all: its least and its greatest value.

    >>> limits("macro_ap"), limits("mcc"), limits("loss")
    ((0.0, 1.0), (-1.0, 1.0), (0.0, inf))
    """
    if metric in ("loss", "classes_scored"):
        return 0.0, inf
    return (-1.0 if metric == "mcc" else 0.0), 1.0


def axis_ends(metric: str) -> tuple[float, float] | None:
    """Where the axis of a metric ends in every figure, so that figures compare; None where it has no greatest value.

    >>> axis_ends("macro_ap"), axis_ends("loss"), axis_ends("seconds")
    ((0.0, 1.0), None, None)
    """
    return limits(metric) if metric in METRICS and limits(metric)[1] < inf else None


class Objective(NamedTuple):
    """A metric and its better direction.

    Attributes:
        metric: its name without prefix, such as `macro_ap`.
        direction: `max` or `min`.
    """

    metric: str
    direction: Direction

    @classmethod
    def of(cls, metric: str) -> "Objective":
        """A metric in its own direction.

        >>> Objective.of("loss")
        Objective(metric='loss', direction='min')
        """
        return cls(metric, {**METRICS, **COSTS}[metric])

    @property
    def sign(self) -> float:
        """1 where more is better, -1 where less is."""
        return sign(self.direction)

    def better(self, value: float, other: float) -> bool:
        """Whether a value is better than another one.

        >>> Objective.of("loss").better(0.2, 0.3)
        True
        """
        return self.sign * value > self.sign * other

    def __str__(self) -> str:
        """As the option `--objective` takes it, such as `macro_ap:max`."""
        return f"{self.metric}:{self.direction}"


RANKING = Objective("macro_ap", "max")
"""What ranks cells and chooses epochs unless a study says otherwise."""
