"""Help, command by command: every option stands in it once, under a heading, with a text and words for its value."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from airybench.cli.layout import FEW, App, CommandHelp, described
from airybench.cli.main import app, command_tree, run
from airybench.cli.options.panels import ORDER, START


def commands(tree: CommandHelp) -> Iterator[CommandHelp]:
    """A command and all below it."""
    yield tree
    for one in tree.commands:
        yield from commands(one)


TREE = {one.path: one for one in commands(command_tree())}
LEAVES = [path for path, one in TREE.items() if not one.commands]


def spellings(path: str) -> list[str]:
    """Every option of a command as its parser knows them."""
    command = typer.main.get_command(app)
    with command.make_context("airybench", [], resilient_parsing=True) as context:
        for name in path.split()[1:]:
            command = command.get_command(context, name)
            context = command.make_context(name, [], parent=context, resilient_parsing=True)
        options = [one for one in command.get_params(context) if one.param_type_name == "option"]
    return [spelling for one in options for spelling in (*one.opts, *one.secondary_opts)]


def test_every_command_is_in_the_tree() -> None:
    assert len(LEAVES) == len(set(LEAVES)) >= 26
    assert all(one.summary.endswith(".") and len(one.summary) < 80 for one in TREE.values()), "one line in a list"
    for path in ("airybench sweep", "airybench data simulate", "airybench studies list", "airybench bench train"):
        assert path in LEAVES
    for one in TREE.values():
        assert one.summary == " ".join(one.text.split("\n\n")[0].split())


@pytest.mark.parametrize("path", TREE)
def test_every_option_stands_once_in_the_help_with_a_text(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path.split()[1:], "--help"]) == 0
    printed = capsys.readouterr().out
    entries = [entry for panel in TREE[path].panels for entry in panel.entries]
    shown = [name for entry in entries for name in entry.names if name.startswith("-")]
    assert sorted(shown) == sorted(spellings(path))
    words = " ".join(printed.split())
    for entry in entries:
        assert printed.count(f"\n  {entry.name} ") + printed.count(f"\n  {entry.name}\n") == 1, entry
        text = entry.text.partition(" [")[0]
        assert text[0].isupper() or (text[0].islower() and ": " in text), f"{entry.name} says {text!r}"
        assert text.endswith((".", ")")), f"{entry.name} says {text!r}"
        assert " ".join(text.split()[:4]) in words


@pytest.mark.parametrize("path", TREE)
def test_kinds_of_values_are_words(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path.split()[1:], "--help"]) == 0
    printed = capsys.readouterr().out
    for sign in ("<", "x>=", "list[", "{", "}", "None"):
        assert sign not in printed, f"{path} --help shows {sign}"


@pytest.mark.parametrize("path", LEAVES)
def test_more_than_ten_options_stand_under_headings(path: str) -> None:
    panels = [panel for panel in TREE[path].panels if panel.title != "Arguments"]
    options = sum(len(panel.entries) for panel in panels)
    if options <= FEW:
        assert [panel.title for panel in panels] == ["Options"]
    else:
        assert len(panels) >= 3
        assert [panel.title for panel in panels] == sorted((p.title for p in panels), key=ORDER.index)


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("airybench sweep", "dataset config arch depth log-activation alpha leakiness seeds study dry-run"),
        ("airybench train", "dataset config arch depth log-activation alpha leakiness epochs batch-size seed"),
    ],
)
def test_the_ten_that_matter_stand_first(path: str, first: str) -> None:
    panels = {panel.title: [entry.names[0] for entry in panel.entries] for panel in TREE[path].panels}
    assert next(iter(panels)) == START
    assert panels[START] == [f"--{name}" for name in first.split()]
    assert {"Data", "Input of the network", "Network", "Training", "Where it runs", "Output"} <= set(panels)
    assert ("Study" in panels) == (path == "airybench sweep")


def test_defaults_and_limits_are_told() -> None:
    text = {entry.names[0]: entry.text for panel in TREE["airybench sweep"].panels for entry in panel.entries}
    assert text["--epochs"].endswith("[experiment, else 142]")
    assert text["--image-size"].endswith("[experiment, else 224; at least 32; at most 1024]")
    assert text["--flips"].endswith("[experiment, else on]")
    assert text["--milestones"].endswith("[experiment, else 30,60,120,150]")
    assert text["--time-limit"].endswith("[experiment, else no limit]")
    assert text["--config"].endswith("[default: quick]")
    assert text["--dataset"].endswith("[default: the experiment's]")
    text = {entry.names[0]: entry.text for panel in TREE["airybench baseline"].panels for entry in panel.entries}
    assert text["--c"].endswith("[default: 1,10,100,1000]")
    text = {entry.names[0]: entry.text for panel in TREE["airybench data gallery"].panels for entry in panel.entries}
    assert text["--columns"].endswith("[default: 6; 1 to 20]")
    text = {entry.names[0]: entry.text for panel in TREE["airybench report"].panels for entry in panel.entries}
    assert text["--pictures"].endswith("[default: on]")
    text = {entry.names[0]: entry.text for panel in TREE["airybench predict"].panels for entry in panel.entries}
    assert text["--compile"].endswith("[default: off]")
    assert text["--csv"].endswith("file.")


def test_a_small_command(capsys: pytest.CaptureFixture[str]) -> None:
    small = App()

    @small.command()
    def pair(left: int, right: float = 0.5, names: list[str] | None = None) -> None:
        """Pair two."""

    command = typer.main.get_command(small)
    assert command.main(["--help"], prog_name="pair", standalone_mode=False) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Usage: pair [OPTIONS] LEFT\n\n  Pair two.\n\nArguments:\n  LEFT")
    with command.make_context("pair", [], resilient_parsing=True) as context:
        found = described(command, context)
    assert (found.path, found.usage, found.summary, found.commands) == ("pair", "[OPTIONS] LEFT", "Pair two.", ())
    (arguments, options) = found.panels
    assert [one.text for one in arguments.entries] == ["[required]"]
    assert [one.name for one in options.entries] == ["--right NUMBER", "--names TEXT,...", "--help"]
    assert options.entries[0].text == "[default: 0.5]"


@pytest.mark.parametrize(
    "words",
    [
        ["data", "simulate", "helium", "--count", "1", "--output", "ftp://ann:kestrel/90210@host/x"],
        ["data", "import", "a.h5", "--output", "s3://bucket/a.h5"],
        ["join", "http://ann:kestrel/90210@host/out.h5"],
    ],
    ids=lambda words: words[-1],
)
def test_an_address_is_no_file(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    message = capsys.readouterr().err
    assert "is the address" in message
    assert message.endswith("; give a file or folder\n")
    assert "kestrel" not in message
    assert not list(tmp_path.iterdir())
