"""Pairs of cells that differ in one choice and in nothing else."""

import pytest

from airybench.analysis.loss_effects import comparisons
from airybench.config import TrialConfig
from airybench.config.experiments import load_experiment
from airybench.sweep.space import cells


def of(name: str) -> tuple[list[TrialConfig], dict[tuple[str, str, str], int]]:
    configs = [cell.config for cell in cells(load_experiment(name))]
    return configs, {(one.factor, one.level, one.reference): one.pairs for one in comparisons(configs)}


def test_what_the_experiment_asks() -> None:
    for name, activations, scalings in (("robustness-quick", 3, 2), ("robustness", 6, 4)):
        configs, found = of(name)
        assert found["activation", "plain", "log0.2"] == activations
        assert found["input_scaling", "log1p", "counts"] == scalings
        assert next(one for one in found if one[0] == "network")[1].startswith("vgg")
        for one in comparisons(configs):
            assert sum(one.weights.values()) == pytest.approx(0)
            assert sum(weight for weight in one.weights.values() if weight > 0) == pytest.approx(1)


def test_cells_that_differ_in_more_are_no_pair() -> None:
    plain = TrialConfig().replace({"log_activation": False, "leakiness": 0.0})
    assert comparisons([TrialConfig(), plain]) == []
    assert comparisons([TrialConfig()]) == []


def test_networks_that_read_alike_are_told_apart() -> None:
    narrow, wide = (TrialConfig().replace({"arch": "vgg", "depth": 11, "head_width": width}) for width in (128, 256))
    (one,) = comparisons([narrow, wide])
    assert (one.factor, one.pairs) == ("network", 1)
    assert "head_width 256" in one.level
    assert "head_width 128" in one.reference
