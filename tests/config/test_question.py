"""The question of a study is its own: what its axes are decides, not which experiment it was changed from."""

import pytest

from airybench.cli.options.parameters import AXES
from airybench.config import Range, SweepConfig, Value
from airybench.config.experiments import experiments, load_experiment
from airybench.config.question import sentence

LOG = "a ResNet-18 with the logarithmic activation"


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"depth": (34,)}, "How well does a ResNet-34 with the logarithmic activation sort these patterns?"),
        ({"alpha": (0.5, 0.1)}, f"Which alpha (0.1, 0.5) lets {LOG} sort these patterns best?"),
        (
            {"alpha": (Range(low=0.1, high=1),), "leakiness": (0.0, 0.2)},
            f"Which alpha (0.1 to 1) and leakiness (0, 0.2) lets {LOG} sort these patterns best?",
        ),
        (
            {"log_activation": (True, False), "base_lr": (0.01, 0.1, 0.001)},
            "Does the logarithmic activation help a ResNet-18 to sort these patterns, and with which learning rate "
            "(0.001, 0.01, 0.1)?",
        ),
        (
            {"log_activation": (False,), "leakiness": (0.1, 0.2), "fraction": (0.05,), "input": ("ccf",)},
            "Which leakiness (0.1, 0.2) lets a ResNet-18 without the logarithmic activation sort these patterns best, "
            "on correlation maps, with 5% of the training shots?",
        ),
        (
            {"arch": ("resnet", "vgg", "timm:mobilenetv3_small_050"), "depth": (18,)},
            "Which architecture (ResNet, VGG, timm:mobilenetv3_small_050) lets a network with the logarithmic "
            "activation sort these patterns best?",
        ),
        (
            {"alpha": tuple(i / 10 for i in range(1, 10))},
            f"Which alpha (9 values, 0.1 to 0.9) lets {LOG} sort these patterns best?",
        ),
    ],
)
def test_axes_given_by_hand_make_a_sentence(changes: dict[str, tuple[Value | Range, ...]], asked: str) -> None:
    assert load_experiment("quick").customised(changes, AXES, {}).asked == asked


def test_what_is_no_axis_leaves_the_question() -> None:
    quick = load_experiment("quick")
    same = quick.customised({"epochs": (2,), "count": (64,), "head_width": (64,)}, AXES, {"seeds": 3})
    assert same.question == quick.question
    assert "noise up to the max" in quick.customised({"noise": ("max",)}, AXES, {}).asked
    assert "log_activation" not in str(SweepConfig().asked)


def test_an_axis_without_effect_on_a_network_is_none_of_its_question() -> None:
    space = ({"log_activation": (True,), "alpha": (0.5,)}, {"log_activation": (False,)})
    assert (
        sentence(SweepConfig().base, space)
        == "Does the logarithmic activation help a ResNet-18 to sort these patterns?"
    )


@pytest.mark.parametrize("name", sorted(experiments()))
def test_every_shipped_experiment_has_a_question_of_its_own(name: str) -> None:
    sweep = load_experiment(name)
    assert sweep.asked == " ".join(sweep.question.split()) != sweep.model_copy(update={"question": ""}).asked
