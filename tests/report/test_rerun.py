"""The command that runs a study again: it is given to the real command line, whose sweep is compared."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from airybench.cli.main import run
from airybench.config import SweepConfig
from airybench.config.experiments import load_experiment
from airybench.provenance import Provenance
from airybench.report.rerun import DATA_FILE, command_and_config
from airybench.sweep.saved_studies import SavedStudy, read
from airybench.sweep.start_cells import StudyStart
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

DATA = Provenance("helium", "simulated", "a" * 64, "b" * 64)
RANDOM = {
    "base": {"network": {"depth": 34}},
    "space": {"alpha": {"low": 0.1, "high": 0.5, "log": True}},
    "study": {"sampler": "random", "trials": 4, "pruner": "median", "objective": "macro_f1"},
}


def finished_study(
    folder: Path, name: str, sweep: SweepConfig, trials: int, start: StudyStart | None = None
) -> SavedStudy:
    """A study of which so many trials are done, without any training."""
    study = RunningStudy(folder, f"{name}@helium", sweep, DATA, start)
    study.set_attribute("data_source", DATA.source)
    study.plan()
    for _ in range(trials):
        trial = study.ask()
        assert trial is not None
        trial.set_attributes(run_id=f"run{trial.number}")
        study.complete(trial, Outcome(0.5, {"macro_ap": 0.5}, {"seconds": 1.0}))
    return read(folder, f"{name}@helium")


def swept(command: str, config: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command line makes of the command: the arguments with which the sweep would run."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AIRYBENCH_DATA", str(folder))
    if config:
        Path(f"{name}.yaml").write_text(config, encoding="utf-8")
    calls: list[dict[str, Any]] = []

    def keep(experiment: SweepConfig, datasets: list[str], **options: Any) -> list[Any]:
        calls.append({"experiment": experiment, "datasets": datasets, **options})
        return []

    monkeypatch.setattr("airybench.jobs.sweep.run_sweep", keep)
    program, *words = shlex.split(command)
    assert program == "airybench"
    assert run(words) == 0
    (call,) = calls
    return call


@pytest.mark.parametrize("count", [1024, 640], ids=["its own count", "another count"])
def test_a_shipped_experiment_needs_no_file(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command once left out --count, and made data of another size than the study's."""
    sweep = load_experiment("quick").customised({"count": (count,)}, (), {"seeds": 2})
    study = finished_study(tmp_path / "studies", "quick", sweep, 4)
    command, config = command_and_config(study, "quick", sweep.asked)
    assert config == ""
    assert ("--count" in command) == (count != 1024)
    call = swept(command, config, "quick", tmp_path, monkeypatch)
    assert (call["study"], call["datasets"]) == ("quick", ["helium"])
    again: SweepConfig = call["experiment"]
    assert again.study.seeds == len({trial.config.training.seed for trial in study.finished})
    assert (again.base, again.space) == (sweep.base, sweep.space)


@pytest.mark.parametrize(("name", "why"), [("mine", "a name of its own"), ("quick", "a shipped name, another content")])
def test_any_other_study_comes_with_its_file(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = SweepConfig.model_validate(RANDOM)
    study = finished_study(tmp_path / "studies", name, sweep, 3)
    command, config = command_and_config(study, name, "Which one?")
    call = swept(command, config, name, tmp_path, monkeypatch)
    assert (call["study"], call["datasets"]) == (name, ["helium"]), why
    again: SweepConfig = call["experiment"]
    assert (again.base, again.space, again.question) == (sweep.base, sweep.space, "Which one?")
    assert again.study == sweep.study.model_copy(update={"trials": 3, "seeds": 1})  # as many as were finished


def test_a_study_that_does_not_know_its_file_asks_for_the_path(tmp_path: Path) -> None:
    data = Provenance("run7", "stack", "a" * 64, "b" * 64)
    study = RunningStudy(tmp_path, "mine@run7", SweepConfig.model_validate(RANDOM), data)
    assert " --dataset PATH " in command_and_config(read(tmp_path, "mine@run7"), "mine", "")[0]
    study.set_attribute(DATA_FILE, "run7.cxi")
    assert " --dataset run7.cxi " in command_and_config(read(tmp_path, "mine@run7"), "mine", "")[0]


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_a_search_begins_with_the_same_studies_again(sampler: str, tmp_path: Path) -> None:
    axis = RANDOM["space"]["alpha"] if sampler == "random" else [0.2, 0.3]
    content = {"space": {"alpha": axis}, "study": {"sampler": sampler, "trials": 2}}
    start = StudyStart(("pilot@cxidb", "other@helium"), ("a",), ({"alpha": 0.3},), "")
    saved = finished_study(tmp_path, "mine", SweepConfig.model_validate(content), 2, start)
    command, _ = command_and_config(saved, "mine", "")
    # The trials of a grid are the same in any order.
    assert ("--start-from pilot@cxidb,other@helium" in command.split("--seeds 1")[1]) == (sampler == "random")
