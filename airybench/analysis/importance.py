"""How much of an objective's variance each parameter explains: Optuna's fANOVA over the flat parameters."""

from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator

from airybench.config import SEED, Value

MIN_TRIALS = 12  # with fewer, a forest fits noise
MOST = 200  # trials that the forest is grown on; more take longer and hardly change the shares


def sampled(count: int) -> range:
    """Which of `count` trials the forest is grown on: all of them, or evenly spaced ones where there are many.

    >>> len(sampled(12)), len(sampled(1000))
    (12, 200)
    """
    return range(0, count, max(1, -(-count // MOST)))


def importances(parameters: Mapping[str, Sequence[Value]], values: Sequence[float]) -> dict[str, float]:
    """Shares of variance, largest first.

    The study's own Optuna parameters are conditional (alpha exists only with the log activation, the depth depends on
    the architecture), and fANOVA uses only those that every trial has. Every trial has every flat parameter.

    Args:
        parameters: for each name its value in every trial; at least two names, each with two values or more.
        values: the objective of each trial.

    Returns:
        Shares that sum to 1.

    Source: Hutter, Hoos and Leyton-Brown, ICML 2014.
    """
    rows = sampled(len(values))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    spaces = {name: _distribution([column[row] for row in rows]) for name, column in parameters.items()}
    study.add_trials(
        [
            optuna.create_trial(
                params={name: _plain(parameters[name][row]) for name in spaces},
                distributions=dict(spaces),
                value=values[row],
            )
            for row in rows
        ]
    )
    shares = optuna.importance.get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=SEED))
    return {str(name): float(share) for name, share in shares.items()}


def _plain(value: Value) -> float | str:
    return value if isinstance(value, str) else float(value)


def _distribution(column: Sequence[Value]) -> BaseDistribution:
    if any(isinstance(value, str) for value in column):
        return CategoricalDistribution(sorted({str(value) for value in column}))
    numbers = [float(value) for value in column]
    return FloatDistribution(min(numbers), max(numbers) if max(numbers) > min(numbers) else min(numbers) + 1.0)
