"""What `--precision auto` becomes on a CPU: decided by a trial, recorded, and kept by what resumes."""

from pathlib import Path

import pytest
import torch
from kept import runs_of, trials
from reporters import CollectingReporter

from airybench.config import SweepConfig, TrialConfig
from airybench.config.experiments import load_experiment
from airybench.jobs import precision
from airybench.jobs.options import RunOptions
from airybench.jobs.precision import GAIN, settled_study, settled_training
from airybench.jobs.sweep import run_sweep
from airybench.jobs.train import SCOPE
from airybench.sweep.cost import network_costs
from airybench.sweep.engines import engine
from airybench.sweep.space import cells
from airybench.training.step_trial import StepTimes
from airybench.trial.prepare import prepare

CPU = torch.device("cpu")
CONFIG = TrialConfig().replace({"count": 64, "arch": "timm:resnet10t", "image_size": 32, "batch_size": 16})


@pytest.fixture
def gains(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Trials give these gains in turn; a trial more than these is an error. Every training has enough work for one."""
    given: list[float] = []
    monkeypatch.setattr(precision, "step_times", lambda config, classes, seconds: StepTimes(given.pop(0), 1.0))
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "LITTLE_WORK", 0.0)
    return given


@pytest.mark.slow
def test_a_study_decides_once_and_its_workers_and_resumes_inherit(
    gains: list[float], tiny: Path, tmp_path: Path, data_home: Path
) -> None:
    sweep = load_experiment(str(tiny)).customised({"alpha": (0.2, 0.3)}, ("alpha",), {})
    options, reporter = RunOptions(f"sqlite:///{tmp_path / 'mlflow.db'}"), CollectingReporter()
    gains.append(GAIN + 0.1)
    run_sweep(sweep, ["helium"], study="fast", options=options, reporter=reporter, engine=engine("local", "cpu", 2, 1))
    assert not gains
    assert "helium: trained in bfloat16; bfloat16 is 1.35 times as fast as float32 here" in reporter.notices
    more = load_experiment(str(tiny)).customised({"alpha": (0.2, 0.3)}, ("alpha",), {"seeds": 2})
    run_sweep(more, ["helium"], study="fast", options=options)  # without another trial
    found = trials(data_home, "fast@helium")
    assert [one.user_attrs["config"]["training"]["precision"] for one in found] == ["bfloat16"] * 4
    _, children = runs_of(tmp_path, "fast@helium")
    assert {(run.data.params["precision"], run.data.tags["airybench.precision"]) for run in children} == {
        ("bfloat16", "bfloat16")
    }


def test_a_study_that_is_not_faster_stays_in_float32(
    gains: list[float], tiny: Path, tmp_path: Path, data_home: Path
) -> None:
    sweep = load_experiment(str(tiny)).customised({"alpha": (0.2,)}, ("alpha",), {})
    options = RunOptions(f"sqlite:///{tmp_path / 'mlflow.db'}")
    gains.append(GAIN - 0.01)
    run_sweep(sweep, ["helium"], study="exact", options=options)
    run_sweep(sweep, ["helium"], study="exact", options=options)
    _, (child,) = runs_of(tmp_path, "exact@helium")
    assert (child.data.params["precision"], child.data.tags["airybench.precision"]) == ("auto", "float32")


def test_architectures_count_by_the_time_that_they_take(gains: list[float]) -> None:
    prepared, reporter = prepare("helium", CONFIG, CPU), CollectingReporter()
    space = [{"arch": ["timm:resnet10t"], "alpha": [0.1, 0.2, 0.3]}, {"arch": ["timm:test_resnet"], "alpha": [0.2]}]
    sweep = SweepConfig.model_validate({"base": CONFIG.replace(prepared.logged).model_dump(), "space": space})
    costs = [network_costs([cell], len(prepared.store.class_names))[cell.digest].multiply_adds for cell in cells(sweep)]
    gains += [1.0, 9.0]  # seconds of a shot in float32 by architecture; 1 in bfloat16
    found = settled_study(sweep, prepared, reporter)
    assert costs[0] == costs[1] == costs[2] > costs[3]
    # Equal shots and epochs: three cells of the first for one of the second, whatever their multiply-adds.
    expected = (3 * 1.0 + 9.0) / (3 + 1)
    assert f"bfloat16 is {expected:.2f} times as fast" in reporter.notices[-1]
    assert found.base.training.precision == "bfloat16"
    gains += [1.3, 0.1]
    assert settled_study(sweep, prepared, reporter).base.training.precision == "auto"


def test_a_training_is_resumed_in_its_own_format(gains: list[float]) -> None:
    prepared = prepare("helium", CONFIG, CPU)
    config = CONFIG.replace(prepared.logged)
    mixed = config.replace({"precision": "bfloat16"})

    def settled(*, fresh: bool = False) -> TrialConfig:
        return settled_training(config, prepared, SCOPE, RunOptions(fresh=fresh), CollectingReporter())

    gains += [GAIN, 1.0]
    assert settled() == mixed
    assert settled() == config
    checkpoints = prepared.checkpoints(mixed, SCOPE)
    checkpoints.folder.mkdir(parents=True)
    assert settled() == mixed  # and no trial was made
    gains.append(1.0)
    assert settled(fresh=True) == config
    gains.append(GAIN)
    prepared.checkpoints(config, SCOPE).folder.mkdir(parents=True)
    checkpoints.clear()
    assert settled() == config
    assert gains == [GAIN]


def test_what_is_asked_for_is_not_tried(gains: list[float]) -> None:
    prepared = prepare("helium", CONFIG, CPU)
    for asked in ("float32", "bfloat16"):
        config = CONFIG.replace({"precision": asked})
        assert settled_training(config, prepared, SCOPE, RunOptions(), CollectingReporter()) == config


@pytest.mark.parametrize("name", ["has_bfloat16", "LITTLE_WORK"])
def test_no_trial_without_instructions_or_for_little_work(
    name: str, gains: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, name, 1e30 if name == "LITTLE_WORK" else lambda: False)
    prepared = prepare("helium", CONFIG, CPU)
    reporter = CollectingReporter()
    assert settled_training(CONFIG, prepared, SCOPE, RunOptions(), reporter) == CONFIG
    assert not reporter.notices
