"""The main job as a notebook calls it: no command line, nothing printed."""

import re
import shlex
from pathlib import Path

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.cli.main import run
from airybench.config.experiments import load_experiment
from airybench.data.formats.dispatch import import_data
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.errors import ConfigError, DataError, StudyError
from airybench.jobs.options import RunOptions
from airybench.jobs.sweep import run_sweep
from airybench.sweep.engines import engine
from airybench.sweep.observer import SilentObserver
from airybench.sweep.worker_count import WorkerCount

AB = ("a", "b")


class _Numbers(SilentObserver):
    """Keeps the numbers of the trials that began and finished."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.finished: list[int] = []

    def trial_started(self, number: int, config: object, title: str) -> None:
        self.began.append(number)

    def trial_finished(self, number: int, trial: object) -> None:
        self.finished.append(number)


def test_summaries_come_as_they_are_ready_and_nothing_is_printed(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = load_experiment(str(tiny)).customised({"alpha": (0.2,)}, ("alpha",), {})
    options, reporter, observer = RunOptions(f"sqlite:///{tmp_path / 'm.db'}"), CollectingReporter(), _Numbers()
    found = run_sweep(
        sweep, ["helium", "cxidb"], study="job", options=options, reporter=reporter, observer=observer,
        storage=str(tmp_path / "studies"),
    )  # fmt: skip
    assert [one.study for one in found] == ["job@helium", "job@cxidb"]
    assert reporter.results == found
    assert (observer.began, observer.finished) == ([0, 0], [0, 0])
    assert any(line.startswith("job@cxidb: 1 trial on ") for line in reporter.notices)
    assert not any(one.failures for one in found)
    assert capsys.readouterr().out == ""

    again = run_sweep(sweep, ["helium"], study="job", options=options, storage=str(tmp_path / "studies"))
    assert [(one.winner_run, one.parent_run) for one in again] == [(found[0].winner_run, found[0].parent_run)]


@pytest.mark.slow
def test_the_number_of_workers_may_be_left_to_the_machine(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airybench.jobs.sweep.workers_on_cpu", lambda sweep, store: WorkerCount(2, "two cores"))
    options, reporter = RunOptions(f"sqlite:///{tmp_path / 'm.db'}"), CollectingReporter()
    run_sweep(
        load_experiment(str(tiny)), ["helium"], study="auto", options=options, reporter=reporter,
        storage=str(tmp_path / "studies"), engine=engine("local", "cpu", "auto", 1),
    )  # fmt: skip
    assert "auto@helium: 2 workers (two cores)" in reporter.notices
    assert any("on 2 workers on cpu" in line for line in reporter.notices)


@pytest.mark.parametrize(
    ("datasets", "study", "options", "error", "message"),
    [
        (["helium"], "a/b", RunOptions(), ConfigError, "study name 'a/b' has characters that a file name should not"),
        (["helium"], "x" * 101, RunOptions(), ConfigError, "study name has 101 characters, expected at most 100"),
        (["helium", "helium"], "s", RunOptions(), StudyError, "two data sets would share the study s@helium"),
        (["helium"], "s", RunOptions(register_as="a/b"), ConfigError, "'a/b' is no name for a model"),
    ],
    ids=["characters", "length", "twice", "model"],
)
def test_what_cannot_be_is_refused_before_anything_starts(  # type: ignore[no-untyped-def]
    datasets, study, options, error, message, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        run_sweep(load_experiment(str(tiny)), datasets, study=study, options=options)
    assert not list(tmp_path.iterdir())


def test_a_fraction_of_one_class_on_an_axis_is_refused_before_the_sweep(tiny: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["images"] = np.random.default_rng(0).poisson(8, (60, 16, 16)).astype("u2")
        file["label"] = np.arange(60) % 2
    options = SourceOptions(keys=StackKeys(labels="label", photon_energy=1000.0), labels=LabelOptions(class_names=AB))
    store = import_data([tmp_path / "s.h5"], tmp_path / "store.h5", options)
    sweep = load_experiment(str(tiny)).customised({"fraction": (0.5, 0.01)}, ("fraction",), {})
    with pytest.raises(DataError, match=r"--fraction 0\.01 takes 1 of the training shots, which all have the same"):
        run_sweep(sweep, [str(store.path)], study="one", options=RunOptions(f"sqlite:///{tmp_path / 'm.db'}"))


def test_a_study_on_ones_own_file_says_a_command_that_finds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports and pages once said `--dataset own-shots`, which is the name of no data set."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["images"] = np.random.default_rng(0).poisson(8, (60, 32, 32)).astype("u2")
        file["label"] = np.arange(60) % 2
    options = SourceOptions(keys=StackKeys(labels="label", photon_energy=1000.0), labels=LabelOptions(class_names=AB))
    import_data([tmp_path / "s.h5"], tmp_path / "own shots.h5", options)
    monkeypatch.chdir(tmp_path)
    asked = [
        "--study", "mine", "--arch", "timm:test_resnet", "--log-activation", "--alpha", "0.2", "--leakiness", "0.2",
        "--image-size", "32", "--epochs", "1", "--batch-size", "8", "--precision", "float32",
    ]  # fmt: skip
    assert run(["sweep", "--dataset", "own shots.h5", *asked]) == 0
    assert run(["report", "--study", "mine", "--no-pictures"]) == 0
    (command,) = re.findall(r"^airybench sweep .*$", Path("report.md").read_text(encoding="utf-8"), re.M)
    assert "--dataset 'own shots.h5'" in command
    capsys.readouterr()
    assert run(["studies", "show", "mine", "--yaml"]) == 0
    Path("mine.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert run([*shlex.split(command)[1:], "--dry-run"]) == 0
    assert "1 cells x 1 seeds" in capsys.readouterr().out
