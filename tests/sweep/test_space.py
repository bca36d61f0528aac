"""The space against brute force, and Optuna's proposals inside it."""

import itertools
from typing import Any

import optuna
import pytest
from optuna.trial import FixedTrial

from airybench.config import DEPTHS, SweepConfig, TrialConfig, validated
from airybench.config.experiments import load_experiment
from airybench.errors import ConfigError
from airybench.sweep.space import cells, check, finite, suggest

optuna.logging.set_verbosity(optuna.logging.WARNING)

WIDE = {
    "arch": ["resnet", "vgg"], "depth": [11, 18, 16, 34], "log_activation": [True, False], "alpha": [0.2, 0.5],
    "leakiness": [0.0, 0.2], "head_width": [64, 128], "bn_momentum": [0.1, 0.003],
}  # fmt: skip
SPACES: dict[str, Any] = {
    "wide": WIDE,
    "scrambled": dict(reversed(WIDE.items())),
    "no_arch": {"depth": [18, 50], "alpha": [0.1, 0.2, 0.2]},
    "two_grids": [
        {"arch": ["resnet"], "alpha": [0.2, 0.5]},
        {"arch": ["vgg"], "depth": [11, 13], "log_activation": [True, False], "alpha": [0.2, 0.7], "head_width": [32]},
        {"arch": ["resnet", "vgg"], "log_activation": [True, False], "leakiness": [0.2]},
    ],
    "training": {"batch_size": [16, 32], "input_scaling": ["paper", "counts"], "log_activation": [True, False]},
    "base_only": {},
    "quick": None,
}


def sweep_of(name: str, **study: object) -> SweepConfig:
    if name == "quick":
        return load_experiment("quick")
    return SweepConfig.model_validate({"space": SPACES[name], "study": study})


def described(config: TrialConfig) -> tuple[object, ...]:
    """What decides a training, with what has no effect left out; written apart from `TrialConfig.cell`."""
    n, t = config.network, config.training
    log = (n.alpha, n.beta) if n.log_activation else None
    family = (n.head_width, n.dropout) if n.arch == "vgg" else n.bn_momentum
    scaling = config.data.input_scaling
    scaling = ("counts" if n.log_activation else "unit") if scaling == "paper" else scaling
    return n.arch, n.depth, log, n.leakiness, family, scaling, t.batch_size, t.epochs, config.data.image_size


def brute_force(sweep: SweepConfig) -> set[tuple[object, ...]]:
    """The product of all axes, filtered by what is possible."""
    found = set()
    for grid in sweep.space:
        for values in itertools.product(*grid.values()):  # type: ignore[arg-type]
            chosen = dict(zip(grid, values, strict=True))
            arch = chosen.get("arch", sweep.base.network.arch)
            if "depth" in chosen and chosen["depth"] not in DEPTHS[str(arch)]:
                continue
            found.add(described(sweep.base.replace(chosen)))
    return found


@pytest.mark.parametrize("name", SPACES)
def test_cells_are_the_valid_part_of_the_product(name: str) -> None:
    sweep = sweep_of(name)
    found = [described(cell.config) for cell in cells(sweep)]
    assert len(set(found)) == len(found)
    assert set(found) == brute_force(sweep)
    assert len({cell.config.cell() for cell in cells(sweep)}) == len(found)


def test_wide_space_counted_by_hand() -> None:
    # resnet: 2 depths x (2 alphas + off) x 2 slopes x 2 momenta; vgg: the same with 2 heads.
    assert len(cells(sweep_of("wide"))) == 2 * 3 * 2 * 2 + 2 * 3 * 2 * 2


def test_what_has_no_effect_is_not_asked_for() -> None:
    space = {"log_activation": [True, False], "alpha": [0.2, 0.5], "beta": [0.0, 0.1], "head_width": [8, 16]}
    found = cells(SweepConfig.model_validate({"space": space}))
    assert [set(cell.point) for cell in found] == [{"log_activation", "alpha", "beta"}] * 4 + [{"log_activation"}]


def test_order_is_as_written() -> None:
    sweep = SweepConfig.model_validate({"space": {"leakiness": [0.2, 0.0], "alpha": [0.5, 0.2]}})
    titles = [cell.config.network.title for cell in cells(sweep)]
    assert titles[0] == "resnet18-log0.5-leaky0.2"
    assert titles == [cell.config.network.title for cell in cells(sweep)]


@pytest.mark.parametrize("name", SPACES)
def test_points_lead_back_to_their_cells(name: str) -> None:
    sweep = sweep_of(name)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = cells(sweep)
    for cell in found:
        assert suggest(FixedTrial(cell.point), sweep) == cell.config
        study.enqueue_trial(cell.point)
    for cell in found:
        trial = study.ask()
        assert suggest(trial, sweep) == cell.config
        assert trial.params == cell.point
        study.tell(trial, 0.0)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@pytest.mark.parametrize("name", ["wide", "two_grids", "quick"])
