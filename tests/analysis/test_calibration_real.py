"""Cells against themselves: every division is judged once, and a side that is made better is found."""

import numpy as np
import pytest

from airybench.analysis.calibration_draw import Setting, draw_benchmark
from airybench.analysis.calibration_real import MOST_WAYS, divisions, same_cell


def test_every_division_is_made_once() -> None:
    rng = np.random.default_rng(0)
    for small, large, ways in ((1, 1, 1), (1, 5, 6), (2, 4, 15), (3, 3, 10)):
        found = list(divisions(small, large, rng))
        assert len({frozenset(sides) for sides in found}) == len(found) == ways
        assert all(sorted(one + other) == list(range(small + large)) for one, other in found)
    many = list(divisions(7, 7, rng))
    assert len(set(many)) == len(many) == MOST_WAYS


def test_equal_trainings_are_rarely_told_apart() -> None:
    cells = draw_benchmark(Setting(80, 0.01, cells=2), 6, np.random.default_rng(3)).cells
    found = same_cell([*cells, cells[0][:1]], "macro_ap", seed=1)
    assert [(one.first, one.second, one.cells, one.ways) for one in found] == [
        (1, 5, 2, 12),
        (2, 4, 2, 30),
        (3, 3, 2, 20),
    ]
    assert all(one.unjudged == 0 for one in found)
    assert sum(one.found for one in found) <= 3
    assert all(one.found + one.covered == one.ways for one in found)


def test_a_cell_whose_seeds_fall_into_two_kinds_is_told_apart() -> None:
    better, worse = draw_benchmark(Setting(200, 0.0, effect=0.2, cells=2), 3, np.random.default_rng(3)).cells
    found = same_cell([[*better, *worse]], "macro_ap", seed=1)
    assert found[-1].found >= 1
    assert found[-1].largest > 0.1


def test_one_seed_on_each_side_is_no_verdict() -> None:
    cells = draw_benchmark(Setting(80, 0.01, cells=2), 2, np.random.default_rng(3)).cells
    (found,) = same_cell(cells, "macro_ap", seed=1)
    assert (found.ways, found.unjudged, found.found) == (2, 2, 0)
    assert same_cell([cells[0][:1]], "macro_ap", seed=1) == []


@pytest.mark.parametrize("metric", ["macro_f1", "roc_auc"])
def test_other_metrics_are_judged_as_well(metric: str) -> None:
    cells = draw_benchmark(Setting(80, 0.01, cells=2), 4, np.random.default_rng(3)).cells
    assert same_cell(cells, metric, seed=1)[-1].ways == 6
