"""The effect of a parameter, on trials whose answers are made by hand: every difference is known in advance."""

import numpy as np
import pytest

from airybench.analysis.parameter_effect import parameter_effect
from airybench.config import TrialConfig
from airybench.errors import ConfigError
from airybench.inference.predictions import Predictions
from airybench.sweep.records import FinishedTrial

SHOTS = 100
TRUTH = (np.arange(SHOTS) % 2).astype(np.uint8)[:, None]


def trial(right: int, seed: int = 0, **changes: object) -> FinishedTrial:
    """A trial whose network answers the first `right` of the shots rightly; its number says how many."""
    config = TrialConfig().replace({**changes, "seed": seed})
    return FinishedTrial(right, config, scores={}, run_id="", facts={}, values=(0.0,))


def answers(one: FinishedTrial) -> Predictions:
    sides = np.where(np.arange(SHOTS) < one.number, 1, -1)[:, None] * (2.0 * TRUTH - 1)
    return Predictions(np.arange(SHOTS), sides.astype(np.float32), TRUTH, ("Round",), "multilabel")


def test_both_scales_are_compared_with_the_one_network_without_the_activation() -> None:
    trials = [
        trial(60, log_activation=False),
        trial(70, alpha=0.2),
        trial(90, alpha=0.5),
        trial(80, alpha=0.5, leakiness=0.0),  # has no counterpart: it differs in its leakiness as well
    ]
    found = parameter_effect(trials, "log_activation", "accuracy", answers)
    assert (found.parameter, found.reference, found.metric) == ("log_activation", False, "accuracy")
    by_alpha = {pair.first.config.network.alpha: pair for pair in found.pairs}
    assert set(by_alpha) == {0.2, 0.5}
    assert {alpha: pair.difference.value for alpha, pair in by_alpha.items()} == pytest.approx({0.2: 0.1, 0.5: 0.3})
    assert all(pair.value is True and not pair.second.config.network.log_activation for pair in found.pairs)
    assert found.mean.value == pytest.approx(0.2)
    assert found.mean.low < 0.2 < found.mean.high


def test_a_cell_on_which_the_parameter_has_no_effect_is_in_no_pair() -> None:
    trials = [trial(60, log_activation=False), trial(70, alpha=0.2), trial(90, alpha=0.5)]
    found = parameter_effect(trials, "alpha", "accuracy", answers)
    assert found.reference == 0.2  # not the plain network's neutral value
    assert [(pair.value, pair.second.config.network.alpha) for pair in found.pairs] == [(0.5, 0.2)]
    assert found.mean.value == pytest.approx(0.2)


def test_all_seeds_of_both_cells_count() -> None:
    trials = [
        trial(72, seed=2, leakiness=0.2), trial(71, seed=1, leakiness=0.2),
        trial(50, seed=1, leakiness=0.0), trial(60, seed=2, leakiness=0.0), trial(99, seed=3, leakiness=0.0),
    ]  # fmt: skip
    (pair,) = parameter_effect(trials, "leakiness", "accuracy", answers).pairs
    assert pair.difference.seeds == (2, 3)
    assert pair.difference.value == pytest.approx((0.72 + 0.71) / 2 - (0.5 + 0.6 + 0.99) / 3)


def test_cells_without_a_common_seed_are_compared() -> None:
    trials = [trial(70, seed=1, leakiness=0.2), trial(50, seed=2, leakiness=0.0)]
    (pair,) = parameter_effect(trials, "leakiness", "accuracy", answers).pairs
    assert pair.difference.seeds == (1, 1)
    assert pair.difference.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [("depth", "no two finished cells of this study differ in depth alone"), ("alpha_", "alpha")],
    ids=["without another value", "misspelt"],
)
def test_a_parameter_that_was_not_varied_is_refused(parameter: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parameter_effect([trial(60), trial(70, alpha=0.5)], parameter, "accuracy", answers)
