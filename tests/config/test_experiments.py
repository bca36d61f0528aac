"""The shipped experiments: each question in its sizes, and what each of them varies."""

import json
import re
from functools import cache

import pytest

from airybench.cli.main import run
from airybench.config import Range, SweepConfig, TrialConfig
from airybench.config.experiments import experiments, load_experiment
from airybench.networks.cost import Cost, cost
from airybench.sweep import cost as costs
from airybench.sweep.space import cells, finite

QUESTIONS = (
    "headline", "architecture", "alpha", "leakiness", "fraction", "noise-ccf", "input-scaling", "optuna", "robustness",
)  # fmt: skip
ANSWERED = ("headline", "fraction", "noise-ccf", "robustness", "architecture", "alpha", "leakiness")
"""Questions that come in a small size as well: a verdict within hours."""
TIMES = {
    "-quick": "A first look, in minutes on two CPU cores.",
    "-small": "An hour or two on two CPU cores.",
    "-medium": "A night on two CPU cores.",
}
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


def test_every_question_comes_in_three_sizes() -> None:
    sizes = {f"{name}{size}" for name in QUESTIONS for size in ("", "-quick", "-medium")}
    assert set(experiments()) == {
        "paper",
        "quick",
        "speed",
        *sizes,
        *(f"{name}-small" for name in (*ANSWERED, "optuna")),
    }
    for name in QUESTIONS:
        first = experiments()[name].read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(r"# .*\? Nights on a GPU, five (seeds|folds) of each cell\.", first)
        for size, time in TIMES.items():
            if f"{name}{size}" in experiments():
                begins = experiments()[f"{name}{size}"].read_text(encoding="utf-8").splitlines()[0]
                assert begins == first[: first.index("?") + 2] + time
        assert trainings_per_cell(load_experiment(name)) == 5
        quick = load_experiment(f"{name}-quick")
        assert trainings_per_cell(quick) == 1
        assert "seed" not in quick.question, "--seeds makes it false; the report says by itself what is a first look"


def trainings_per_cell(sweep: SweepConfig) -> int:
    """Seeds times folds, those of the confirmation included where the search has a single one."""
    folds = sweep.base.data.fold_count if sweep.base.data.every_fold else 1
    return max(sweep.study.seeds * folds, sweep.study.confirm)


@pytest.mark.parametrize("name", QUESTIONS)
def test_full_size_is_the_papers_training_and_quick_that_of_quick(name: str) -> None:
    assert load_experiment(name).base.replace({"folds": 0, "every_fold": False}) == TrialConfig()
    quick, base = load_experiment("quick").base, load_experiment(f"{name}-quick").base
    assert base.replace({"epochs": quick.training.epochs, "image_size": quick.data.image_size}) == quick


@pytest.mark.parametrize("name", QUESTIONS)
def test_medium_and_small_give_verdicts_with_one_training_for_all_questions(name: str) -> None:
    ours, small = load_experiment(f"{name}-medium"), load_experiment("headline-small").base
    assert (ours.base.data.count, ours.base.data.image_size) == (7264, 64)
    assert trainings_per_cell(ours) >= 3, "fewer allow no verdict"
    assert ours.base.training == load_experiment("headline-medium").base.training
    assert ours.base.training.patience, "trainings end when val no longer rises"
    if name in ANSWERED:
        found = load_experiment(f"{name}-small")
        assert trainings_per_cell(found) >= 3
        assert found.base.training == small.training
        assert varied(found, "log_activation", "input_scaling", "input", "noise", "fraction") == varied(
            ours, "log_activation", "input_scaling", "input", "noise", "fraction"
        )


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
    # Of one busy core, for both data sets; two idle ones take half of it for either. Patience shortens it.
    hours = {"quick": 1 / 4, "small": 6, "medium": 50}.get(name.rpartition("-")[2] or name)
    if hours:
        assert sum(one["seconds"] for one in shown) / 3600 < hours


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
    five = {(True, "counts"), (True, "log1p"), (False, "unit"), (False, "counts"), (False, "log1p")}
    for size in ("", "-quick", "-small", "-medium"):
        assert varied(load_experiment(f"headline{size}"), "log_activation", "input_scaling") == five
    assert varied(load_experiment("robustness-medium"), "log_activation", "input_scaling") == five
    assert varied(load_experiment("architecture"), "arch", "depth") >= {("resnet", 200), ("vgg", 19)}
    assert {noise for (noise,) in varied(load_experiment("noise-ccf"), "noise")} == {"none", "mean", "mean-std", "max"}


@pytest.mark.parametrize("size", ["", "-quick", "-small", "-medium"])
def test_fractions_train_for_the_same_number_of_steps(size: str) -> None:
    sweep = load_experiment(f"fraction{size}")
    training, whole = int(0.7 * sweep.base.data.count), sweep.base.training
    steps = set()
    for cell in cells(sweep):
        data, how = cell.config.data, cell.config.training
        longer = how.epochs / whole.epochs
        steps.add(how.epochs * max(1, int(training * data.fraction) // how.batch_size))
        assert how.evaluate_every == pytest.approx(longer, rel=0.1) or size == "-quick"
        if how.schedule == "piecewise":
            assert [m / longer for m in how.milestones] == pytest.approx([30, 60, 120, 150], rel=0.01)
        else:
            assert how.warmup_epochs == pytest.approx(longer, rel=0.06)
    wanted = {0.1, 0.25, 0.5, 1} if size == "-quick" else {0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1}
    assert {cell.config.data.fraction for cell in cells(sweep)} == wanted
    assert max(steps) / min(steps) < 1.06
