"""A metric and the direction in which it gets better."""

import itertools

import pytest

from airybench.config import COSTS, METRICS, Objective, StudyConfig, validated
from airybench.config.objective import sign


@pytest.mark.parametrize("metric", [*METRICS, *COSTS])
def test_better_follows_the_direction_and_equal_is_not_better(metric: str) -> None:
    objective = Objective.of(metric)
    for one, other in itertools.product((0.25, 0.5, 0.75), repeat=2):
        expected = one > other if objective.direction == "max" else one < other
        assert objective.better(one, other) is expected
        assert (objective.sign * one > objective.sign * other) is expected


def test_signs() -> None:
    assert (sign("max"), sign("min")) == (1.0, -1.0)


def test_a_direction_given_by_name_wins_over_that_of_the_metric() -> None:
    study = validated(StudyConfig, {"objective": "val/loss:max,seconds"})
    assert study.objectives == (Objective("loss", "max"), Objective("seconds", "min"))
    assert (study.metric, study.direction) == ("loss", "max")
    assert [str(one) for one in study.objectives] == ["loss:max", "seconds:min"]
