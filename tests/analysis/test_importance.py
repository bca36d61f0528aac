"""The importance of parameters, on objectives that depend on them in closed form."""

from itertools import product

import pytest

from airybench.analysis.importance import importances, sampled


def test_the_parameter_that_matters_comes_first() -> None:
    grid = list(product((0.1, 0.2, 0.5), (0.0, 0.2), (18, 34), ("resnet", "vgg")))
    values = [0.4 + alpha / 2 + 0.02 * leakiness + 0.01 * (depth == 34) for alpha, leakiness, depth, _ in grid]
    columns = dict(zip(("alpha", "leakiness", "depth", "arch"), map(list, zip(*grid, strict=True)), strict=True))
    shares = importances(columns, values)
    assert next(iter(shares)) == "alpha"
    assert set(shares) == set(columns)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["arch"] < shares["depth"] < 0.1
    assert importances(columns, values) == shares


def test_a_forest_is_grown_on_evenly_spaced_trials_where_there_are_many() -> None:
    assert list(sampled(5)) == [0, 1, 2, 3, 4]
    assert len(sampled(200)) == 200
    assert list(sampled(1000)) == list(range(0, 1000, 5))
