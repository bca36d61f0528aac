"""The grid of a calibration: every combination, what no benchmark can be, and how many are drawn."""

from typing import Any

import pytest

from airybench.analysis.calibration_grid import benchmarks_of, settings_grid
from airybench.errors import ConfigError


def test_the_grid_is_every_combination() -> None:
    grid = settings_grid([154, 1090], [0.01, 0.03], [(0, 0.0), (20, 0.1)])
    assert len(set(grid)) == 8
    assert benchmarks_of(grid[0], 300) == 300
    assert benchmarks_of(grid[-1], 300) == 113
    assert {(one.cells, one.claims) for one in settings_grid([154], [0.01], [(0, 0.0)], claims=40)} == {(10, 40)}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (([20], [0.01], [(0, 0.0)]), "20 shots found; at least 40"),
        (([154], [0.5], [(0, 0.0)]), "a spread between seeds of 0.5 found; expected 0 to 0.1"),
        (([154], [0.01], [(1, 0.1)]), "1 runs of 154 shots found; expected 2 runs"),
        (([154], [0.01], [(20, 1.0)]), "correlation 1 found; expected 0 to below 1"),
        (([154], [0.01], [(0, 0.0)], 0.3), "effect 0.3 found"),
        (([154], [0.01], [(0, 0.0)], 0.05, 2), "2 claims with an effect of 0.05 found"),
        (([154], [0.01], [(0, 0.0)], 0.0, 191), "191 claims found; expected 1 to 190"),
    ],
)
def test_what_no_benchmark_can_be_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings_grid(*values)
