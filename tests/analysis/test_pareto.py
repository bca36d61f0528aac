"""The Pareto front against a look at every pair."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from airybench.analysis.pareto import front
from airybench.config import Objective


def row(*trials: tuple[float, ...]) -> Any:
    return SimpleNamespace(trials=[SimpleNamespace(values=values) for values in trials])


@pytest.mark.parametrize("ways", [("max", "max"), ("max", "min"), ("min", "max", "min")])
def test_front_is_what_nothing_beats(ways: tuple[str, ...]) -> None:
    drawn = np.random.default_rng(3).integers(0, 6, (60, len(ways))).astype(float)
    up = drawn * [1 if way == "max" else -1 for way in ways]
    better = (up[:, None] >= up[None]).all(-1) & (up[:, None] > up[None]).any(-1)  # [i, j]: i beats j
    objectives = [Objective(f"m{i}", way) for i, way in enumerate(ways)]
    found = front([row(tuple(values)) for values in drawn.tolist()], objectives)
    assert [tuple(p.values.values()) for p in found] == [tuple(v) for v in drawn[~better.any(0)].tolist()]
    assert 0 < len(found) < 60


def test_a_cell_stands_for_its_seeds_by_their_mean() -> None:
    rows = [row((1.0, 10.0), (3.0, 30.0)), row((1.9, 19.0))]
    found = front(rows, [Objective.of("macro_ap"), Objective.of("images_per_second")])
    assert [p.values for p in found] == [{"macro_ap": 2.0, "images_per_second": 20.0}]
