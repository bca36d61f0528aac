"""The command line as a whole: version, help, completion, mistakes in one line, and how fast help answers."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airybench import __version__
from airybench.cli.main import COMMANDS, command_tree, run

REPOSITORY = Path(__file__).resolve().parents[2]
HELP_MODULES, COMMAND_HELP_MODULES = 200, 400
HEAVY = {"torch", "mlflow", "numpy", "scipy", "h5py", "optuna", "timm", "pandas", "matplotlib", "cv2", "rich"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, a command `airybench` on the path, and bytecode."""
    command = tmp_path / "bin" / "airybench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m airybench "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "HOME": str(tmp_path), "PATH": path, "PYTHONPATH": str(REPOSITORY)}


def bash(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"airybench {__version__}\n"


@pytest.mark.parametrize("group", [[], ["data"], ["studies"], ["bench"]])
def test_a_bare_group_prints_its_help(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(group) == 0
    bare = capsys.readouterr()
    assert run([*group, "--help"]) == 0
    assert bare.out == capsys.readouterr().out
    assert bare.err == ""
    assert "Commands:" in bare.out


def test_help_lists_every_command_with_the_line_of_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    tree = command_tree()
    assert [one.path for one in tree.commands] == [f"airybench {name}" for name in COMMANDS]
    for name, (_, line) in COMMANDS.items():
        assert f"  {name:<{max(map(len, COMMANDS))}}  {line}\n" in printed


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sweep", "--depht", "18"], "unknown option '--depht'. Did you mean '--depth'? airybench sweep --help lists"),
        (["sweep", "--lr", "0.01"], "unknown option '--lr'. Did you mean '--base-lr'?"),
        (["train", "--learning-rate", "0.01"], "unknown option '--learning-rate'. Did you mean '--base-lr'?"),
        (["sweep", "--image_siez", "64"], "unknown option '--image-siez'. Did you mean '--image-size'?"),
        (
            ["data", "simulate", "helium", "--cuont", "9"],
            "unknown option '--cuont'. Did you mean '--count'? airybench ",
        ),
        (["--verison"], "unknown option '--verison'. Did you mean '--version'?"),
        (["sweep", "--xyz"], "unknown option '--xyz'; airybench sweep --help lists what it takes"),
        (["swep"], "no such command 'swep'. Did you mean 'sweep'? airybench --help lists what it takes"),
        (["data", "simulat"], "no such command 'simulat'. Did you mean 'simulate'? airybench data --help lists"),
        (["evaluate"], "missing argument 'MODEL'; airybench evaluate --help lists what it takes"),
        (["join", "a", "b"], "got unexpected extra argument"),
        (["bench", "simulate", "--count", "x"], "invalid value for '--count': "),
        (["sweep", "--workers"], "option '--workers' requires an argument"),
        (
            ["sweep", "--sampler", "gird"],
            "unknown sampler 'gird'; valid: grid, random, tpe, nsga2. Did you mean 'grid'?",
        ),
        (["sweep", "--set", "epoch=2"], "unknown parameter 'epoch'"),
        (["sweep", "--config", "quik"], "Did you mean 'quick'?"),
        (["sweep", "--device", "cup", "--dry-run"], "unknown device 'cup'; valid: "),
        (
            ["sweep", "--engine", "lcoal"],
            "unknown engine 'lcoal'; valid: local, ray, ray://HOST:PORT. Did you mean 'local'?",
        ),
        (["data", "import", "x.h5", "--nan", "msk"], "Did you mean 'mask'?"),
        (["bench", "train", "--against", "plian"], "Did you mean 'plain'?"),
    ],
)
def test_a_mistake_is_one_line_with_what_may_be_meant(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    printed = capsys.readouterr()
    complaint = printed.err.removeprefix("loading torch and MLflow ...\n")  # where no test has loaded them yet
    assert complaint.startswith("airybench: ")
    assert line in complaint
    assert complaint.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("airybench sw", ["sweep"]),
        ("airybench --v", ["--version"]),
        ("airybench sweep --leak", ["--leakiness"]),
        ("airybench sweep --no-fl", ["--no-flips"]),
        ("airybench sweep --sampler ", ["grid", "random", "tpe", "nsga2"]),
        ("airybench train --config qui", ["quick"]),
        ("airybench sweep --arch resnet,v", ["resnet,vgg"]),
        ("airybench data s", ["simulate"]),
        ("airybench data simulate h", ["helium"]),
        ("airybench bench train --against ", ["plain", "nothing"]),
    ],
)
def test_completion(line: str, expected: list[str], capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRYBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
    assert run([]) == 0
    assert capsys.readouterr().out.split() == expected


def test_commands_are_completed_without_loading_them(environment: dict[str, str]) -> None:
    code = (
        "import sys\nfrom airybench.cli.main import run\nrun([])\n"
        "print([name for name in sys.modules if name in ('airybench.config', 'rich', 'airybench.cli.sweep')])"
    )
    request = {"_AIRYBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "airybench ", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | request, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:-2] == list(COMMANDS)
    assert done.stdout.endswith("\n[]\n")


def test_completion_installs_and_works_in_bash(environment: dict[str, str], tmp_path: Path) -> None:
    """The script that is installed in an empty home completes in a shell that reads its .bashrc."""
    assert "bash completion installed in" in bash("airybench --install-completion; true", environment)
    script = (tmp_path / ".bash_completions" / "airybench.sh").read_text()
    assert script == bash("airybench --show-completion; true", environment).removesuffix("\n")
    ask = (
        "source ~/.bashrc; COMP_WORDS=(airybench sweep --dep); COMP_CWORD=2; "
        '_airybench_completion airybench; printf "%s\\n" "${COMPREPLY[@]}"; complete -p airybench'
    )
    assert bash(ask, environment).splitlines() == [
        "--depth", "complete -o default -F _airybench_completion airybench",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_every_shell(shell: str, environment: dict[str, str]) -> None:
    named = environment | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # as in no shell that is recognised
    assert f"complete_{shell}" in bash(f"airybench --show-completion {shell}", named)


@pytest.mark.parametrize(("words", "most"), [(["--help"], HELP_MODULES), (["sweep", "--help"], COMMAND_HELP_MODULES)])
def test_help_loads_little(words: list[str], most: int, environment: dict[str, str]) -> None:
    """Loading modules is what takes the time; `airybench bench` measures it."""
    command = [sys.executable, "-X", "importtime", "-m", "airybench", *words]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    loaded = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert "airybench.cli.main" in loaded
    assert not HEAVY & {name.partition(".")[0] for name in loaded}
    assert len(loaded) < most


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_wherever_it_is_met(number: int, monkeypatch, capsys) -> None:
    def fail(**_: object) -> None:
        raise OSError(number, os.strerror(number), "/scratch/weights")

    monkeypatch.setattr("airybench.cli.main.app", fail)
    assert run(["sweep"]) == 1
    said = capsys.readouterr().err
    assert said == f"airybench: /scratch/weights: {os.strerror(number)}; free some space, and type the command again\n"
