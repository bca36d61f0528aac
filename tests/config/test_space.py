"""The space: axes of values and of ranges."""

import pytest
from refusals import refusal

from airybench.config import (
    Range,
    SweepConfig,
)
from airybench.config.experiments import load_experiment
from airybench.config.space import checked_axis
from airybench.errors import ConfigError
from airybench.sweep.space import cells

AXES = ("arch", "depth", "alpha", "leakiness", "log_activation")


def test_axis_values_take_the_type_of_their_parameter() -> None:
    sweep = SweepConfig.model_validate({"space": {"log_activation": ["on", "off"], "depth": ["18"], "alpha": "0.5"}})
    assert sweep.space == ({"log_activation": (True, False), "depth": (18,), "alpha": (0.5,)},)
    assert sorted(cell.config.network.alpha for cell in cells(sweep)) == [0.0, 0.5]
    (grid,) = SweepConfig.model_validate({"space": {"alpha": {"low": 0.1, "high": 1, "log": True}}}).space
    assert grid["alpha"] == Range(low=0.1, high=1, log=True)


def test_ranges_from_the_command_line() -> None:
    quick, alpha = load_experiment("quick"), Range(low=0.05, high=1, log=True)
    found = quick.customised({"alpha": (alpha,), "base_lr": (Range(low=0.001, high=0.1),)}, AXES, {"trials": 3})
    assert found.space == ({"alpha": alpha, "base_lr": Range(low=0.001, high=0.1)},)
    assert found.base.training.base_lr == quick.base.training.base_lr
    assert "alpha was given a range and 1 more" in refusal(lambda: quick.customised({"alpha": (alpha, 0.2)}, AXES, {}))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.5, 1.5), (-1, 0.5)])
def test_the_ends_of_a_range_are_values_of_the_parameter(low: float, high: float) -> None:
    with pytest.raises(ConfigError, match="fraction"):
        checked_axis("fraction", Range(low=low, high=high))
    checked_axis("fraction", Range(low=0.1, high=1))
