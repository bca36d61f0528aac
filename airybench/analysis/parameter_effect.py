"""What one parameter changes: cells that are equal in all other parameters, compared pair by pair on the test shots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airybench.analysis.cells import pair_weights
from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import combination, difference
from airybench.config import TrialConfig, Value
from airybench.errors import ConfigError, unknown
from airybench.inference.predictions import Predictions
from airybench.sweep.ranking import by_cell
from airybench.sweep.records import FinishedTrial


@dataclass(frozen=True)
class CellPair:
    """Two cells that differ in one parameter.

    Attributes:
        first: a trial of the cell with another value.
        second: a trial of the cell with the reference value.
        value: the parameter's value in the first cell.
        difference: metric of the first cell minus that of the second, on the same test shots.
    """

    first: FinishedTrial
    second: FinishedTrial
    value: Value
    difference: Estimate


@dataclass(frozen=True)
class ParameterEffect:
    """The effect of one parameter on a metric on test.

    Attributes:
        parameter: flat name, such as `log_activation`.
        reference: the value that the others are compared with: off, or the smallest.
        metric: what is compared.
        pairs: one for every cell that has a counterpart with the reference value.
        mean: mean difference over the pairs.
    """

    parameter: str
    reference: Value
    metric: str
    pairs: tuple[CellPair, ...]
    mean: Estimate


def parameter_effect(
    trials: Sequence[FinishedTrial], parameter: str, metric: str, fetch: Callable[[FinishedTrial], Predictions]
) -> ParameterEffect:
    """Compare the cells of one study that differ in one parameter alone.

    Args:
        trials: finished trials of one study.
        parameter: flat name of the parameter.
        metric: metric of the test predictions.
        fetch: test predictions of a trial.

    Raises:
        ConfigError: no such parameter, or no two cells that differ in it alone.
    """
    cells = {group[0].config.cell(): group for group in by_cell(trials)}
    configs = {digest: group[0].config for digest, group in cells.items()}
    names = next(iter(configs.values())).params()
    if parameter not in names:
        raise unknown("parameter", parameter, names)
    couples, reference = _couples(configs, parameter)
    found = {digest: [fetch(trial) for trial in cells[digest]] for couple in couples for digest in couple}
    pool = list(found.values())
    pairs = [
        CellPair(
            first=cells[first][0],
            second=cells[second][0],
            value=configs[first].params()[parameter],
            difference=difference(found[first], found[second], metric, pool=pool),
        )
        for first, second in couples
    ]
    sides = [(weight, found[digest], True) for digest, weight in pair_weights(couples).items()]
    whole = combination(sides, metric, pool=pool)
    return ParameterEffect(parameter, reference, metric, tuple(pairs), whole)


def _couples(configs: dict[str, TrialConfig], parameter: str) -> tuple[list[tuple[str, str]], Value]:
    """Digests of the cells that have a counterpart with the reference value, and that value."""
    varied = {digest: config for digest, config in configs.items() if _counts(config, parameter, configs)}
    values = {config.params()[parameter] for config in varied.values()}
    if len(values) > 1:
        reference = min(values, key=lambda value: (str(value), value) if isinstance(value, str) else ("", value))
        couples = []
        for digest, config in varied.items():
            counterpart = _with(config, parameter, reference)
            if config.params()[parameter] != reference and counterpart in configs:
                couples.append((digest, counterpart))
        if couples:
            return couples, reference
    raise ConfigError(
        f"no two finished cells of this study differ in {parameter} alone; sweep over several values of it first"
    )


def _counts(config: TrialConfig, parameter: str, configs: dict[str, TrialConfig]) -> bool:
    """Whether the parameter has an effect on a cell: with another of its values it would be another cell."""
    values = {other.params()[parameter] for other in configs.values()} - {config.params()[parameter]}
    return any(_with(config, parameter, value) not in (None, config.cell()) for value in values)


def _with(config: TrialConfig, parameter: str, value: Value) -> str | None:
    """Digest of the same cell with another value; None where such a cell cannot be."""
    try:
        return config.replace({parameter: value}).cell()
    except ConfigError:
        return None
