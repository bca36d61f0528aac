"""Which cells are told apart, and the sets in which none is."""

from itertools import combinations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from airybench.analysis.intervals import Cell, difference
from airybench.analysis.ties import Ties, maximal_sets, ties, told_apart
from airybench.inference.predictions import Predictions

SHOTS, CLASSES = 120, 2
LABELS = (np.random.default_rng(0).random((SHOTS, CLASSES)) < 0.4).astype(np.uint8)


def cells(strengths: list[float], seeds: int = 3) -> list[Cell]:
    """Cells whose trainings share most of their noise, so that small differences can be told."""
    rng = np.random.default_rng(1)
    common, names = rng.normal(size=LABELS.shape), ("Round", "Bent")

    def training(strength: float) -> Predictions:
        logits = strength * LABELS + common + 0.3 * rng.normal(size=LABELS.shape)
        return Predictions(np.arange(SHOTS), logits.astype(np.float32), LABELS, names, "multilabel")

    return [[training(strength) for _ in range(seeds)] for strength in strengths]


def test_all_pairs_are_judged_together_as_statsmodels_does() -> None:
    found = cells([2.0, 1.9, 1.5, 1.4, 0.5])
    pairs = list(combinations(range(5), 2))
    p = [difference(found[i], found[j], "macro_ap", pool=found).p for i, j in pairs]
    expected = tuple(bool(one) for one in multipletests(p, alpha=0.05, method="holm")[0])
    assert told_apart(found, pairs, "macro_ap") == expected
    assert {True, False} == set(expected)


@pytest.mark.parametrize("seed", range(6))
def test_sets_hold_every_pair_that_is_alike_and_no_other(seed: int) -> None:
    rng, number = np.random.default_rng(seed), 9
    joined = {pair for pair in combinations(range(number), 2) if rng.random() < 0.5}
    alike = {i: {j for j in range(number) if tuple(sorted((i, j))) in joined} for i in range(number)}
    found = maximal_sets(alike)
    every = [
        one
        for size in range(2, number + 1)
        for one in combinations(range(number), size)
        if set(combinations(one, 2)) <= joined
    ]
    largest = [one for one in every if not any(set(one) < set(other) for other in every)]
    assert sorted(found) == sorted(largest)


def test_equal_cells_are_one_set_and_a_worse_one_stands_alone() -> None:
    assert ties(cells([2.0, 2.0, 2.0, 2.0, 0.0]), "macro_ap") == Ties(((0, 1, 2, 3),), 10)


def test_few_cells_and_single_seeds_have_no_sets() -> None:
    assert ties(cells([2.0, 1.0, 0.5, 0.0]), "macro_ap") is None
    assert ties(cells([2.0, 1.5, 1.0, 0.5, 0.0], seeds=1), "macro_ap") is None
