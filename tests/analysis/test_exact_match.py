"""The exact test against SciPy's binomial test and all sign changes one by one."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest

from airybench.analysis.exact_match import exact_p
from airybench.analysis.intervals import difference
from airybench.inference.predictions import Predictions

SHOTS = 12


def trained(right: np.ndarray, groups: np.ndarray | None = None) -> Predictions:
    """Predictions of two classes that are right for some shots, and half right for the others."""
    labels = np.tile(np.array([[1, 0]], np.uint8), (len(right), 1))
    logits = np.where(labels > 0, 1.0, -1.0).astype(np.float32)
    logits[~right, 1] = 1
    return Predictions(np.arange(len(right)), logits, labels, ("Round", "Bent"), "multilabel", groups)


def drawn(seeds: int, share: float, seed: int, shots: int = SHOTS) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).random((seeds, shots)) < share)


@pytest.mark.parametrize("seed", range(6))
def test_of_one_training_a_side_it_is_mcnemars(seed: int) -> None:
    (first,), (second,) = drawn(1, 0.7, seed, 200), drawn(1, 0.55, seed + 100, 200)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    expected = binomtest(only_first, only_first + only_second).pvalue
    found = exact_p([(1.0, [trained(first)]), (-1.0, [trained(second)])])
    assert found == pytest.approx(expected, rel=1e-9)
    assert exact_p([(-1.0, [trained(first)]), (1.0, [trained(second)])]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("runs", [0, 4])
def test_of_several_it_counts_all_sign_changes(seed: int, runs: int) -> None:
    first, second = drawn(3, 0.8, seed), drawn(2, 0.6, seed + 10)
    groups = np.arange(SHOTS, dtype=np.int32) % runs + 5 if runs else None
    steps = np.mean(first, axis=0) - np.mean(second, axis=0)
    if runs:
        steps = np.array([steps[groups == run].sum() for run in range(5, 5 + runs)])
    sums = [abs(sum(sign * step for sign, step in zip(signs, steps, strict=True)))
            for signs in product((1, -1), repeat=len(steps))]  # fmt: skip
    expected = np.mean([one >= abs(steps.sum()) - 1e-9 for one in sums])
    cells = [[trained(one, groups) for one in side] for side in (first, second)]
    assert exact_p([(1.0, cells[0]), (-1.0, cells[1])]) == pytest.approx(expected, abs=1e-12)
    halves = [(0.5, cells[0]), (-0.5, cells[1]), (0.5, cells[0]), (-0.5, cells[1])]
    assert exact_p(halves) == pytest.approx(expected, abs=1e-12), "the mean of a pair with itself"


def test_over_folds_it_is_mcnemars_of_all_their_shots() -> None:
    first, second = drawn(3, 0.8, 1, 30), drawn(3, 0.6, 2, 30)
    cells = [
        [replace(trained(one), ids=np.arange(30) + 30 * fold) for fold, one in enumerate(side)]
        for side in (first, second)
    ]
    only_first, only_second = (
        int((np.concatenate(one) & ~np.concatenate(other)).sum()) for one, other in ((first, second), (second, first))
    )
    expected = binomtest(only_first, only_first + only_second).pvalue
    assert exact_p([(1.0, cells[0]), (-1.0, cells[1])]) == pytest.approx(expected, rel=1e-9)
    assert difference(cells[0], cells[1], "exact_match").p >= expected
    two = exact_p([(1.0, cells[0][:2]), (-1.0, cells[1][:2])])
    assert exact_p([(1.0, cells[0]), (-1.0, cells[1][:2])]) == two, "a fold that one side lacks does not count"


def test_sides_that_are_right_together_are_not_told_apart() -> None:
    one = drawn(1, 0.5, 0)[0]
    assert exact_p([(1.0, [trained(one)]), (-1.0, [trained(one)])]) == 1


def test_many_shots_and_seeds_take_a_moment() -> None:
    first, second = drawn(7, 0.6, 0, 5000), drawn(6, 0.5, 1, 5000)
    p = exact_p([(1.0, [trained(one) for one in first]), (-1.0, [trained(one) for one in second])])
    assert 0 <= p < 1e-9
