"""A study asked for with other settings: the message says in words what differs, and what it offers works."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from airybench.cli.main import run
from airybench.config import SweepConfig
from airybench.config.experiments import load_experiment
from airybench.provenance import Provenance
from airybench.sweep.study import RunningStudy


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small_try(folder: Path) -> None:
    """A study that a first try with these options begins."""
    sweep = load_experiment("quick").customised(
        {"count": (64,), "epochs": (2,), "flips": (False,), "arch": ("resnet",), "alpha": (0.2, 0.5)},
        ("arch", "alpha"),
        {"objective": "mcc"},
    )
    begun(folder, "quick@helium", sweep)


def begun(folder: Path, name: str, sweep: SweepConfig) -> None:
    provenance = Provenance(name.rpartition("@")[2], "simulated", "a" * 64, "b" * 64)
    RunningStudy(folder / "studies", name, sweep, provenance).set_attribute("data_source", "simulated")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["sweep", "--dataset", "helium", *words]) == 2
    return " ".join(capsys.readouterr().err.split())


def test_the_main_command_after_a_small_try_says_what_differs_and_three_ways_on(folder, capsys) -> None:
    small_try(folder)
    said = refused(capsys, "--no-log-activation", "--alpha", "0.3")
    for words in (
        "study quick@helium has other settings (", "alpha 0.2, 0.5 there, 0.3 now", "count 64 there, 1024 now",
        "epochs 2 there, 6 now", "another --study NAME", "--fresh, which archives it",
    ):  # fmt: skip
        assert words in said, words
    assert "{" not in said


def test_the_options_that_a_message_offers_go_on_with_the_study(folder, capsys, monkeypatch) -> None:
    small_try(folder)
    typed = ["--arch", "resnet", "--alpha", "0.3", "--epochs", "4"]
    said = refused(capsys, *typed)
    offered = said.rpartition("its own settings: ")[2]
    assert "--alpha 0.2,0.5" in offered
    assert "--no-flips" in offered

    class Accepted(Exception):
        pass

    def stop(*given: object, **settings: object) -> None:
        raise Accepted

    monkeypatch.setattr("airybench.jobs.sweep.run_sweep", stop)
    assert run(["sweep", "--dataset", "helium", *shlex.split(offered)]) == 1  # it was not refused
    assert "unexpected Accepted" in capsys.readouterr().err


def test_settings_that_no_options_give_are_offered_as_a_file(folder, capsys) -> None:
    sweep = load_experiment("quick")
    begun(folder, "quick@helium", sweep)
    said = refused(capsys, "--alpha", "0.3")
    assert "`airybench studies show quick@helium --yaml` prints" in said
    assert run(["studies", "show", "quick@helium", "--yaml"]) == 0
    printed = capsys.readouterr().out
    Path("own.yaml").write_text(printed, encoding="utf-8")
    assert SweepConfig.model_validate(yaml.safe_load(printed)).space == sweep.space
    assert run(["sweep", "--config", "own.yaml", "--study", "quick", "--dry-run"]) == 0
    assert load_experiment("own.yaml").base == sweep.base


def test_it_is_refused_before_torch_and_mlflow_are_loaded(folder) -> None:
    small_try(folder)
    code = (
        "import sys; from airybench.cli.main import run; code = run(['sweep', '--dataset', 'helium']);"
        "sys.exit(f'{code} ' + ' '.join({'torch', 'mlflow', 'scipy.optimize'} & sys.modules.keys()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.splitlines()[-1].strip() == "2", ended.stderr


def test_show_lists_the_studies_of_a_name_on_every_data_set(folder, capsys) -> None:
    small_try(folder)
    begun(folder, "quick@cxidb", load_experiment("quick"))
    assert run(["studies", "show", "quick"]) == 0
    printed = capsys.readouterr().out
    assert "quick@cxidb: " in printed
    assert "quick@helium: " in printed
    assert run(["studies", "show", "quick", "--yaml"]) == 2
    assert "name quick@cxidb or quick@helium" in capsys.readouterr().err
    assert run(["studies", "list"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
