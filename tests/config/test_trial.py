"""The configuration: one clear line for every bad value, equal cells for equal trainings, the shipped experiments."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from airybench.config import (
    DEPTHS,
    SECTIONS,
    NetworkConfig,
    Range,
    StudyConfig,
    SweepConfig,
    TrainConfig,
    TrialConfig,
    parameter,
)
from airybench.config.experiments import experiments, load_experiment
from airybench.errors import EXIT_INPUT, ConfigError
from airybench.sweep.space import cells, check, finite

BASE = TrialConfig()


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        action()
    assert caught.value.exit_code == EXIT_INPUT
    message = str(caught.value)
    assert "\n" not in message
    return message


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


def test_vgg_needs_a_head_and_its_own_depths() -> None:
    message = refusal(lambda: BASE.replace({"arch": "vgg", "head_width": 0}))
    assert "head_width is 0, expected at least 1 for vgg" in message
    message = refusal(lambda: BASE.replace({"arch": "vgg", "depth": 18}))
    assert "vgg has no depth 18; valid: 11, 13, 16, 19" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- 1", "holds no mapping; expected the keys question, base, space, study"),
        ("", "holds no mapping; expected the keys question, base, space, study"),
        ("a: [", "is not YAML: "),
        ("bas: {}", "config bad.yaml: unknown parameter 'bas'; valid: alpha, antialias, "),
        ("base: {network: {alfa: 1}}", "config bad.yaml: unknown parameter 'alfa'; valid: alpha, "),
        ("base: {network: {alfa: 1}}", "Did you mean 'alpha'?"),
        ("base: {network: {depth: 17}}", "config bad.yaml: base.network: resnet has no depth 17; valid: 18, "),
        ("base: {network: 3}", "config bad.yaml: network: found 3; "),
        ("base: {network: {alpha: .nan}}", "config bad.yaml: alpha: found nan; input should be a finite number"),
        ("base: {training: {milestones: [60, 30]}}", "base.training: milestones are (60, 30), expected rising"),
        ("space: 3", "config bad.yaml: space: found 3; "),
        ("space: []", "the space is empty; leave it out to train the base alone"),
        ("space: {alfa: [1]}", "config bad.yaml: unknown parameter 'alfa'; "),
        ("space: {alpha: []}", "config bad.yaml: axis alpha of the space is empty"),
        ("space: {alpha: [0.2, -1]}", "config bad.yaml: alpha: found -1; input should be greater than or equal to 0"),
        ("space: {alpha: [0.2, null]}", "config bad.yaml: alpha: found None; "),
        ("space: {seed: [1, 2]}", "seed is no axis of a space; use --seeds"),
        ("space: {dataset: [helium]}", "dataset is no axis of a space; use --dataset"),
        ("space: {alpha: {low: 2, high: 1}}", "range 2..1 is empty, or logarithmic and not above 0"),
        ("space: {alpha: {low: 1, high: 1}}", "range 1..1 is empty, or logarithmic and not above 0"),
        ("space: {alpha: {low: 0, high: 1, log: true}}", "range 0..1 is empty, or logarithmic and not above 0"),
        ("space: {alpha: {low: 0.1}}", "high: Field required"),
        ("space: {alpha: {low: 0.1, high: .inf}}", "high: found inf; input should be a finite number"),
        ("space: {flips: {low: 0, high: 1}}", "axis flips is a range, but flips is no number; give a list of values"),
        (
            "study: {sampler: gird}",
            "config bad.yaml: unknown sampler 'gird'; valid: grid, random, tpe, nsga2. Did you mean 'grid'?",
        ),
        ("study: {seeds: 0}", "config bad.yaml: seeds: found 0; "),
        ("study: {objective: macro_app}", "unknown objective 'macro_app'; valid: macro_ap, "),
        ("study: {objective: 'macro_ap:up'}", "objective direction is 'up', expected max or min"),
        ("study: {objective: [macro_ap, speed]}", "unknown objective 'speed'; valid: macro_ap, "),
        ("study: {objective: images_per_second}", "objective images_per_second is first; name a metric of the val"),
        ("study: {objective: [loss, val/loss]}", "objective 'loss,val/loss' names a metric twice"),
        (
            "study: {objective: [macro_ap, parameters], pruner: median}",
            "pruner is 'median' beside 2 objectives, of which none can say alone that a trial falls behind; use --pr",
        ),
    ],
)
def test_file_that_cannot_be(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, encoding="utf-8")
    assert message in refusal(lambda: load_experiment(str(path)))


def test_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert (
        refusal(lambda: load_experiment(str(missing))) == f"config {missing} cannot be read: No such file or directory"
    )
    message = refusal(lambda: load_experiment("quik"))
    assert message.startswith("unknown config 'quik'; valid: alpha-quick, alpha, ")
    assert message.endswith(", or a path to a .yaml file. Did you mean 'quick'?")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    assert "cannot be read: not a text file" in refusal(lambda: load_experiment(str(tmp_path / "binary.yaml")))


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
        ({}, {"ccf_kind": "radial", "ccf_delta": 30, "ccf_zero": "mask", "noise_seed": 7}),
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
        {"input": "ccf", "ccf_kind": "radial", "ccf_delta": 30}, {"noise": "max"}, {"noise": "max", "noise_seed": 7},
        {"noise": "mean-std"}, {"fraction": 0.25}, {"fraction": 0.25, "input": "ccf"}, {},
    ]  # fmt: skip
    assert len({BASE.replace(change).cell() for change in changes}) == len(changes)
    assert len({BASE.replace(change).label for change in changes}) == len(changes) - 2  # seeds and zeros stay out of it


def test_cells_from_before_maps_noise_and_fractions_keep_their_names() -> None:
    assert BASE.cell() == "4a795c1967fc19a7"
    assert BASE.replace({"arch": "vgg", "folds": 3}).cell() == "23e0fed3df2e96ae"
    assert BASE.replace({"log_activation": False, "input_scaling": "counts"}).cell() == "ee91454d41309bc4"


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


def test_paper_defaults() -> None:
    """The reference's own numbers."""
    network, training = NetworkConfig(), TrainConfig()
    assert (network.alpha, network.beta, network.leakiness, network.bn_momentum) == (0.2, 0, 0.2, 0.003)
    assert (training.batch_size, training.momentum) == (24, 0.9)
    assert training.lr == pytest.approx(0.01875)
    assert (training.l1, training.l2, training.seed, training.milestones) == (1e-5, 1e-5, 1612, (30, 60, 120, 150))
    assert training.epochs == round(30_000 / (5085 // 24))


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


@pytest.mark.parametrize("path", experiments().values(), ids=lambda path: path.stem)
def test_shipped_experiment_is_runnable(path: Path) -> None:
    sweep = load_experiment(path.stem)
    assert sweep.question
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert "?" in path.read_text(encoding="utf-8").splitlines()[0]
    check(sweep)
    if finite(sweep):
        found = cells(sweep)
        assert len({cell.config.cell() for cell in found}) == len(found) > 0
    assert load_experiment(str(path)) == sweep


def test_quick_is_six_cells() -> None:
    found = [cell.config.network for cell in cells(load_experiment("quick"))]
    described = [(n.arch, n.depth, n.log_activation, n.alpha, n.leakiness) for n in found]
    assert sorted(described) == [
        ("resnet", 18, False, 0.0, 0.2),
        ("resnet", 18, True, 0.2, 0.0),
        ("resnet", 18, True, 0.2, 0.2),
        ("resnet", 18, True, 0.5, 0.2),
        ("vgg", 11, False, 0.0, 0.2),
        ("vgg", 11, True, 0.2, 0.2),
    ]
    assert {n.head_width for n in found if n.arch == "vgg"} == {256}


def test_paper_is_the_papers_training() -> None:
    sweep = load_experiment("paper")
    assert sweep.base == TrialConfig()
    assert len(cells(sweep)) == 16


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("alpha", "0.5", 0.5), ("depth", "34", 34), ("arch", "vgg", "vgg"), ("log_activation", "off", False),
        ("log_activation", "ON", True), ("milestones", "3,5", (3, 5)), ("seeds", "4", 4), ("trials", "7", 7),
    ],
)  # fmt: skip
def test_parameter_reads_text(name: str, text: str, value: object) -> None:
    found = parameter(name, text)
    assert found == value
    assert type(found) is type(value)


