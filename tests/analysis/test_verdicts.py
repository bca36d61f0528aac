"""Verdicts against statsmodels' adjustments, and each word in the case that it stands for."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from airybench.analysis.estimate import Estimate
from airybench.analysis.verdicts import basis, benjamini_hochberg, holm, judged
from airybench.config.margin import margin
from airybench.errors import ConfigError

P = [0.001, 0.2, 0.03, 0.012, 0.6, 0.04]


def estimate(value: float, error: float, p: float, *, certain: bool = True) -> Estimate:
    return Estimate(value, value - 2 * error, value + 2 * error, p, 50, error, certain)


def test_adjustments_are_those_of_statsmodels() -> None:
    np.testing.assert_allclose(holm(P), multipletests(P, method="holm")[1])
    np.testing.assert_allclose(benjamini_hochberg(P), multipletests(P, method="fdr_bh")[1])
    missing = [*P[:2], math.nan, *P[2:]]
    np.testing.assert_allclose(np.delete(holm(missing), 2), holm(P))
    np.testing.assert_allclose(np.delete(benjamini_hochberg(missing), 2), benjamini_hochberg(P))
    assert (holm([]), benjamini_hochberg([])) == ([], [])
    assert math.isnan(benjamini_hochberg([math.nan])[0])


def test_a_claim_chosen_among_several_counts_as_so_many() -> None:
    counts = [1, 3, 1, 2, 1, 1]
    repeated = [p for p, count in zip(P, counts, strict=True) for _ in range(count)]
    expected = dict(zip(repeated, multipletests(repeated, method="holm")[1], strict=True))
    found = holm(P, counts)
    # Equal p values of one claim: its first step is the one that decides.
    assert found[1] == pytest.approx(expected[0.2])
    assert found == pytest.approx([max(expected[p] for p in [one]) for one in P])


def test_each_word() -> None:
    cases = {
        "better": estimate(0.06, 0.01, 0.0001),
        "worse": estimate(-0.06, 0.01, 0.0001),
        "no difference that matters": estimate(0.002, 0.005, 0.7),
        "undecided": estimate(0.02, 0.02, 0.3),
        "first look": estimate(0.2, 0.01, math.nan, certain=False),
    }
    found = judged(list(cases.values()))
    assert [one.verdict for one in found] == list(cases)
    assert [one.verdict for one in judged(list(cases.values()), direction="min")][:2] == ["worse", "better"]
    assert judged([cases["no difference that matters"]], delta=0.005)[0].verdict == "undecided"
    assert judged([estimate(math.nan, math.nan, math.nan)])[0].verdict == "undecided"


def test_many_claims_need_more_evidence_each() -> None:
    one = estimate(0.03, 0.012, 0.015)
    assert judged([one])[0].verdict == "better"
    assert judged([one] + [estimate(0.02, 0.03, 0.5)] * 9)[0].verdict == "undecided"
    assert judged([one], chosen_among=[8])[0].verdict == "undecided"


def test_a_true_small_difference_can_be_better_and_small() -> None:
    assert judged([estimate(0.01, 0.001, 1e-9)])[0].verdict == "better"


@pytest.mark.parametrize("delta", [0, -0.1, 1, math.nan])
def test_a_margin_is_a_number_between_0_and_1(delta: float) -> None:
    assert margin(None) == 0.02
    assert margin(0.05) == 0.05
    with pytest.raises(ConfigError, match="delta is"):
        margin(delta)


def test_the_basis_is_said() -> None:
    assert basis(Estimate(0.1, seeds=(5, 5), shots=20)) == "5 and 5 seeds, 20 test shots"
    assert basis(Estimate(0.1, seeds=(1, 1, 1), shots=20)) == "one seed each, 20 test shots"
    assert basis(Estimate(0.1, seeds=(5, 3, 4), shots=20, runs=4)) == "3 seeds or more a cell, 20 test shots of 4 runs"
