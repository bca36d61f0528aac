"""What a trial came to."""

from dataclasses import dataclass

from airybench.config import COSTS
from airybench.errors import TrialError
from airybench.training.loop import Trained


@dataclass(frozen=True)
class Outcome:
    """What a trial came to: the objective, scores on val at the best epoch, and facts about the training."""

    value: float
    scores: dict[str, float]
    facts: dict[str, float]
    trained: Trained


def measured(metric: str, scores: dict[str, float], facts: dict[str, float]) -> float:
    """An objective's value, from the scores on val or from what the training cost.

    Raises:
        TrialError: it is undefined.
    """
    found = (facts if metric in COSTS else scores).get(metric)
    if found is None:
        raise TrialError(f"{metric} is undefined on val: no class has both a positive and a negative there")
    return found
