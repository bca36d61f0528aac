"""Choices that the cells of a study are compared by: pairs of cells that differ in one and in nothing else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from airybench.analysis.cells import pair_weights
from airybench.analysis.estimate import Estimate
from airybench.analysis.number_text import score_text, with_interval
from airybench.analysis.verdicts import ALPHA
from airybench.config import TrialConfig, Value

FACTORS: Mapping[str, tuple[str, ...]] = {
    "network": ("arch", "depth", "head_width", "dropout", "batch_norm", "bn_momentum"),
    "activation": ("log_activation", "alpha", "beta", "learn_alpha"),
}
"""Parameters that change together; any other parameter that a study varies stands for itself."""

LossVerdict = Literal["loses less", "loses more", "undecided", "first look"]


@dataclass(frozen=True)
class Choice:
    """One value of a factor against its reference.

    Attributes:
        factor: what is chosen, such as `activation`.
        level: the choice.
        reference: what it is compared with.
        pairs: number of pairs of cells that are equal in all else.
        weights: by cell, so that the weighted sum is the mean difference over the pairs.
    """

    factor: str
    level: str
    reference: str
    pairs: int
    weights: dict[int, float]


@dataclass(frozen=True)
class LossEffect:
    """What one choice costs or saves under changes of the detector, compared between cells equal in all else.

    Attributes:
        choice: what is compared with what.
        difference: mean loss with the choice minus that with the reference; below 0 where the choice loses less.
        changed: the same difference of the mean scores under changes; above 0 where the choice scores more.
        p: of the difference in loss, adjusted by Holm's rule for all comparisons of the study.
    """

    choice: Choice
    difference: Estimate
    changed: Estimate
    p: float

    @property
    def verdict(self) -> LossVerdict:
        """Whether the choice loses less."""
        if not self.difference.certain:
            return "first look"
        if not self.p < ALPHA:
            return "undecided"
        return "loses less" if self.difference.value < 0 else "loses more"

    @property
    def sentence(self) -> str:
        """The comparison with its numbers."""
        loss, changed, choice = self.difference, self.changed, self.choice
        pairs = "one pair of cells" if choice.pairs == 1 else f"{choice.pairs} pairs of cells"
        p = "" if math.isnan(self.p) else f", p {score_text(self.p)} after Holm"
        return (
            f"{choice.factor} {choice.level} against {choice.reference}: mean loss "
            f"{with_interval(loss.value, loss.low, loss.high, '+')}{p}, score under changes "
            f"{with_interval(changed.value, changed.low, changed.high, '+')} ({pairs})"
        )


def comparisons(configs: Sequence[TrialConfig]) -> list[Choice]:
    """Every choice that has a counterpart in cells that are equal in all else.

    Args:
        configs: one configuration per cell.

    >>> plain = TrialConfig().replace({"log_activation": False})
    >>> [(one.factor, one.level, one.reference) for one in comparisons([TrialConfig(), plain])]
    [('activation', 'plain', 'log0.2')]
    """
    grouped = {name: factor for factor, names in FACTORS.items() for name in names}
    params = [_params(config) for config in configs]
    varied = [name for name in params[0] if len({one[name] for one in params}) > 1]
    factors = {grouped.get(name, name): FACTORS.get(grouped.get(name, name), (name,)) for name in varied}
    found = []
    for factor, names in factors.items():
        levels = _levels(factor, configs, names)
        alike: dict[str, dict[str, int]] = {}
        for i, values in enumerate(params):
            rest = {name: value for name, value in values.items() if name not in names}
            alike.setdefault(str(rest), {})[levels[i]] = i
        reference, *others = sorted(set(levels))
        for level in others:
            pairs = [(group[level], group[reference]) for group in alike.values() if {level, reference} <= group.keys()]
            if pairs:
                found.append(Choice(factor, level, reference, len(pairs), pair_weights(pairs)))
    return found


def _params(config: TrialConfig) -> dict[str, Value]:
    """Parameters by name, without the seed and what follows from others."""
    params = {name: value for name, value in config.params().items() if name not in ("seed", "lr")}
    # The configured value, not the one in force: `paper` scales the inputs of the two activations differently.
    return params | {"input_scaling": config.data.input_scaling}


def _levels(factor: str, configs: Sequence[TrialConfig], names: Sequence[str]) -> list[str]:
    """The level of each cell in words; two levels that would read alike are told apart by all their values."""
    values = [tuple(_params(config)[name] for name in names) for config in configs]
    words = [_words(factor, config) for config in configs]
    if len(set(words)) == len(set(values)):
        return words
    return [" ".join(f"{name} {value}" for name, value in zip(names, one, strict=True)) for one in values]


def _words(factor: str, config: TrialConfig) -> str:
    if factor == "network":
        return f"{config.network.arch}{config.network.depth or ''}"
    return config.network.activation if factor == "activation" else str(_params(config)[factor])
