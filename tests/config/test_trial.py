"""One trial: one line for every invalid value, equal cells for equal trainings, every parameter logged."""

import math

import pytest
from pydantic import ValidationError
from refusals import refusal

from airybench.cli.options.parameters import given_parameters
from airybench.config import (
    DEPTHS,
    SECTIONS,
    TrialConfig,
    recorded_trial,
)
from airybench.config.data import DataConfig
from airybench.errors import ConfigError

BASE = TrialConfig()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("alpha", 0, "alpha is 0, expected > 0; to switch the activation off use --no-log-activation"),
        ("alpha", -1, "alpha: found -1; input should be greater than or equal to 0"),
        ("alpha", math.nan, "alpha: found nan; input should be a finite number"),
        ("alpha", math.inf, "alpha: found inf; input should be a finite number"),
        ("beta", -math.inf, "beta: found -inf; input should be a finite number"),
        ("leakiness", 1, "leakiness: found 1; input should be less than 1"),
        ("leakiness", -0.1, "leakiness: found -0.1; input should be greater than or equal to 0"),
        ("depth", 17, "resnet has no depth 17; valid: 18, 34, 50, 101, 152, 200"),
        ("depth", "deep", "depth: found 'deep'; input should be a valid integer"),
        ("arch", "resnext", "unknown arch 'resnext'; valid: resnet, vgg, timm:NAME. Did you mean 'resnet'?"),
        ("arch", 3, "arch: found 3; input should be a valid string"),
        ("log_activation", "maybe", "log_activation: found 'maybe'; input should be a valid boolean"),
        ("bn_momentum", 1.5, "bn_momentum: found 1.5; input should be less than or equal to 1"),
        ("dataset", "", "dataset: found ''; string should have at least 1 character"),
        ("count", 19, "count: found 19; input should be greater than or equal to 20"),
        ("image_size", 31, "image_size: found 31; input should be greater than or equal to 32"),
        ("input_scaling", "log", "unknown input_scaling 'log'; valid: paper, counts, unit, log1p, standardised."),
        ("seed", -1, "seed: found -1; input should be greater than or equal to 0"),
        ("epochs", 0, "epochs: found 0; input should be greater than or equal to 1"),
        ("batch_size", 0, "batch_size: found 0; input should be greater than or equal to 1"),
        ("base_lr", 0, "base_lr: found 0; input should be greater than 0"),
        ("momentum", 1, "momentum: found 1; input should be less than 1"),
        ("milestones", [60, 30], "milestones are (60, 30), expected rising epochs >= 1"),
        ("milestones", [30, 30], "milestones are (30, 30), expected rising epochs >= 1"),
        ("milestones", [0, 30], "milestones are (0, 30), expected rising epochs >= 1"),
        ("milestones", "30,x", "milestones: found 'x'; input should be a valid integer"),
        ("alfa", 0.2, "unknown parameter 'alfa'; valid: arch, depth, "),
        ("alfa", 0.2, "Did you mean 'alpha'?"),
    ],
)  # fmt: skip
def test_value_that_cannot_be(name: str, value: object, message: str) -> None:
    assert message in refusal(lambda: BASE.replace({name: value}))


@pytest.mark.parametrize(
    ("start", "changes"),
    [
        ({"log_activation": False}, {"alpha": 0.7}),
        ({"log_activation": False}, {"beta": 1.0}),
        ({"log_activation": False}, {"input_scaling": "unit"}),
        ({"log_activation": True}, {"input_scaling": "counts"}),
        ({"arch": "resnet"}, {"head_width": 64}),
        ({"arch": "resnet"}, {"dropout": 0.1}),
        ({"arch": "vgg"}, {"bn_momentum": 0.5}),
        ({"schedule": "cosine"}, {"milestones": [5]}),
        ({}, {"seed": 3}),
        ({}, {"ccf_kind": "radial", "ccf_delta": 30, "ccf_zero": "mask", "ccf_centre": "found", "noise_seed": 7}),
        ({"input": "ccf"}, {"ccf_delta": 30}),
        ({"input": "ccf"}, {"flips": False}),
        ({"input": "ccf"}, {"input_scaling": "unit"}),
        ({"input": "ccf", "ccf_kind": "radial", "ccf_delta": 30}, {"ccf_zero": "mask"}),
        ({}, {"fraction": 1, "noise": "none", "input": "image"}),
        ({}, {"alpha": "0.2", "leakiness": "0.20"}),
    ],
)
def test_what_has_no_effect_makes_no_new_cell(start: dict[str, object], changes: dict[str, object]) -> None:
    config = BASE.replace(start)
    assert config.replace(changes).cell() == config.cell()


@pytest.mark.parametrize(
    "changes",
    [
        {"alpha": 0.5}, {"beta": 0.1}, {"leakiness": 0.1}, {"depth": 34}, {"arch": "vgg"}, {"log_activation": False},
        {"bn_momentum": 0.1}, {"input_scaling": "unit"}, {"image_size": 40}, {"milestones": [5]}, {"flips": False},
        {"base_lr": 0.2}, {"split_seed": 1}, {"dataset": "cxidb"}, {"schedule": "cosine"}, {"input": "ccf"},
        {"noise": "mean"}, {"fraction": 0.5}, {"input_scaling": "log1p"},
    ],
)  # fmt: skip
def test_what_has_an_effect_makes_a_new_cell(changes: dict[str, object]) -> None:
    assert BASE.replace(changes).cell() != BASE.cell()


