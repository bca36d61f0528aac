"""What differences say: one word for each, once all claims of a report are judged together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from airybench.analysis.estimate import Estimate
from airybench.analysis.number_text import score_text, with_interval
from airybench.config import Direction
from airybench.config.margin import DELTA
from airybench.config.objective import sign

Verdict = Literal["better", "worse", "no difference that matters", "undecided", "first look"]

VERDICTS: tuple[Verdict, ...] = ("better", "worse", "no difference that matters", "undecided", "first look")

ALPHA = 0.05
"""Chance of any false better or worse among all claims that are judged together."""


@dataclass(frozen=True)
class Judgement:
    """A difference among all those of a report.

    Attributes:
        verdict: of the first side.
        p: adjusted by Holm's rule for all claims; NaN where there is no verdict.
        q: the same by Benjamini and Hochberg's rule: the share of false ones to expect among those with as small a q.
    """

    verdict: Verdict
    p: float
    q: float


def judged(
    differences: Sequence[Estimate],
    *,
    delta: float = DELTA,
    direction: Direction = "max",
    chosen_among: Sequence[int] = (),
) -> tuple[Judgement, ...]:
    """Judge claims together.

    Args:
        differences: first side less second.
        delta: largest difference that does not matter.
        direction: whether more or less of the metric is better.
        chosen_among: pairs of candidate cells of each claim, from which its two sides were chosen; each counts as a
            claim of its own. One each when left out.

    >>> clear = Estimate(0.05, 0.03, 0.07, p=0.001, df=20, error=0.01)
    >>> none = Estimate(0.001, -0.003, 0.005, p=0.6, df=20, error=0.002)
    >>> [one.verdict for one in judged([clear, none])]
    ['better', 'no difference that matters']
    """
    p_values = [one.p for one in differences]
    adjusted, rates = holm(p_values, chosen_among), benjamini_hochberg(p_values)
    return tuple(
        Judgement(_verdict(one, p, delta, direction), p, q)
        for one, p, q in zip(differences, adjusted, rates, strict=True)
    )


def _verdict(one: Estimate, p: float, delta: float, direction: Direction) -> Verdict:
    if not one.certain:
        return "first look"
    if math.isnan(p):
        return "undecided"
    if p < ALPHA:
        return "better" if sign(direction) * one.value > 0 else "worse"
    low, high = one.ends(0.90)
    return "no difference that matters" if -delta < low and high < delta else "undecided"


def claim_sentence(one: Estimate, judgement: Judgement | None) -> str:
    """A difference in numbers, the same wherever it is printed.

    Args:
        one: first side less second.
        judgement: of it; None where nothing is judged.

    >>> one = Estimate(0.05, 0.03, 0.07, p=0.001, seeds=(5, 5), shots=1090, runs=4)
    >>> claim_sentence(one, Judgement("better", 0.004, 0.002))
    'difference +0.050 [+0.030 .. +0.070], p 0.004 after Holm, q 0.002 (5 and 5 seeds, 1090 test shots of 4 runs)'
    """
    p = ""
    if judgement is not None and not math.isnan(judgement.p):
        p = f", p {score_text(judgement.p)} after Holm, q {score_text(judgement.q)}"
    return f"difference {with_interval(one.value, one.low, one.high, '+')}{p} ({basis(one)})"


def basis(one: Estimate) -> str:
    """What an estimate rests on.

    >>> basis(Estimate(0.5, seeds=(1,), shots=154)), basis(Estimate(0.1, seeds=(3, 0), shots=154))
    ('1 seed, 154 test shots', '3 seeds against none, 154 test shots')
    """
    first, *others = one.seeds or (0,)
    if 0 in one.seeds and any(one.seeds):
        seeds = f"{first} seeds against none" if first > 1 else f"{first or max(others)} seed against none"
    elif set(one.seeds) == {1} and others:
        seeds = "one seed each"
    elif others:
        seeds = f"{min(one.seeds)} seeds or more a cell" if len(one.seeds) > 2 else f"{first} and {others[0]} seeds"
    else:
        seeds = f"{first} seed{'' if first == 1 else 's'}"
    runs = f" of {one.runs} runs" if one.runs else ""
    return f"{seeds}, {one.shots} test shots{runs}"


def holm(p_values: Sequence[float], counts: Sequence[int] = ()) -> list[float]:
    """P values adjusted for their number by Holm's step-down rule; NaN stays NaN and does not count.

    Args:
        p_values: of the claims.
        counts: how many claims each one counts as; one each when left out.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Source: Holm, Scand. J. Stat. 6, 65 (1979).
    """
    numbers = list(counts) or [1] * len(p_values)
    tested = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    left = sum(numbers[place] for _, place in tested)
    adjusted, highest = [math.nan] * len(p_values), 0.0
    for p, place in tested:
        highest = max(highest, min(1.0, p * left))
        adjusted[place] = highest
        left -= numbers[place]
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """P values as false discovery rates; NaN stays NaN and does not count.

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57, 289 (1995).
    """
    values = np.array(p_values, float)
    tested = np.isfinite(values)
    if tested.any():
        values[tested] = stats.false_discovery_control(values[tested])
    return [float(one) for one in values]
