"""The shipped experiments: each question in two sizes, and what each of them varies."""

import json
from functools import cache

import pytest

from airybench.cli.main import run
from airybench.config import Range, SweepConfig, TrialConfig
from airybench.config.experiments import experiments, load_experiment
from airybench.networks.cost import Cost, cost
from airybench.sweep import cost as costs
from airybench.sweep.space import cells, finite

QUESTIONS = ("architecture", "alpha", "leakiness", "fraction", "noise-ccf", "input-scaling", "optuna", "robustness")
RATE = 4.5e10  # multiply-adds a second of a ResNet-18 at 40 px on one busy core of a server; two idle ones do more


@cache
def counted(arch: str, depth: int, head_width: int, image_size: int, classes: int) -> Cost:
    """Networks differ in cost by little else; each is built once for all tests."""
    network = TrialConfig().replace({"arch": arch, "depth": depth, "head_width": head_width}).network
    return cost(network, image_size, classes)


@pytest.fixture(autouse=True)
def no_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are counted, not timed."""
    monkeypatch.setattr(costs, "_rate", lambda config, one, classes, device: RATE)
    monkeypatch.setattr(
        costs, "cost", lambda network, size, classes, channels: counted(
            network.arch, network.depth, network.head_width, size, classes)
    )  # fmt: skip


def varied(sweep: SweepConfig, *names: str) -> set[tuple[object, ...]]:
    """What the cells are, by some parameters."""
    return {tuple(cell.config.params()[name] for name in names) for cell in cells(sweep)}


def test_every_question_comes_in_two_sizes() -> None:
    assert set(experiments()) == {"paper", "quick", "speed", *QUESTIONS, *(f"{name}-quick" for name in QUESTIONS)}
    for name in QUESTIONS:
        first = experiments()[name].read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# ")
        assert first.endswith("? Nights on a GPU, five seeds of each cell.")
        small = experiments()[f"{name}-quick"].read_text(encoding="utf-8").splitlines()[0]
        assert small == first.replace(
            "Nights on a GPU, five seeds of each cell.", "A first look, in minutes on two CPU cores."
        )
        assert load_experiment(name).study.seeds == 5
        quick = load_experiment(f"{name}-quick")
        assert quick.study.seeds == 1
        assert "first look" in quick.question


@pytest.mark.parametrize("name", QUESTIONS)
def test_full_size_is_the_papers_training_and_quick_that_of_quick(name: str) -> None:
    assert load_experiment(name).base == TrialConfig()
    quick, base = load_experiment("quick").base, load_experiment(f"{name}-quick").base
    assert base.replace({"epochs": quick.training.epochs, "image_size": quick.data.image_size}) == quick


DEEP = {"architecture", "paper"}  # they build a ResNet-200
NAMES = [pytest.param(name, marks=pytest.mark.slow if name in DEEP else ()) for name in sorted(experiments())]


@pytest.mark.parametrize("name", NAMES)
def test_dry_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "--config", name, "--dataset", "helium", "--dataset", "cxidb", "--dry-run", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["dataset"] for one in shown] == ["helium", "cxidb"]
    sweep = load_experiment(name)
    if finite(sweep):
        assert len(shown[0]["cells"]) == len(cells(sweep))
        names = [cell["name"] for cell in shown[0]["cells"]]
        assert len(set(names)) == len(names)
    else:
        assert len(shown[0]["cells"]) > 8
    if name.endswith("quick"):
        assert sum(one["seconds"] for one in shown) < 15 * 60


def test_what_each_question_varies() -> None:
    for size in ("", "-quick"):
        assert varied(load_experiment(f"noise-ccf{size}"), "input", "noise") >= {
            ("image", "none"), ("image", "max"), ("ccf", "none"), ("ccf", "max"),
        }  # fmt: skip
        assert varied(load_experiment(f"input-scaling{size}"), "log_activation", "input_scaling") == {
            (log, scaling) for log in (True, False) for scaling in ("counts", "unit", "log1p")
        }
        assert 0 in {alpha for (alpha,) in varied(load_experiment(f"alpha{size}"), "alpha")}
        assert 0 in {slope for (slope,) in varied(load_experiment(f"leakiness{size}"), "leakiness")}
        (grid,) = load_experiment(f"optuna{size}").space
        assert isinstance(grid["alpha"], Range)
        assert load_experiment(f"optuna{size}").study.sampler == "tpe"
    assert varied(load_experiment("architecture"), "arch", "depth") >= {("resnet", 200), ("vgg", 19)}
    assert {noise for (noise,) in varied(load_experiment("noise-ccf"), "noise")} == {"none", "mean", "mean-std", "max"}


@pytest.mark.parametrize("size", ["", "-quick"])
def test_fractions_train_for_the_same_number_of_steps(size: str) -> None:
    sweep = load_experiment(f"fraction{size}")
    training = int(0.7 * sweep.base.data.count)
    steps = set()
    for cell in cells(sweep):
        data, how = cell.config.data, cell.config.training
        steps.add(how.epochs * (int(training * data.fraction) // how.batch_size))
        if how.schedule == "piecewise":
            assert [m * data.fraction for m in how.milestones] == pytest.approx([30, 60, 120, 150])
    assert {cell.config.data.fraction for cell in cells(sweep)} == {0.25, 0.5, 0.75, 1}
    assert max(steps) / min(steps) < 1.06
