"""Options derived from the configuration: comma lists, the word `config`, underscores, refusals."""

from collections.abc import Callable
from typing import Any

import pytest

from airybench.cli.main import run
from airybench.cli.options.parameters import AXES, given_parameters, single_values
from airybench.config import SECTIONS, Range, StudyConfig
from airybench.errors import ConfigError

FIELDS = [name for model in SECTIONS.values() for name in model.model_fields if name not in ("dataset", "every_fold")]
STUDY_FIELDS = list(StudyConfig.model_fields)


@pytest.mark.parametrize(
    ("options", "settings", "expected"),
    [
        ({}, None, {}),
        ({"alpha": None, "arch": [], "depth": ()}, [], {}),
        ({"alpha": ["0.2", "0.5"]}, None, {"alpha": (0.2, 0.5)}),
        ({"alpha": ["0.2,0.5", "1"]}, None, {"alpha": (0.2, 0.5, 1.0)}),
        ({"alpha": [" 0.2 , 0.5 ,"]}, None, {"alpha": (0.2, 0.5)}),
        ({"depth": ["18,34"], "arch": ["vgg"]}, None, {"depth": (18, 34), "arch": ("vgg",)}),
        ({"alpha": ["config"], "epochs": "config"}, None, {}),
        ({"alpha": ["config", "0.3"]}, None, {"alpha": (0.3,)}),
        ({"epochs": ""}, None, {}),
        ({"log_activation": [True, False]}, None, {"log_activation": (True, False)}),
        ({"flips": False}, None, {"flips": (False,)}),
        ({"milestones": "3,5,9"}, None, {"milestones": ((3, 5, 9),)}),
        ({"milestones": "config"}, None, {}),
        ({"objective": "loss:min"}, None, {"objective": ("loss:min",)}),
        ({"objective": ["macro_ap,images_per_second"]}, None, {"objective": ("macro_ap,images_per_second",)}),
        ({"objective": ["macro_ap", "parameters:min"]}, None, {"objective": ("macro_ap,parameters:min",)}),
        ({"objective": ["config"]}, None, {}),
        ({"trials": "7"}, None, {"trials": (7,)}),
        (
            {"time_limit": "8h", "trial_time_limit": "1.5m"},
            None,
            {"time_limit": (28800.0,), "trial_time_limit": (90.0,)},
        ),
        ({"alpha": ["0.05:1:log"]}, None, {"alpha": (Range(low=0.05, high=1.0, log=True),)}),
        ({"batch_size": "8:64"}, None, {"batch_size": (Range(low=8, high=64),)}),
        ({}, ["base_lr=1e-4:1e-1:log"], {"base_lr": (Range(low=1e-4, high=0.1, log=True),)}),
        ({}, ["log_activation=off"], {"log_activation": (False,)}),
        ({}, ["log-activation=on,off"], {"log_activation": (True, False)}),
        ({}, ["image_size=64", "image-size=40"], {"image_size": (64, 40)}),
        ({"epochs": "3"}, ["epochs=4"], {"epochs": (3, 4)}),
        ({}, ["epochs=config"], {}),
        ({}, [" epochs = 3"], {"epochs": (3,)}),
    ],
)
def test_what_was_given(options: dict[str, Any], settings: list[str] | None, expected: dict[str, Any]) -> None:
    found = given_parameters(options, settings)
    assert found == expected
    assert {k: [type(v) for v in vs] for k, vs in found.items()} == {
        k: [type(v) for v in vs] for k, vs in expected.items()
    }


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        ({"alpha": ["0.2,x"]}, None, "alpha: found 'x'; input should be a valid number"),
        ({"alpha": ["nan"]}, None, "alpha: found 'nan'; input should be a finite number"),
        ({"leakiness": ["1"]}, None, "leakiness: found '1'; input should be less than 1"),
        ({"arch": ["resnext"]}, None, "unknown arch 'resnext'; valid: resnet, vgg, timm:NAME. Did you mean 'resnet'?"),
        ({"epochs": "1.5"}, None, "epochs: found '1.5'; input should be a valid integer"),
        ({"sampler": "gird"}, None, "unknown sampler 'gird'; valid: grid, random, tpe, nsga2. Did you mean 'grid'?"),
        ({}, ["epochs"], "--set 'epochs' has no '='; expected NAME=VALUE"),
        (
            {"alpha": ["0.05:1:logarithmic"]},
            None,
            "alpha: found '0.05:1:logarithmic'; expected LOW:HIGH or LOW:HIGH:log",
        ),
        ({"alpha": ["1:0.1"]}, None, "range 1..0.1 is empty, or logarithmic and not above 0"),
        ({"alpha": ["x:1"]}, None, "alpha: found 'x'; input should be a valid number"),
        ({"batch_size": "8.5:64"}, None, "batch_size: found '8.5'; input should be a valid integer"),
        ({"flips": "0:1"}, None, "flips: found '0:1'"),
        ({"time_limit": "soon"}, None, "time_limit: found 'soon'; expected a time above 0, such as 90, 30m or 8h"),
        ({"time_limit": "0h"}, None, "time_limit: found '0h'"),
        ({"trial_time_limit": "1..5h"}, None, "trial_time_limit: found '1..5h'"),
        ({"pruner": "halving"}, None, "unknown pruner 'halving'; valid: none, median, hyperband"),
        ({}, ["epoch=3"], "Did you mean 'epochs'?"),
        ({}, ["=3"], "unknown parameter ''"),
        ({}, ["log_activation=maybe"], "log_activation: found 'maybe'; input should be a valid boolean"),
    ],
)
def test_what_cannot_be(options: dict[str, Any], settings: list[str] | None, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        given_parameters(options, settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_single_values() -> None:
    assert single_values({"epochs": (3,), "alpha": (0.2,)}) == {"epochs": 3, "alpha": 0.2}
    with pytest.raises(ConfigError, match="alpha was given 2 values; this command takes one"):
        single_values({"alpha": (0.2, 0.5)})
    with pytest.raises(ConfigError, match="alpha was given a range; this command takes one value"):
        single_values({"alpha": (Range(low=0.1, high=1),)})


@pytest.mark.parametrize(("command", "fields"), [("sweep", FIELDS + STUDY_FIELDS), ("train", FIELDS)])
def test_every_field_is_an_option(
    command: str, fields: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run([command, "--help"]) == 0
    words = set(capsys.readouterr().out.replace("/", " ").replace(",", " ").split())
    for name in fields:
        assert f"--{name.replace('_', '-')}" in words, name
    assert {"--dataset", "--config", "--set", "--device", "--tracking-uri", "--json", "--debug"} <= words
    if command == "train":
        assert not {f"--{name}" for name in STUDY_FIELDS} & words


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run `airybench sweep` up to the point where its options have been read."""

    def ask(*words: str) -> tuple[int, dict[str, Any]]:
        seen: dict[str, Any] = {}

        def dry_run(
            wanted: Any, datasets: Any, device: str, workers: int, *where: Any, delta: float, as_json: bool
        ) -> int:
            seen.update(wanted=wanted, datasets=datasets, device=device, workers=workers, as_json=as_json)
            return 0

        monkeypatch.setattr("airybench.cli.sweep._dry_run", dry_run)
        return run(["sweep", "--dry-run", *words]), seen

    return ask


@pytest.mark.parametrize("word", ["two", "-1", "1.5", "", "\u0663"])
def test_a_number_of_workers_is_a_number_or_auto(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "--dataset", "helium", f"--workers={word}"]) == 2
    assert f"workers is {word!r}, expected a number or auto" in capsys.readouterr().err


def test_options_reach_the_sweep(asked: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    code, seen = asked(
        "--dataset", "helium,cxidb", "--arch", "resnet", "--arch=vgg", "--alpha", "0.1,0.3", "--log-activation",
        "--no-log-activation", "--epochs", "2", "--no-flips", "--seeds", "3", "--milestones", "2,4", "--json",
        "--workers", "2",
    )  # fmt: skip
    assert code == 0
    assert seen["datasets"] == ["helium", "cxidb"]
    assert seen["as_json"]
    assert seen["workers"] == 2
    (space,) = seen["wanted"].space
    assert space == {"arch": ("resnet", "vgg"), "log_activation": (True, False), "alpha": (0.1, 0.3)}
    training = seen["wanted"].base.training
    assert (training.epochs, training.flips, training.milestones) == (2, False, (2, 4))
    assert seen["wanted"].study.seeds == 3


def test_underscores_and_the_word_config(asked: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    code, seen = asked("--image_size", "64", "--batch_size=config", "--bn_momentum", "0.2", "--dataset", "config")
    assert code == 0
    base = seen["wanted"].base
    assert (base.data.image_size, base.training.batch_size, base.network.bn_momentum) == (64, 24, 0.2)
    assert seen["datasets"] == ["helium"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--alpha", "0.2,-1"], "airybench: alpha: found '-1'; input should be greater than or equal to 0\n"),
        (["--depth", "18,x"], "airybench: depth: found 'x'; input should be a valid integer"),
        (["--seeds", "2,3"], "airybench: seeds was given 2 values; this command takes one\n"),
        (["--config", "quik"], "Did you mean 'quick'?"),
        (["--set", "nothing"], "airybench: --set 'nothing' has no '='; expected NAME=VALUE\n"),
        (["--alhpa", "1"], "airybench: unknown option '--alhpa'. Did you mean '--alpha'?"),
    ],
)
def test_bad_options_start_nothing(
    asked: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code, seen = asked(*words)
    assert code == 2
    assert not seen
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_axes_are_parameters() -> None:
    assert set(AXES) <= set(FIELDS)