def test_proposals_are_cells(name: str, sampler: str) -> None:
    sweep = sweep_of(name)
    known = {cell.config.cell() for cell in cells(sweep)}
    chosen = optuna.samplers.TPESampler(seed=1) if sampler == "tpe" else optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(sampler=chosen)
    met = set()
    for number in range(25):
        trial = study.ask()
        config = suggest(trial, sweep)
        assert config.cell() in known
        met.add(config.cell())
        study.tell(trial, number % 5)
    assert len(met) > 2


def test_proposals_from_ranges_stay_inside() -> None:
    space = {
        "log_activation": [True, False], "alpha": {"low": 0.01, "high": 1.0, "log": True},
        "leakiness": {"low": 0.0, "high": 0.5}, "batch_size": {"low": 8, "high": 64, "log": True},
        "arch": ["resnet", "vgg"], "depth": [18, 11],
    }  # fmt: skip
    sweep = SweepConfig.model_validate({"space": space, "study": {"sampler": "tpe", "trials": 30}})
    assert not finite(sweep)
    check(sweep)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    seen = []
    for number in range(30):
        trial = study.ask()
        config = suggest(trial, sweep)
        seen.append(config)
        assert 0 <= config.network.leakiness <= 0.5
        assert 8 <= config.training.batch_size <= 64
        assert (0.01 <= config.network.alpha <= 1) if config.network.log_activation else config.network.alpha == 0
        study.tell(trial, -abs(number - 10))
    assert len({config.network.leakiness for config in seen}) > 20
    assert {config.network.arch for config in seen} == {"resnet", "vgg"}
    assert len({config.training.batch_size for config in seen}) > 5


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"depth": [17]}, r"resnet has no depth 17; valid: resnet: 18, 34, 50, 101, 152, 200"),
        ({"depth": [18, 11]}, "resnet has no depth 11"),
        (
            {"arch": ["resnet", "vgg"], "depth": [18, 17]},
            "resnet or vgg has no depth 17; valid: .*; vgg: 11",
        ),
        ({"arch": ["vgg"], "depth": [18]}, "vgg has no depth 18"),
        ({"alpha": [0.2, 0.0]}, "alpha is 0, expected > 0"),
        ({"arch": ["vgg"], "head_width": [0]}, "head_width is 0, expected at least 1 for vgg"),
        ({"milestones": ["60,30"]}, r"milestones are \(60, 30\), expected rising"),
    ],
)
def test_space_that_cannot_be(space: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(SweepConfig.model_validate({"space": space}))


def test_a_depth_that_one_family_lacks_is_no_cell() -> None:
    sweep = SweepConfig.model_validate({"space": {"arch": ["resnet", "vgg"], "depth": [18, 19]}})
    check(sweep)
    assert [(c.config.network.arch, c.config.network.depth) for c in cells(sweep)] == [("resnet", 18), ("vgg", 19)]


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ({}, "the space has a range, which a grid cannot cover; give a list of values or --sampler tpe"),
        ({"sampler": "tpe"}, "the space has a range, so the study needs an end; give --trials N"),
    ],
)
def test_a_range_needs_a_sampler_and_an_end(study: dict[str, object], message: str) -> None:
    sweep = SweepConfig.model_validate({"space": {"alpha": {"low": 0.1, "high": 1}}, "study": study})
    with pytest.raises(ConfigError, match=message):
        check(sweep)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"alpha": {"low": 0, "high": 1}}, "alpha is 0, expected > 0"),
        ({"leakiness": {"low": 0, "high": 1}}, "leakiness: found 1.0; input should be less than 1"),
        ({"depth": {"low": 18, "high": 34}}, "arch and depth are lists of names and numbers, not ranges"),
        ({"batch_size": {"low": 8.5, "high": 16}}, "batch_size: found 8.5; input should be a valid integer"),
    ],
)
def test_range_whose_ends_cannot_be(space: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(SweepConfig.model_validate({"space": space, "study": {"sampler": "tpe", "trials": 3}}))


def test_a_range_is_no_cell_list() -> None:
    sweep = SweepConfig.model_validate({"space": {"alpha": {"low": 0.1, "high": 1}}})
    with pytest.raises(ConfigError, match="axis alpha is a range, which a grid cannot cover"):
        cells(sweep)


def test_the_norms_of_a_vgg_have_a_momentum_where_it_has_norms() -> None:
    sweep = validated(
        SweepConfig,
        {"space": [{"arch": ["vgg"], "depth": [11], "bn_momentum": [0.1, 0.3], "batch_norm": [True, False]}]},
    )
    found = [(cell.config.network.batch_norm, cell.config.network.bn_momentum) for cell in cells(sweep)]
    assert sorted(found) == [(False, 0.0), (True, 0.1), (True, 0.3)]