def test_digest_of_a_cell_is_the_same_tomorrow() -> None:
    assert len(BASE.cell()) == 16
    assert TrialConfig.model_validate(BASE.model_dump(mode="json")).cell() == BASE.cell()


def test_effects_of_maps_and_noise_make_new_cells() -> None:
    changes: list[dict[str, object]] = [
        {"input": "ccf"}, {"input": "ccf", "ccf_zero": "mask"}, {"input": "ccf", "ccf_kind": "radial"},
        {"input": "ccf", "ccf_centre": "found"}, {"input": "ccf", "ccf_centre": "128.5,131"},
        {"input": "ccf", "ccf_kind": "radial", "ccf_delta": 30}, {"noise": "max"}, {"noise": "max", "noise_seed": 7},
        {"noise": "mean-std"}, {"fraction": 0.25}, {"fraction": 0.25, "input": "ccf"}, {},
    ]  # fmt: skip
    assert len({BASE.replace(change).cell() for change in changes}) == len(changes)
    assert len({BASE.replace(change).label for change in changes}) == len(changes) - 2  # seeds and zeros stay out of it


@pytest.mark.parametrize("simulator", [0, 1], ids=["measured", "version 1"])
def test_cells_from_before_a_parameter_existed_keep_their_names(simulator: int) -> None:
    base = BASE.replace({"simulator": simulator, "split_version": 1})
    assert base.cell() == "4a795c1967fc19a7"
    assert base.replace({"arch": "vgg", "folds": 3}).cell() == "23e0fed3df2e96ae"
    assert base.replace({"log_activation": False, "input_scaling": "counts"}).cell() == "ee91454d41309bc4"
    assert base.replace({"simulator": 2}).cell() != base.cell()
    assert base.replace({"split_version": 2}).cell() != base.cell()


@pytest.mark.parametrize(("simulated", "version"), [(True, 1), (False, 0)])
def test_what_was_recorded_before_there_were_versions_is_of_the_first(simulated: bool, version: int) -> None:
    old = BASE.model_dump(mode="json")
    del old["data"]["simulator"], old["data"]["split_version"]
    assert recorded_trial(old, simulated=simulated) == BASE.replace({"simulator": version, "split_version": 1})
    assert recorded_trial(BASE.model_dump(mode="json"), simulated=simulated) == BASE
    with pytest.raises(ConfigError, match="simulator: found 3"):
        recorded_trial({"data": {"simulator": 3}}, simulated=True)
    with pytest.raises(ConfigError):
        recorded_trial([1], simulated=True)


def test_maps_log_neutral_values_of_what_has_no_effect() -> None:
    found = BASE.replace({"ccf_kind": "radial", "ccf_delta": 30, "noise_seed": 7}).params()
    assert (found["ccf_kind"], found["ccf_delta"], found["noise_seed"], found["flips"]) == ("angular", 0, 1612, True)
    found = BASE.replace({"log_activation": False, "input": "ccf", "ccf_kind": "radial", "ccf_delta": 30}).params()
    assert (found["ccf_kind"], found["ccf_delta"], found["flips"]) == ("radial", 30, False)
    assert found["input_scaling"] == "counts"


def test_every_trial_logs_every_parameter() -> None:
    expected = {name for model in SECTIONS.values() for name in model.model_fields} | {"lr"}
    for arch, depths in DEPTHS.items():
        for log_activation in (True, False):
            found = BASE.replace({"arch": arch, "depth": depths[0], "log_activation": log_activation}).params()
            assert set(found) == expected
            assert (found["alpha"] == 0) is not log_activation
            assert all(isinstance(value, bool | int | float | str) for value in found.values())
            assert found["input_scaling"] == ("counts" if log_activation else "unit")
    assert found["milestones"] == "30,60,120,150"
    assert found["lr"] == pytest.approx(0.1 * 24 / 128)


def test_titles() -> None:
    assert BASE.title == "resnet18-log0.2-leaky0.2-s1612"
    assert BASE.replace({"arch": "vgg", "log_activation": False, "leakiness": 0}).network.title == "vgg11-plain-leaky0"
    noisy = BASE.replace({"input": "ccf", "noise": "max", "fraction": 0.25, "input_scaling": "unit"})
    assert noisy.title == "resnet18-log0.2-leaky0.2-ccf-noise-max-fraction0.25-s1612"
    assert BASE.replace({"input_scaling": "counts"}).label == BASE.label == BASE.network.title
    assert BASE.replace({"input_scaling": "unit"}).label == f"{BASE.network.title}-unit"


def test_configurations_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        BASE.network.alpha = 1.0  # type: ignore[misc]


def test_the_centre_of_maps_is_a_word_or_a_pixel() -> None:
    assert DataConfig(ccf_centre=" 128.50, 131 ").ccf_centre == "128.5,131"
    assert DataConfig(ccf_centre=[128, 131]).ccf_centre == "128,131"
    for wrong in ("middle", "3", "3,4,5", "-1,4", "nan,4", "3,inf"):
        with pytest.raises(ValidationError, match="expected"):
            DataConfig(ccf_centre=wrong)
    given = given_parameters({"ccf_centre": ["frame,found,128.5,131"]}, ["ccf_centre=3,4"])
    assert given == {"ccf_centre": ("frame", "found", "128.5,131", "3,4")}
    assert given_parameters({"ccf_centre": "config"}, None) == {}
