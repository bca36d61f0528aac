"""The network: its families and depths, and what the logarithm switched off means."""

import pytest
from refusals import refusal

from airybench.config import (
    TrialConfig,
)

BASE = TrialConfig()


def test_vgg_needs_a_head_and_its_own_depths() -> None:
    message = refusal(lambda: BASE.replace({"arch": "vgg", "head_width": 0}))
    assert "head_width is 0, expected at least 1 for vgg" in message
    message = refusal(lambda: BASE.replace({"arch": "vgg", "depth": 18}))
    assert "vgg has no depth 18; valid: 11, 13, 16, 19" in message


def test_from_one_family_to_the_other_and_back() -> None:
    vgg = BASE.replace({"arch": "vgg"})
    assert (vgg.network.depth, vgg.network.head_width, vgg.network.dropout) == (11, 4096, 0.5)
    assert vgg.network.bn_momentum == 0
    back = vgg.replace({"arch": "resnet"})
    assert back == BASE
    assert BASE.replace({"arch": "vgg", "depth": 19, "head_width": 64}).network.head_width == 64
    assert BASE.replace({"arch": "vgg", "depth": 19}).replace({"leakiness": 0}).network.depth == 19


@pytest.mark.parametrize("off", [False, 0, "off", "no", "false", "False", "FALSE", "0", "n"])
@pytest.mark.parametrize("on", [True, 1, "on", "yes", "true", "1"])
def test_logarithm_off_and_on(off: object, on: object) -> None:
    plain = BASE.replace({"log_activation": off})
    assert (plain.network.log_activation, plain.network.alpha, plain.network.beta) == (False, 0, 0)
    assert plain.cell() == BASE.replace({"log_activation": False}).cell()
    assert plain.replace({"log_activation": on}).network.alpha == 0.2
    assert plain.replace({"log_activation": on, "alpha": 0.7}).network.alpha == 0.7
    assert BASE.replace({"alpha": 0.5}).replace({"log_activation": on}).network.alpha == 0.5
