"""A sweep with the options of the command line."""

import pytest

from airybench.config import (
    SweepConfig,
)
from airybench.config.experiments import load_experiment
from airybench.sweep.space import cells

AXES = ("arch", "depth", "alpha", "leakiness", "log_activation")


def test_axes_from_the_command_line_replace_the_space() -> None:
    quick = load_experiment("quick")
    found = quick.customised({"alpha": (0.1, 0.3), "epochs": (2,)}, AXES, {"seeds": 3})
    assert found.space == ({"alpha": (0.1, 0.3)},)
    assert found.base.training.epochs == 2
    assert found.study.seeds == 3
    assert {cell.config.network.title for cell in cells(found)} == {
        "resnet18-log0.1-leaky0.2",
        "resnet18-log0.3-leaky0.2",
    }


def test_a_single_value_goes_into_the_base_and_out_of_the_space() -> None:
    quick = load_experiment("quick")
    found = quick.customised({"batch_size": (16,)}, AXES, {})
    assert found.space == quick.space
    assert {cell.config.training.batch_size for cell in cells(found)} == {16}


@pytest.mark.parametrize("changes", [{}, {"arch": ("vgg", "resnet")}])
def test_head_of_a_vgg_is_kept_beside_a_resnet_base(changes: dict[str, tuple[str, ...]]) -> None:
    found = cells(load_experiment("quick").customised({**changes, "head_width": (64,), "dropout": (0.1,)}, AXES, {}))
    networks = [cell.config.network for cell in found]
    assert {(n.head_width, n.dropout) for n in networks if n.arch == "vgg"} == {(64, 0.1)}
    assert {(n.head_width, n.dropout) for n in networks if n.arch == "resnet"} == {(0, 0)}


def test_a_base_may_speak_of_networks_other_than_its_own() -> None:
    content = {"base": {"network": {"arch": "resnet", "head_width": 256}}, "space": {"arch": ["resnet", "vgg"]}}
    widths = {c.config.network.arch: c.config.network.head_width for c in cells(SweepConfig.model_validate(content))}
    assert widths == {"resnet": 0, "vgg": 256}


def test_a_list_of_another_parameter_multiplies_the_space() -> None:
    quick = load_experiment("quick")
    both = cells(quick.customised({"batch_size": (16, 32)}, AXES, {}))
    assert len(both) == 12
    assert {cell.config.training.batch_size for cell in both} == {16, 32}
    widths = [c.config.network.head_width for c in cells(quick.customised({"head_width": (64, 128)}, AXES, {}))]
    assert sorted(widths) == [0, 0, 0, 0, 64, 64, 128, 128]
