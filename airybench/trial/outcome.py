"""The result of a trial."""

from dataclasses import dataclass

from airybench.config import COSTS
from airybench.errors import TrialError


@dataclass(frozen=True)
class Outcome:
    """The result of a trial.

    Attributes:
        value: the objective.
        scores: metrics on val at the best epoch, by name.
        facts: what the training cost, such as `seconds` and `parameters`, and where its best epoch was.
    """

    value: float
    scores: dict[str, float]
    facts: dict[str, float]


def measured(metric: str, scores: dict[str, float], facts: dict[str, float]) -> float:
    """The value of an objective, from the scores on val or from what the training cost.

    >>> measured("seconds", {"macro_ap": 0.8}, {"seconds": 12.0})
    12.0

    Raises:
        TrialError: it is undefined.
    """
    value = (facts if metric in COSTS else scores).get(metric)
    if value is None:
        raise TrialError(f"{metric} is undefined on val: no class has both a positive and a negative there")
    return value