def test_parameter_refuses() -> None:
    assert refusal(lambda: parameter("alpha", "x")).startswith("alpha: found 'x'; input should be a valid number")
    assert refusal(lambda: parameter("seeds", "0")).startswith("seeds: found '0'; ")
    assert "Did you mean 'depth'?" in refusal(lambda: parameter("deph", "18"))
    assert "Did you mean 'vgg'?" in refusal(lambda: parameter("arch", "vg"))


def test_objective_and_its_way() -> None:
    for text, metric, way in [
        ("macro_ap", "macro_ap", "max"),
        ("val/loss", "loss", "min"),
        ("loss:max", "loss", "max"),
        ("val/mcc:min", "mcc", "min"),
    ]:
        study = StudyConfig(objective=text)
        assert (study.metric, study.direction) == (metric, way)


def test_several_objectives() -> None:
    study = StudyConfig.model_validate({"objective": ["val/macro_ap", "images_per_second", "parameters", "loss:max"]})
    assert study.objectives == (
        ("macro_ap", "max"), ("images_per_second", "max"), ("parameters", "min"), ("loss", "max"),
    )  # fmt: skip
    assert (study.metric, study.direction) == ("macro_ap", "max")
    assert StudyConfig(objective="macro_ap, seconds:min").objectives[1] == ("seconds", "min")


def test_ranges_from_the_command_line() -> None:
    quick, alpha = load_experiment("quick"), Range(low=0.05, high=1, log=True)
    found = quick.customised({"alpha": (alpha,), "base_lr": (Range(low=0.001, high=0.1),)}, AXES, {"trials": 3})
    assert found.space == ({"alpha": alpha, "base_lr": Range(low=0.001, high=0.1)},)
    assert found.base.training.base_lr == quick.base.training.base_lr
    assert "alpha was given a range beside 1 more" in refusal(
        lambda: quick.customised({"alpha": (alpha, 0.2)}, AXES, {})
    )


def test_axis_values_take_the_type_of_their_parameter() -> None:
    sweep = SweepConfig.model_validate({"space": {"log_activation": ["on", "off"], "depth": ["18"], "alpha": "0.5"}})
    assert sweep.space == ({"log_activation": (True, False), "depth": (18,), "alpha": (0.5,)},)
    assert sorted(cell.config.network.alpha for cell in cells(sweep)) == [0.0, 0.5]
    (grid,) = SweepConfig.model_validate({"space": {"alpha": {"low": 0.1, "high": 1, "log": True}}}).space
    assert grid["alpha"] == Range(low=0.1, high=1, log=True)


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
